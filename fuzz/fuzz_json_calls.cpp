// SPDX-License-Identifier: Apache-2.0
// Checks for every parser of calls that are JSON that the pieces put together are the same however the text is cut, and
// that calls are counted without gaps and begin before their arguments. Input: a byte for the parser, one for the cuts,
// then the text: letters and digits as they are, other bytes stand for what these formats are made of.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "parsers/families.hpp"

namespace {

using namespace fastfront;

constexpr std::string_view kParts[] = {
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "\\",
    "\n",
    " ",
    "\xc3\xa9",
    "\xe3\x80\x80",
    "1.5e3",
    "-",
    "null",
    "true",
    "\\ud83d",
    "\\ude00",
    "\\u00e9",
    "{\"name\": \"f\", \"arguments\": {\"a\": 1}}",
    "{\"name\": \"f\", \"parameters\": {",
    "\"name\": \"g\"",
    "\"arguments\": ",
    "\"arguments\": \"x\"",
    "{\"f\": {\"a\": [1]}}",
    "{\"tool_call_id\": \"0\", \"tool_name\": \"f\", \"parameters\": {}}",
    "```",
    "```json\n",
    "\n```json\n",
    "\n```",
    "<tool_call>",
    "</tool_call>",
    "<longcat_tool_call>",
    "</longcat_tool_call>",
    "<tool_calls>",
    "</tool_calls>",
    "<function_call> ",
    "<|tool_call|>",
    "<|python_tag|>",
    "functools[",
    "[TOOL_CALLS]",
    "[ARGS]",
    "</think>",
    "<|action_start|><|plugin|>",
    "<|action_end|>",
    "<|tools_prefix|>",
    "<|tools_suffix|>",
    "<|function_call|>",
    "function call<|role_sep|>\n",
    "<|message_sep|>",
    "<|START_ACTION|>",
    "<|END_ACTION|>",
    "<|START_TEXT|>",
    "<|END_TEXT|>",
    "<｜tool▁calls▁begin｜>",
    "<｜tool▁calls▁end｜>",
    "<｜tool▁call▁begin｜>",
    "function<｜tool▁sep｜>f",
    "<｜tool▁sep｜>",
    "<｜tool▁call▁end｜>",
    "<|tool_calls_section_begin|>",
    "<|tool_calls_section_end|>",
    "<|tool_call_begin|>functions.f:0",
    "<|tool_call_argument_begin|>",
    "<|tool_call_end|>",
};

void require(bool holds) {
    if (!holds) std::abort();
}

struct Call {
    std::string name;
    std::string id;
    std::string arguments;

    bool operator==(const Call&) const = default;
};

struct Message {
    std::string content;
    std::vector<Call> calls;

    bool operator==(const Message&) const = default;

    void add(const Pieces& pieces) {
        for (const OutputPiece& piece : pieces.all()) {
            const std::string_view text = pieces.text(piece);
            if (piece.kind == PieceKind::content) {
                content += text;
            } else if (piece.kind == PieceKind::call_begin) {
                require(piece.call == calls.size());
                calls.push_back({std::string(text), std::string(pieces.id(piece)), {}});
            } else {
                require(piece.kind == PieceKind::arguments && piece.call + 1 == calls.size());
                calls.back().arguments += text;
            }
        }
    }
};

Message parse(const ParserEntry& entry, const std::vector<std::string_view>& pushes, bool has_args_token) {
    ParserSpec spec;
    if (has_args_token) spec.special_tokens.push_back({"[ARGS]", 7});
    const auto parser = entry.make(spec, {});
    Message message;
    Pieces pieces;
    for (const std::string_view text : pushes) {
        pieces.clear();
        parser->push(text, kNoToken, pieces);
        message.add(pieces);
    }
    pieces.clear();
    parser->finish(pieces);
    message.add(pieces);
    return message;
}

constexpr bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const auto entries = json_tool_parsers();
    const ParserEntry& entry = entries[data[0] / 2 % entries.size()];
    const bool has_args_token = data[0] % 2 != 0;
    std::size_t cut = data[1];
    std::string text;
    for (std::size_t i = 2; i < size; ++i) {
        if ((data[i] >= 'a' && data[i] <= 'z') || (data[i] >= '0' && data[i] <= '9')) {
            text.push_back(static_cast<char>(data[i]));
        } else {
            text += kParts[data[i] % std::size(kParts)];
        }
    }

    const Message whole = parse(entry, {text}, has_args_token);
    std::vector<std::string_view> pushes;
    std::vector<std::string_view> characters;
    std::size_t begin = 0;
    for (std::size_t end = 1, last = 0; end <= text.size(); ++end) {
        if (end < text.size() && is_continuation(text[end])) continue;
        characters.push_back(std::string_view(text).substr(last, end - last));
        last = end;
        cut = (cut * 31 + 7) % 257;
        if (cut % 7 != 0 && end < text.size()) continue;
        pushes.push_back(std::string_view(text).substr(begin, end - begin));
        begin = end;
    }
    require(parse(entry, pushes, has_args_token) == whole);
    require(parse(entry, characters, has_args_token) == whole);
    return 0;
}
