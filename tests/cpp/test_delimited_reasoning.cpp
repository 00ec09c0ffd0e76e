// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "driven_parser.hpp"

using namespace fastfront;

TEST_CASE("text without the beginning of a marker goes out at once") {
    const auto parser = made("qwen3");
    CHECK(pushed(*parser, "a") == "[a]");
    CHECK(pushed(*parser, "</think>b") == "b");
    CHECK(finished(*parser).empty());
}

TEST_CASE("what may become a marker is held until it is known") {
    const auto parser = made("qwen3");
    CHECK(pushed(*parser, "a</th") == "[a]");
    CHECK(pushed(*parser, "in") == "");
    CHECK(pushed(*parser, "g") == "[</thing]");
    CHECK(pushed(*parser, "</") == "");
    CHECK(finished(*parser) == "[</]");
}

TEST_CASE("a marker that is a special token counts only as that token") {
    ParserSpec spec;
    spec.special_tokens = {{"<think>", 7}, {"</think>", 8}};
    const auto parser = made("qwen3", spec);
    CHECK(pushed(*parser, "<think>", 7) == "");
    CHECK(pushed(*parser, "a</think>b") == "[a</think>b]");
    CHECK(pushed(*parser, "</think>", 8) == "");
    CHECK(pushed(*parser, "c") == "c");
}

TEST_CASE("a tool call that ends thinking stays, as the token that it is") {
    ParserSpec spec;
    spec.special_tokens = {{"<tool_call>", 9}};
    const auto parser = made("qwen3", spec);
    CHECK(pushed(*parser, "a") == "[a]");
    CHECK(pushed(*parser, "<tool_call>", 9) == "{<tool_call>}");
    CHECK(pushed(*parser, "b") == "b");
}

TEST_CASE("special tokens that are no markers keep their ids in content") {
    const auto parser = made("deepseek_r1", {}, Thinking::closed);
    CHECK(pushed(*parser, "<|python_tag|>", 5) == "{<|python_tag|>}");
}

TEST_CASE("white space at the end of reasoning is dropped where vLLM strips it") {
    const auto parser = made("glm45");
    CHECK(pushed(*parser, "a \n") == "[a]");
    CHECK(pushed(*parser, "b\xE3\x80\x80") == "[ \nb]");
    CHECK(pushed(*parser, "</think>c") == "c");
    CHECK(finished(*parser).empty());
}

TEST_CASE("white space that is held back is bounded") {
    const auto parser = made("glm45");
    std::size_t out = 0;
    for (int i = 0; i < 100; ++i) out += pushed(*parser, std::string(1000, ' ')).size();
    CHECK(out > 90000);
}

TEST_CASE("thinking that is closed makes everything content") {
    const auto parser = made("qwen3", {}, Thinking::closed);
    CHECK(pushed(*parser, "a</think>b") == "a</think>b");
}

TEST_CASE("thinking that is open begins with reasoning in a format that would not") {
    const auto parser = made("minimax_m3", {}, Thinking::open);
    CHECK(pushed(*parser, "a</mm:think>b") == "[a]b");
}

TEST_CASE("every name makes a parser, and none is there twice") {
    std::string_view last;
    for (const ParserEntry& entry : reasoning_parsers()) {
        CHECK(entry.name > last);
        CHECK(entry.make({}, {}) != nullptr);
        last = entry.name;
    }
    CHECK(find_reasoning_parser("none") == nullptr);
}
