// SPDX-License-Identifier: Apache-2.0
// The formats with rules of their own; the texts are ASCII, so that they may be cut at every byte.
#include <doctest/doctest.h>

#include <string>

#include "driven_parser.hpp"

using namespace fastfront;

TEST_CASE("Ernie's answer comes out of its tags") {
    CHECK(parsed("ernie45", "a</think>\n\n<response>\nb\n</response>\n") == "[a]\nb\n");
    CHECK(parsed("ernie45", "a</think>b <response> c") == "[a]b <response> c");
    CHECK(parsed("ernie45", "a</think><response>b</response>c</response>") == "[a]b</response>c");
}

TEST_CASE("Hunyuan's answer comes out of its tags") {
    CHECK(parsed("hunyuan_a13b", "<think>\na\n</think>\n<answer>\nb\n</answer>\n") == "[a]b");
    CHECK(parsed("hunyuan_a13b", "b\n</answer>") == "b");
}

TEST_CASE("Hunyuan's later models have tags with a suffix") {
    ParserSpec spec;
    spec.special_tokens = {{"<think:6124c78e>", 1}, {"</think:6124c78e>", 2}};
    const auto parser = made("hy_v4", spec);
    CHECK(pushed(*parser, "<think:6124c78e>", 1) == "");
    CHECK(pushed(*parser, "a</think>") == "[a</think>]");
    CHECK(pushed(*parser, "</think:6124c78e>", 2) == "");
    CHECK(pushed(*parser, "b") == "b");
    CHECK(parsed("hy_v4", "a</think>b") == "[a]b");
}

TEST_CASE("MiniMax M2's thinking may stay in the content") {
    CHECK(parsed("minimax_m2_append_think", "a</think>b") == "<think>a</think>b");
    CHECK(parsed("minimax_m2_append_think", "") == "<think>");
}

TEST_CASE("Kimi K3's tags of the response disappear, and stay for a tool parser") {
    const std::string answer =
        "a<|close|>think<|sep|><|open|>response<|sep|>b<|close|>response<|sep|><|close|>message<|sep|>";
    CHECK(parsed("kimi_k3", answer) == "[a]b");
    CHECK(parsed("kimi_k3", answer, Thinking::unsaid, true) == "[a]" + answer.substr(22));
    CHECK(parsed("kimi_k3", "<|open|>response<|sep|>b", Thinking::unsaid, true) == "<|open|>response<|sep|>b");
}

TEST_CASE("Kimi K3's elements that are unknown are text, as the tokens that they are") {
    ParserSpec spec;
    spec.special_tokens = {{"<|open|>", 1}, {"<|close|>", 2}, {"<|sep|>", 3}};
    const auto parser = made("kimi_k3", spec, Thinking::closed);
    CHECK(pushed(*parser, "<|open|>", 1) == "");
    CHECK(pushed(*parser, "res") == "");
    CHECK(pushed(*parser, "t") == "{<|open|>}rest");
    CHECK(pushed(*parser, "<|sep|>", 3) == "{<|sep|>}");
    CHECK(pushed(*parser, "<|open|>", 1) == "");
    CHECK(finished(*parser) == "{<|open|>}");
}

TEST_CASE("Inkling's names disappear, and its calls go on with their end") {
    CHECK(parsed("inkling",
                 "<|content_thinking|>a <|end_message|><|message_model|>f<|content_invoke_tool_json|>{}"
                 "<|end_message|><|message_model|><|content_text|>b<|end_message|>") ==
          "[a]<|content_invoke_tool_json|>{}<|end_message|>b");
}

TEST_CASE("an Inkling answer without blocks is not held for ever") {
    const auto parser = made("inkling");
    CHECK(pushed(*parser, std::string(300, 'x')) == std::string(300, 'x'));
    CHECK(parsed("inkling", "short") == "short");
}

TEST_CASE("Cohere's borders lose their white space, and citations their tags") {
    CHECK(parsed("cohere_command3",
                 "<|START_THINKING|> a \n<|END_THINKING|><|START_RESPONSE|>b <co>c</co: 0:[1]> d"
                 "\n<|END_RESPONSE|>") == "[a]b c d");
    CHECK(parsed("cohere_command4", "a<|END_THINKING|><|START_TEXT|>b<|END_TEXT|>") == "[a]b");
    CHECK(parsed("cohere_command3", "a <co>b</co: 0") == "a b</co: 0");
}

TEST_CASE("Cohere's actions go on as they are") {
    CHECK(parsed("cohere_command3", "a\n<|START_ACTION|>[ ] <|END_ACTION|>") == "a<|START_ACTION|>[ ] <|END_ACTION|>");
}

TEST_CASE("a closing citation that does not end is text, and held within a bound") {
    const std::string rest(2000, 'x');
    CHECK(parsed("cohere_command3", "<co>a</co:" + rest + "> <co>b</co:>") == "a</co:" + rest + "> <co>b</co:>");
}

TEST_CASE("MuseGlimmer's channels are told apart") {
    CHECK(parsed("muse_glimmer",
                 "to=self<|message|>a<|eom|><|start|>assistant to=self<|message|>b<|eom|>"
                 "<|start|>assistant to=user<|message|>c<|eot|>") == "[a\nb]c");
    CHECK(parsed("muse_glimmer", "to=self<|message|>a to=f<|message|>b<|eom|>") == "[a ]to=f<|message|>b<|eom|>");
    CHECK(parsed("muse_glimmer", "no channel, to= whom") == "no channel, to= whom");
}

TEST_CASE("MuseGlimmer's messages to tools go on with the tokens that they begin with") {
    ParserSpec spec;
    spec.special_tokens = {{"<|message|>", 1}, {"<|eom|>", 2}, {"<|eot|>", 3}, {"<|start|>", 4}};
    const auto parser = made("muse_glimmer", spec);
    std::string text = pushed(*parser, "to=user");
    text += pushed(*parser, "<|message|>", 1);
    text += pushed(*parser, "a");
    text += pushed(*parser, "<|eom|>", 2);
    text += pushed(*parser, "<|start|>", 4);
    text += pushed(*parser, "assistant to=f");
    CHECK(text == "a");
    CHECK(pushed(*parser, "<|message|>", 1) == "{<|start|>}assistant to=f{<|message|>}");
}

TEST_CASE("MiniCPM-V's line breaks become real, but not in tool calls") {
    CHECK(parsed("minicpmv", "a\\nb</think>c\\n<tool_call>d\\n</tool_call>\\n", Thinking::unsaid, true) ==
          "[a\nb]c\n<tool_call>d\\n</tool_call>\n");
    CHECK(parsed("minicpmv", "a</think>`\\n` <reserved_12>\\n\\") == "[a]`\\n` \n\\");
}
