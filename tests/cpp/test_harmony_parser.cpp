// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "driven_parser.hpp"
#include "parsers/harmony_arguments.hpp"
#include "parsers/harmony_header.hpp"
#include "parsers/parser_plan.hpp"

using namespace fastfront;

namespace {

std::string arguments_of(std::string_view text, bool json = true) {
    HarmonyArguments arguments;
    Pieces whole;
    arguments.begin(0, json);
    arguments.push(text, whole);
    arguments.finish(whole);
    Pieces cut;
    arguments.begin(0, json);
    for (const char& byte : text) arguments.push({&byte, 1}, cut);
    arguments.finish(cut);
    std::string made;
    std::string again;
    for (const OutputPiece& piece : whole.all()) made += whole.text(piece);
    for (const OutputPiece& piece : cut.all()) again += cut.text(piece);
    CHECK(again == made);
    return made;
}

}  // namespace

TEST_CASE("harmony header: a recipient, a type, a channel, in either order") {
    const auto header = read_harmony_header("<|channel|>commentary to=functions.f <|constrain|>json", true);
    REQUIRE(header);
    CHECK(header->kind == HarmonyHeader::Kind::call);
    CHECK(header->function == "f");
    CHECK(header->json_call);
    CHECK(read_harmony_header("assistant to=functions.f<|channel|>analysis code", false)->json_call == false);
    CHECK(read_harmony_header("<|channel|>analysis", true)->kind == HarmonyHeader::Kind::reasoning);
    CHECK(read_harmony_header("<|channel|>final json", true)->kind == HarmonyHeader::Kind::content);
    CHECK(read_harmony_header("user", false)->kind == HarmonyHeader::Kind::foreign);
}

TEST_CASE("harmony header: what is none") {
    CHECK_FALSE(read_harmony_header("", false));
    CHECK_FALSE(read_harmony_header("foo", false));
    CHECK_FALSE(read_harmony_header("<|channel|>", true));
    CHECK_FALSE(read_harmony_header("<|channel|>final a b c", true));
}

TEST_CASE("harmony arguments: as Python writes them, in ASCII") {
    CHECK(arguments_of(" {\"a\":1.0,\"b\":[ ]} ") == "{\"a\": 1.0, \"b\": []}");
    CHECK(arguments_of("12") == "12");
    CHECK(arguments_of(" ") == " ");
    CHECK(arguments_of("a b", false) == "a b");
    HarmonyArguments arguments;
    Pieces pieces;
    arguments.begin(0, true);
    arguments.push("\"\xC3\xA9\xF0\x9F\x98\x80\x7F\"", pieces);
    CHECK(pieces.text(pieces.all().front()) == "\"\\u00e9\\ud83d\\ude00\\u007f\"");
}

TEST_CASE("harmony arguments: what is no JSON goes on as it is") {
    CHECK(arguments_of("x: 1") == "x: 1");
    CHECK(arguments_of(" x") == " x");
    CHECK(arguments_of("{\"a\":1} and ") == "{\"a\": 1} and ");
    CHECK(arguments_of("{\"a\":\"Par") == "{\"a\": \"Par");
}

TEST_CASE("harmony: thinking and answers, joined by line feeds") {
    CHECK(parsed("openai_gptoss",
                 "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b") == "[a]b");
    CHECK(parsed("openai_gptoss",
                 "<|channel|>final<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b") == "a\nb");
}

TEST_CASE("harmony: the tool parser behind the reasoning parser reads nothing again") {
    ParserPlan plan;
    plan.spec = std::make_shared<const ParserSpec>();
    plan.reasoning = find_reasoning_parser("openai_gptoss");
    plan.tools = find_tool_parser("openai");
    plan.options.tools = std::make_shared<const Tools>();
    const auto parser = plan.make();
    CHECK(pushed(*parser, "<|channel|>final<|message|>a<|channel|>b<|message|>c") == "a<|channel|>b<|message|>c");
    CHECK(finished(*parser).empty());
    Pieces pieces;
    const auto calls = plan.make();
    calls->push("<|channel|>commentary to=functions.f<|message|>{}<|call|>", kNoToken, pieces);
    CHECK(pieces.all().front().kind == PieceKind::call_begin);
    CHECK(pieces.text(pieces.all().front()) == "f");
}
