// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "parsers/py_argument.hpp"

namespace {

/// The value as JSON; "-": there is none.
std::string dumped(std::string_view text, bool lenient = false) {
    const auto value = fastfront::py_argument(text, lenient);
    if (!value) return "-";
    std::string out;
    fastfront::py_dump(*value, out);
    return out;
}

/// A literal as JSON; "-": it is none.
std::string literal(std::string_view text) {
    const auto value = fastfront::py_literal(text);
    if (!value) return "-";
    std::string out;
    fastfront::py_dump(*value, out);
    return out;
}

}  // namespace

TEST_CASE("names are Python's and JSON's") {
    CHECK(dumped("[None, True, False, null, true, false]") == "[null, true, false, null, true, false]");
    CHECK(dumped("nil") == "-");
}

TEST_CASE("numbers are written as Python writes them") {
    CHECK(dumped("[1_000, 0x1F, 0o17, 0b11, 00, 1e5, .5, 2., 1e400]") ==
          "[1000, 31, 15, 3, 0, 100000.0, 0.5, 2.0, Infinity]");
    CHECK(dumped("[-1, +2, --3, -0, -0.0]") == "[-1, 2, 3, 0, -0.0]");
    for (const std::string_view text : {"07", "1__0", "1_", "0x", "0xg", "1j", "1e", "-True", "-'x'", "1.2.3"}) {
        CHECK(dumped(text) == "-");
    }
    CHECK(dumped(std::string(4301, '1')) == "-");
}

TEST_CASE("leading zeros are taken where that is said") { CHECK(dumped("[07, 00]", true) == "[7, 0]"); }

TEST_CASE("tuples and sets are arrays, parentheses are none") {
    CHECK(dumped("[(1), (1,), (), (1, 2), {1, 2}]") == "[1, [1], [], [1, 2], [1, 2]]");
    CHECK(dumped("(,)") == "-");
    CHECK(dumped("[1 2]") == "-");
}

TEST_CASE("keys are constants, and strings in JSON") {
    CHECK(dumped("{'a': 1, 2: {}, None: [], 'a': 3}") == R"({"a": 3, "2": {}, "null": []})");
    for (const std::string_view text : {"{x: 1}", "{-1: 1}", "{f'a': 1}", "{(1,): 1}", "{'a': 1, 'b'}", "{**x}"}) {
        CHECK(dumped(text) == "-");
    }
}

TEST_CASE("strings side by side are one") { CHECK(dumped("['a' \"b\"\n r'\\c']") == R"(["ab\\c"])"); }

TEST_CASE("nesting is bounded") {
    CHECK(dumped(std::string(198, '[') + std::string(198, ']')) != "-");
    CHECK(dumped(std::string(199, '[') + std::string(199, ']')) == "-");
    CHECK(dumped(std::string(100000, '-') + "1") == "-");
}

TEST_CASE("Python literals come out as json.dumps writes them") {
    CHECK(literal("{'a': [1, (2, 3), ()], 'b': None, 5: True}") == R"({"a": [1, [2, 3], []], "b": null, "5": true})");
    CHECK(literal("'it''s \\'q\\' \"d\" \\u00e9\\q'") == R"("its 'q' \"d\" é\\q")");
    CHECK(literal("1, 2") == "[1, 2]");
    CHECK(literal("-1_000") == "-1000");
    CHECK(literal("(5)") == "5");
    CHECK(literal(".5") == "0.5");
    for (const char* text :
         {"", "x", "'a", "[1", "{1}", "007", "--1", "true", "\n1", "b'a'", "{'a': }", "inf", "1 2"}) {
        CHECK_MESSAGE(literal(text) == "-", text);
    }
    CHECK(literal(std::string(100000, '(')) == "-");
    CHECK(literal("- 5, {-1: 0x1F, 'a' 'b': r'\\d'}") == R"([-5, {"-1": 31, "ab": "\\d"}])");
    CHECK(literal("f'x'") == "-");
    CHECK(literal("{1, 2}") == "-");
}
