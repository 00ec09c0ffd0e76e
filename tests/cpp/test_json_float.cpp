// SPDX-License-Identifier: Apache-2.0
// The expected texts are what repr() and pydantic 2's model_dump_json() print.
#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include "json_float.hpp"

using namespace fastfront;

namespace {

std::string text(double value, FloatStyle style) {
    std::string out;
    append_json_float(out, value, style);
    return out;
}

struct Case {
    double value;
    const char* python;
    const char* pydantic;
};

}  // namespace

TEST_CASE("floats are printed as Python and pydantic print them") {
    const Case cases[] = {
        {0.0, "0.0", "0.0"},
        {-0.0, "-0.0", "-0.0"},
        {-9999.0, "-9999.0", "-9999.0"},
        {1.0, "1.0", "1.0"},
        {123456.0, "123456.0", "123456.0"},
        {-0.10000000149011612, "-0.10000000149011612", "-0.10000000149011612"},
        {1e-4, "0.0001", "0.0001"},
        {0.0001234, "0.0001234", "0.0001234"},
        {-1e-5, "-1e-05", "-0.00001"},
        {-0.000012345, "-1.2345e-05", "-0.000012345"},
        {1e-6, "1e-06", "1e-6"},
        {9.999e-6, "9.999e-06", "9.999e-6"},
        {-1.1920928955078125e-07, "-1.1920928955078125e-07", "-1.1920928955078125e-7"},
        {2.5e-10, "2.5e-10", "2.5e-10"},
        {1e-100, "1e-100", "1e-100"},
        {5e-324, "5e-324", "5e-324"},
        {1e15, "1000000000000000.0", "1000000000000000.0"},
        {9007199254740992.0, "9007199254740992.0", "9007199254740992.0"},
        {1e16, "1e+16", "1e+16"},
        {1.2345678901234568e17, "1.2345678901234568e+17", "1.2345678901234568e+17"},
        {1.5e22, "1.5e+22", "1.5e+22"},
    };
    for (const Case& each : cases) {
        CHECK(text(each.value, FloatStyle::python) == each.python);
        CHECK(text(each.value, FloatStyle::pydantic) == each.pydantic);
    }
}

TEST_CASE("what JSON has no number for is null") {
    for (const double value : {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                               std::numeric_limits<double>::quiet_NaN()}) {
        CHECK(text(value, FloatStyle::python) == "null");
        CHECK(text(value, FloatStyle::pydantic) == "null");
    }
}

TEST_CASE("every text reads back as the same double") {
    std::mt19937_64 random(20260101);
    for (int i = 0; i < 20'000; ++i) {
        const double value = i % 2 == 0
                                 ? std::bit_cast<double>(random())
                                 : static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(random())));
        if (!std::isfinite(value)) {
            continue;
        }
        for (const FloatStyle style : {FloatStyle::python, FloatStyle::pydantic}) {
            const std::string out = text(value, style);
            CAPTURE(out);
            CHECK(std::strtod(out.c_str(), nullptr) == value);
        }
    }
}
