// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "completion_scanner.hpp"

using fastfront::scan_completion;

TEST_CASE("text is where OpenAI's chunks and answers have it") {
    for (const std::string_view json :
         {R"({"choices":[{"delta":{"content":"a"}}]})", R"({"choices":[{"message":{"content":"\""}}]})",
          R"({"choices":[{"text":" "}]})", R"({"choices":[{"delta":{"reasoning_content":"a"}}]})",
          R"({"choices":[{"delta":{"reasoning":"a"}}]})", R"({"choices":[{}, {"delta":{"tool_calls":[{"index":0}]}}]})",
          R"({"choices":[{"delta":{"refusal":"no"}}]})"}) {
        CAPTURE(json);
        CHECK(scan_completion(json).valid);
        CHECK(scan_completion(json).text);
    }
}

TEST_CASE("a role, nothing, and text elsewhere are no text") {
    for (const std::string_view json :
         {R"({"choices":[{"delta":{"role":"assistant","content":""}}]})", R"({"choices":[{"delta":{"content":null}}]})",
          R"({"choices":[{"delta":{"tool_calls":[ ]}}]})", R"({"choices":[]})", R"({"text":"a","content":"b"})",
          R"({"choices":[{"logprobs":{"content":"a"}}]})", R"({"choices":{"delta":[{"content":"a"}]}})"}) {
        CAPTURE(json);
        CHECK(scan_completion(json).valid);
        CHECK_FALSE(scan_completion(json).text);
    }
}

TEST_CASE("usage and errors are told") {
    const auto found = scan_completion(R"({"usage":{"prompt_tokens":12,"completion_tokens": 7,"x":{}},"error":null})");
    CHECK(found.prompt_tokens == 12);
    CHECK(found.completion_tokens == 7);
    CHECK_FALSE(found.error);
    CHECK(scan_completion(R"({"error":{"message":"no"}})").error);
    CHECK(scan_completion(R"({"usage":null})").completion_tokens == -1);
    CHECK(scan_completion(R"({"usage":{"completion_tokens":1.5}})").completion_tokens == -1);
    CHECK(scan_completion(R"({"usage":{"completion_tokens":-3}})").completion_tokens == -1);
}

TEST_CASE("only one whole object is valid") {
    for (const std::string_view json : {"", "[]", "1", "{", "{}}", "{} {}", R"({"a")", R"({"a":})", R"({"a":1,})",
                                        R"({"a":"b)", R"({"a":"b\"})", R"({"a":[1,]})", R"({"a":[1})", R"({a:1})"}) {
        CAPTURE(json);
        CHECK_FALSE(scan_completion(json).valid);
    }
    CHECK(scan_completion(" { \"a\" : [ 1 , true , { } ] , \"b\\\\\" : \"\\\"\" } \n").valid);
}

TEST_CASE("depth has a bound") {
    const auto nested = [](int depth) {
        return "{\"a\":" + std::string(static_cast<std::size_t>(depth), '[') +
               std::string(static_cast<std::size_t>(depth), ']') + "}";
    };
    CHECK(scan_completion(nested(fastfront::kMaxCompletionDepth - 1)).valid);
    CHECK_FALSE(scan_completion(nested(fastfront::kMaxCompletionDepth + 1)).valid);
    CHECK_FALSE(scan_completion(nested(1000000)).valid);
}
