// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <memory>
#include <string>

#include "parsers/families.hpp"
#include "parsers/registry.hpp"

using namespace fastfront;

namespace {

/// A tool `f` with a string `s`, an integer `i` and a string or null `m`.
std::shared_ptr<const Tools> tools() {
    Tools made;
    Tool& tool = made.tools.emplace_back(Tool{.name = "f", .parameters = {}});
    tool.parameters.properties = {{"s", {json_type::kString, {}, {}}},
                                  {"i", {json_type::kInteger, {}, {}}},
                                  {"m", {json_type::kString | json_type::kNull, {}, {}}}};
    return std::make_shared<const Tools>(std::move(made));
}

std::unique_ptr<OutputParser> made(std::string_view name, const ParserSpec& spec = {}) {
    const ParserEntry* entry = find_tool_parser(name);
    REQUIRE(entry != nullptr);
    return entry->make(spec, {.tools = tools()});
}

/// Content as it is, a call as <name|, arguments as they are, pieces apart.
std::string shown(const Pieces& pieces) {
    std::string text;
    for (const OutputPiece& piece : pieces.all()) {
        text += piece.kind == PieceKind::call_begin ? "<" : piece.kind == PieceKind::arguments ? "=" : "";
        text.append(pieces.text(piece)).append("|");
    }
    return text;
}

std::string pushed(OutputParser& parser, std::string_view text, std::int64_t token = kNoToken) {
    Pieces pieces;
    parser.push(text, token, pieces);
    return shown(pieces);
}

std::string finished(OutputParser& parser) {
    Pieces pieces;
    parser.finish(pieces);
    return shown(pieces);
}

}  // namespace

TEST_CASE("strings go out while they come, other values when they are complete") {
    const auto parser = made("qwen3_coder");
    CHECK(pushed(*parser, "Hi \n<tool_call>\n<functi") == "Hi|");
    CHECK(pushed(*parser, "on=f>\n<parameter=s>") == "<f|={\"s\": \"|");
    CHECK(pushed(*parser, "\na\"b") == "=a\\\"b|");
    CHECK(pushed(*parser, "\nc\n") == "=\\nc|");
    CHECK(pushed(*parser, "</parameter>") == "=\"|");
    CHECK(pushed(*parser, "<parameter=i>\n4").empty());
    CHECK(pushed(*parser, "2\n</parameter>") == "=, \"i\": 42|");
    CHECK(pushed(*parser, "</function></tool_call>\n") == "=}|");
    CHECK(finished(*parser).empty());
}

TEST_CASE("a value that may be null waits for what it is") {
    const auto parser = made("mimo");
    CHECK(pushed(*parser, "<function=f><parameter=m>nul") == "<f|");
    CHECK(pushed(*parser, "l").empty());
    CHECK(pushed(*parser, "able") == "={\"m\": \"nullable|");
    CHECK(pushed(*parser, "</parameter><parameter=m>null</parameter>") == "=\", \"m\": null|");
}

TEST_CASE("the end completes nothing, and loses nothing") {
    const auto in_text = made("qwen3_coder");
    CHECK(pushed(*in_text, "<function=f><parameter=s>\nab\n") == "<f|={\"s\": \"ab|");
    CHECK(finished(*in_text) == "=\\n|");
    const auto in_number = made("qwen3_coder");
    CHECK(pushed(*in_number, "<function=f><parameter=i>\n4") == "<f|");
    CHECK(finished(*in_number) == "<parameter=i>\n4|");
    const auto in_name = made("qwen3_coder");
    CHECK(pushed(*in_name, "<tool_call>\n<function=f").empty());
    CHECK(finished(*in_name) == "<tool_call>\n<function=f|");
}

TEST_CASE("of a call that is none nothing is lost, layout behind it neither") {
    const auto step3 = made("step3");
    const std::string call =
        "<｜tool_calls_begin｜><｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name=\"a "
        "<b\"></steptml:invoke>"
        "<｜tool_call_end｜>";
    CHECK(pushed(*step3, call) == call + "|");
    const auto plamo3 = made("plamo3");
    const auto tag = [](std::string_view name) { return "<|plamo:" + std::string(name) + ":plamo|>"; };
    const std::string none = tag("begin_tool_requests") + tag("begin_tool_request") + tag("begin_tool_name") + "a <b" +
                             tag("end_tool_name") + tag("end_tool_request") + tag("end_tool_requests");
    CHECK(pushed(*plamo3, none) == none + "|");
}

TEST_CASE("a special token is a mark only as that token") {
    ParserSpec spec;
    spec.special_tokens = {{"<tool_call>", 7}, {"</tool_call>", 8}};
    const auto parser = made("glm45", spec);
    CHECK(pushed(*parser, "<tool_call>f</tool_call>") == "<tool_call>f</tool_call>|");
    CHECK(pushed(*parser, "<tool_call>", 7).empty());
    CHECK(pushed(*parser, "f<arg_key>s</arg_key><arg_value></tool_call>") == "<f|={\"s\": \"</tool_call>|");
    CHECK(pushed(*parser, "</tool_call>", 8) == "=\"}|");
    CHECK(pushed(*parser, "<think>", 99) == "<think>|");
}

TEST_CASE("plain text goes through as one piece") {
    for (const ParserEntry& entry : xml_tool_parsers()) {
        const auto parser = entry.make({}, {.tools = tools()});
        const std::string text = "Some text, é, and more of it.";
        CHECK_MESSAGE(pushed(*parser, text) == text + "|", entry.name);
    }
}

TEST_CASE("held whitespace has a bound") {
    const auto parser = made("qwen3_coder");
    Pieces pieces;
    for (int i = 0; i < 5000; ++i) parser->push("\n", kNoToken, pieces);
    REQUIRE(pieces.all().size() == 1);
    CHECK(pieces.text(pieces.all().front()).size() == 4096);
}
