// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "parsers/py_json.hpp"

using namespace fastfront;

namespace {

std::string dumped(const std::optional<JsonValue>& value) {
    if (!value) return "none";
    std::string out;
    py_dump(*value, out);
    return out;
}

}  // namespace

TEST_CASE("JSON comes out as json.dumps writes it") {
    CHECK(dumped(py_loads(" {\"a\":[1,2.50,-0,1E3],\n\"b\" : {} , \"c\":[] } ")) ==
          R"({"a": [1, 2.5, 0, 1000.0], "b": {}, "c": []})");
    CHECK(dumped(py_loads(R"("\u00e9\ud83d\ude00\/\n\u0001")")) == "\"é😀/\\n\\u0001\"");
    CHECK(dumped(py_loads("[true, false, null]")) == "[true, false, null]");
}

TEST_CASE("a key that comes again keeps its place and takes the last value") {
    CHECK(dumped(py_loads(R"({"a": 1, "b": 2, "a": 3})")) == R"({"a": 3, "b": 2})");
}

TEST_CASE("lone surrogates stay escapes") {
    CHECK(dumped(py_loads(R"("a\ud800b\udc00")")) == R"("a\ud800b\udc00")");
    CHECK(dumped(py_loads(R"("\ud800\u0041")")) == R"("\ud800A")");
}

TEST_CASE("what is no JSON, or no finite number, is not read") {
    for (const char* text :
         {"",          "{",     "[1,]",     "{\"a\":1,}", "01",          "+1",  "1.",  ".5",  "1e",     "NaN",
          "-Infinity", "1e400", "\"a\nb\"", "\"\\x\"",    "\"\\u12g4\"", "'a'", "1 2", "nul", "{1: 2}", "\"a"}) {
        CHECK_MESSAGE(dumped(py_loads(text)) == "none", text);
    }
    CHECK(dumped(py_loads(std::string(100000, '['))) == "none");
}
