// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "printed_json.hpp"

using fastfront::is_printed_object;

TEST_CASE("objects as Python prints them") {
    for (const char* text : {
             R"({})",
             R"({"a": 1})",
             R"({"a": -12, "b": [], "c": {}, "d": [0, null, true, false, "x", [1, 2]]})",
             R"({"": {"": {"": ""}}})",
             R"({"a": "\"\\\b\f\n\r\t\u0000\u0007\u000b\u000e\u000f\u0010\u001f/"})",
             "{\"\u00e9\": \"\u65e5\U0001f600\x7f\"}",
             R"({"a": 123456789012345678})",
         }) {
        INFO(text);
        CHECK(is_printed_object(text));
    }
}

TEST_CASE("what Python prints otherwise, or is no object") {
    for (const char* text : {
             "",
             " {}",
             "{} ",
             "{ }",
             "[]",
             "1",
             "null",
             "{",
             "{\"a\"",
             "{\"a\":",
             "{\"a\": ",
             "{\"a\": 1",
             "{\"a\": 1,",
             R"({"a":1})",
             R"({"a": 1,"b": 2})",
             R"({"a" : 1})",
             R"({"a": 1, "a": 2})",
             R"({"a": 1, })",
             R"({a: 1})",
             R"({"a": 01})",
             R"({"a": -0})",
             R"({"a": -})",
             R"({"a": +1})",
             R"({"a": 1.5})",
             R"({"a": 1e5})",
             R"({"a": 1E5})",
             R"({"a": 1234567890123456789})",
             R"({"a": NaN})",
             R"({"a": tru})",
             R"({"a": nul})",
             R"({"a": [1,2]})",
             R"({"a": [ 1]})",
             R"({"a": [1, ]})",
             R"({"a": [1})",
             R"({"a": "\/"})",
             R"({"a": "\u00e9"})",
             R"({"a": "\u0008"})",
             R"({"a": "\u0009"})",
             R"({"a": "\u000a"})",
             R"({"a": "\u000c"})",
             R"({"a": "\u000d"})",
             R"({"a": "\u000B"})",
             R"({"a": "\u001F"})",
             R"({"a": "\u0020"})",
             R"({"a": "\u00"})",
             R"({"a": "\x"})",
             "{\"a\": \"\n\"}",
             "{\"a\": \"",
             "{\"a\": \"\\",
             "{\"a\": \"\\u00",
             R"({"a": 1}{})",
         }) {
        INFO(text);
        CHECK_FALSE(is_printed_object(text));
    }
}

TEST_CASE("bounds") {
    const auto nested = [](std::size_t depth) {
        std::string text = "{\"a\": ";
        text.append(depth, '[').append(depth, ']');
        return text + "}";
    };
    CHECK(is_printed_object(nested(32)));
    CHECK_FALSE(is_printed_object(nested(33)));
    CHECK_FALSE(is_printed_object(nested(1'000'000)));
    const auto members = [](int count) {
        std::string text = "{";
        for (int i = 0; i < count; ++i) {
            text += (i == 0 ? "\"" : ", \"") + std::to_string(i) + "\": 0";
        }
        return text + "}";
    };
    CHECK(is_printed_object(members(32)));
    CHECK_FALSE(is_printed_object(members(33)));
}
