// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <string>

#include "parsers/py_number.hpp"
#include "parsers/py_text.hpp"

using namespace fastfront;

TEST_CASE("int() reads signs, zeros, underscores and whitespace") {
    CHECK(py_int(" +007\n") == "7");
    CHECK(py_int("-0") == "0");
    CHECK(py_int("1_000") == "1000");
    CHECK(py_int("123456789012345678901234567890") == "123456789012345678901234567890");
    for (const char* text : {"", "-", "1_", "_1", "1__0", "1.0", "1e3", "0x1", "1 2", "- 1"}) {
        CHECK_MESSAGE(!py_int(text), text);
    }
    CHECK(py_int(std::string(4300, '1')));
    CHECK_FALSE(py_int(std::string(4301, '1')));
}

TEST_CASE("float() reads what Python's does") {
    CHECK(py_float(" -1_0.2_5e+0_1 ") == -102.5);
    CHECK(py_float("5.") == 5.0);
    CHECK(py_float(".5") == 0.5);
    CHECK(std::isinf(*py_float("-Infinity")));
    CHECK(std::isnan(*py_float("nan")));
    CHECK(std::isinf(*py_float("1e400")));
    CHECK(std::isinf(*py_float("1" + std::string(400, '0'))));
    CHECK(py_float("1e-400") == 0.0);
    CHECK(py_float("0." + std::string(400, '0') + "1") == 0.0);
    CHECK(py_float("0e999999999999999999999") == 0.0);
    for (const char* text : {"", ".", "e5", "1e", "1e+", "1.5.2", "0x1p3", "1__0", "1_.5", "infinit", "1e5 5"}) {
        CHECK_MESSAGE(!py_float(text), text);
    }
}

TEST_CASE("repr() writes the shortest digits, with an exponent where Python does") {
    CHECK(py_repr(0.1) == "0.1");
    CHECK(py_repr(100.0) == "100.0");
    CHECK(py_repr(-0.0) == "-0.0");
    CHECK(py_repr(1e15) == "1000000000000000.0");
    CHECK(py_repr(1e16) == "1e+16");
    CHECK(py_repr(1.5e300) == "1.5e+300");
    CHECK(py_repr(0.0001) == "0.0001");
    CHECK(py_repr(0.00001) == "1e-05");
    CHECK(py_repr(123456789.125) == "123456789.125");
}

TEST_CASE("int(float) has all its digits") {
    CHECK(py_truncated(1e23) == "99999999999999991611392");
    CHECK(py_truncated(-0.5) == "0");
    CHECK(py_truncated(-2.0) == "-2");
}

TEST_CASE("whitespace is Python's") {
    CHECK(py_strip(" \t\u00a0\u2003a b\u3000\x1f\n") == "a b");
    CHECK(is_blank("\u2028\u0085"));
    CHECK_FALSE(is_blank("\u200b"));
    CHECK(leading_space(" a ") == 1);
    CHECK(trailing_space("é\u3000 ") == 4);
    CHECK(py_lower_ascii("NuLl É") == "null É");
}
