// SPDX-License-Identifier: Apache-2.0
// Invariant: every reasoning parser makes the same message of an answer however its text is cut, and of a text without
// markup everything comes out.
//
// The first input byte chooses the parser, the second what it is told; every other one is a piece of text or a special
// token, and whether the text is cut behind it.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "parsers/output_parser.hpp"
#include "parsers/registry.hpp"

using namespace fastfront;

namespace {

/// Text that markers are made of, and that is like them.
constexpr std::string_view kFragments[] = {"a",
                                           "<",
                                           ">",
                                           "/",
                                           "think",
                                           "</",
                                           "\n",
                                           " ",
                                           "<think>",
                                           "</think>",
                                           "<think>\n",
                                           "answer",
                                           "</answer>",
                                           "|",
                                           "<|",
                                           "|>",
                                           "\\",
                                           "n",
                                           "`",
                                           "$",
                                           "(",
                                           "to=",
                                           "self",
                                           "<|message|>",
                                           "<|eom|>",
                                           "<|start|>",
                                           "assistant",
                                           "Here is ",
                                           "my ",
                                           "thought\n",
                                           "process:",
                                           "response:",
                                           "<co>",
                                           "</co:",
                                           "0>",
                                           "<|open|>",
                                           "<|close|>",
                                           "<|sep|>",
                                           "response",
                                           "message",
                                           "<mm:think>",
                                           "</mm:think>",
                                           "ifm|",
                                           "</ifm|think>",
                                           "[THINK]",
                                           "[/THINK]",
                                           "channel",
                                           "<channel|>",
                                           "\xE3\x80\x80",
                                           "\xC3\xA9",
                                           "<|channel|>",
                                           "<|constrain|>",
                                           "<|end|>",
                                           "<|call|>",
                                           "analysis",
                                           "commentary",
                                           "final",
                                           "functions.f",
                                           "json",
                                           "{\"a\":",
                                           "1}",
                                           "<tool_call>",
                                           "</tool_call>",
                                           "t",
                                           "o",
                                           "=",
                                           ":"};
constexpr std::size_t kFragmentCount = std::size(kFragments);

struct Message {
    std::string reasoning;
    std::string content;
    bool operator==(const Message&) const = default;
};

void merge(const Pieces& pieces, Message& message) {
    for (const OutputPiece& piece : pieces.all()) {
        (piece.kind == PieceKind::reasoning ? message.reasoning : message.content) += pieces.text(piece);
    }
}

struct Push {
    std::string text;
    std::int64_t token = kNoToken;
};

Message answer(OutputParser& parser, const std::vector<Push>& pushes) {
    Message message;
    Pieces pieces;
    for (const Push& push : pushes) {
        pieces.clear();
        parser.push(push.text, push.token, pieces);
        merge(pieces, message);
    }
    pieces.clear();
    parser.finish(pieces);
    merge(pieces, message);
    return message;
}

void require(bool holds, std::string_view parser) {
    if (holds) return;
    std::fprintf(stderr, "violated by %.*s\n", static_cast<int>(parser.size()), parser.data());
    std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const auto parsers = reasoning_parsers();
    const ParserEntry& entry = parsers[data[0] % parsers.size()];
    ParserSpec spec;
    if ((data[1] & 4) != 0) {
        for (const std::string_view token : entry.special_tokens) {
            spec.special_tokens.push_back({std::string(token), static_cast<std::int64_t>(spec.special_tokens.size())});
        }
    }
    ParserOptions options;
    options.thinking = static_cast<Thinking>(data[1] % 3);
    if ((data[1] & 8) != 0) options.tools = std::make_shared<const Tools>();

    std::vector<Push> whole;
    std::vector<Push> cut;
    std::size_t written = 0;
    bool cuts = true;
    bool plain = true;
    for (const std::uint8_t byte : std::span(data + 2, size - 2)) {
        const std::size_t choice = byte & 0x7F;
        if (choice >= kFragmentCount && !spec.special_tokens.empty()) {
            const SpecialToken& token = spec.special_tokens[choice % spec.special_tokens.size()];
            whole.push_back({token.text, token.id});
            cut.push_back({token.text, token.id});
            cuts = true;
            plain = false;
            continue;
        }
        const std::string_view fragment = kFragments[choice % kFragmentCount];
        plain = plain && fragment == "a";
        written += fragment.size();
        if (whole.empty() || whole.back().token != kNoToken) whole.push_back({});
        whole.back().text += fragment;
        if (cuts) cut.push_back({});
        cut.back().text += fragment;
        cuts = (byte & 0x80) != 0;
    }
    const Message expected = answer(*entry.make(spec, options), whole);
    require(answer(*entry.make(spec, options), cut) == expected, entry.name);
    const std::size_t added = std::string_view("<think>").size();  // minimax_m2_append_think
    const std::size_t out = expected.reasoning.size() + expected.content.size();
    require(!plain || out == written || out == written + added, entry.name);
    return 0;
}
