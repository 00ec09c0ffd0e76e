// SPDX-License-Identifier: Apache-2.0
// Checks that every parser of formats made of tags gives the same message however its input is cut, and that its pieces
// are in order. Input: a byte for the parser, one for how to cut, one for the tools and special tokens, then the text.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parsers/families.hpp"
#include "utf8.hpp"

namespace {

using fastfront::kNoToken;
using fastfront::OutputPiece;
using fastfront::ParserEntry;
using fastfront::ParserOptions;
using fastfront::ParserSpec;
using fastfront::PieceKind;
using fastfront::Pieces;

void require(bool holds) {
    if (!holds) std::abort();
}

struct Message {
    std::string reasoning;
    std::string content;
    std::vector<std::string> calls;  // name, id and arguments

    bool operator==(const Message&) const = default;
};

void add(Message& message, const Pieces& pieces) {
    for (const OutputPiece& piece : pieces.all()) {
        const std::string_view text = pieces.text(piece);
        switch (piece.kind) {
            case PieceKind::reasoning: message.reasoning.append(text); break;
            case PieceKind::content: message.content.append(text); break;
            case PieceKind::call_begin:
                require(piece.call == message.calls.size() && !text.empty());
                message.calls.push_back(std::string(text).append("\n").append(pieces.id(piece)).append("\n"));
                break;
            case PieceKind::arguments:
                require(piece.call < message.calls.size());
                message.calls[piece.call].append(text);
        }
    }
}

/// Ordinary text, or a special token.
struct Push {
    std::string_view text;
    std::int64_t token;
};

/// The text with the special tokens of the vocabulary cut out of it.
std::vector<Push> pushes_of(std::string_view text, const ParserSpec& spec) {
    std::vector<Push> pushes;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto token = std::ranges::find_if(spec.special_tokens, [&](const fastfront::SpecialToken& special) {
            return special.id != kNoToken && text.substr(at).starts_with(special.text);
        });
        if (token == spec.special_tokens.end()) {
            ++at;
            continue;
        }
        if (at > begin) pushes.push_back({text.substr(begin, at - begin), kNoToken});
        pushes.push_back({text.substr(at, token->text.size()), token->id});
        begin = at += token->text.size();
    }
    if (begin < text.size()) pushes.push_back({text.substr(begin), kNoToken});
    return pushes;
}

bool begins_character(char c) { return (static_cast<std::uint8_t>(c) & 0xC0) != 0x80; }

Message parse(const ParserEntry& entry, const ParserSpec& spec, const ParserOptions& options,
              const std::vector<Push>& pushes, std::size_t size) {
    Message message;
    Pieces pieces;
    const auto parser = entry.make(spec, options);
    for (const Push& push : pushes) {
        if (push.token != kNoToken) {
            parser->push(push.text, push.token, pieces);
        }
        for (std::size_t at = 0; push.token == kNoToken && at < push.text.size();) {
            std::size_t end = std::min(at + size, push.text.size());
            while (end < push.text.size() && !begins_character(push.text[end])) ++end;
            parser->push(push.text.substr(at, end - at), kNoToken, pieces);
            at = end;
        }
        add(message, pieces);
        pieces.clear();
    }
    parser->finish(pieces);
    add(message, pieces);
    return message;
}

std::shared_ptr<const fastfront::Tools> make_tools() {
    fastfront::Tools tools;
    fastfront::Tool tool{.name = "f", .parameters = {}};
    for (const auto& [name, types] : {std::pair<const char*, int>{"s", 1},
                                      {"i", 2},
                                      {"n", 4},
                                      {"b", 8},
                                      {"m", 17},
                                      {"o", 32},
                                      {"a", 64},
                                      {"x", 128}}) {
        tool.parameters.properties.emplace_back(name, fastfront::Schema{static_cast<std::uint8_t>(types), {}, {}});
    }
    tools.tools.push_back(std::move(tool));
    return std::make_shared<const fastfront::Tools>(std::move(tools));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::shared_ptr<const fastfront::Tools> kTools = make_tools();
    const auto entries = fastfront::xml_tool_parsers();
    if (size < 3 || entries.empty()) return 0;
    const ParserEntry& entry = entries[data[0] % entries.size()];
    const std::size_t cut = 1 + data[1] % 9;
    ParserOptions options;
    if (data[2] % 4 != 0) options.tools = kTools;
    ParserSpec spec;
    for (const std::string_view text : entry.special_tokens) {
        const bool has_token = (data[2] & 128) != 0;
        spec.special_tokens.push_back(
            {std::string(text), has_token ? static_cast<std::int64_t>(spec.special_tokens.size()) : kNoToken});
    }
    std::string text;
    fastfront::Utf8State state;
    fastfront::append_lossy(state, std::string_view(reinterpret_cast<const char*>(data + 3), size - 3), text);
    fastfront::finish_lossy(state, text);

    const std::vector<Push> pushes = pushes_of(text, spec);
    const Message whole = parse(entry, spec, options, pushes, text.size() + 1);
    require(parse(entry, spec, options, pushes, cut) == whole);
    require(parse(entry, spec, options, pushes, 1) == whole);
    std::size_t written = whole.reasoning.size() + whole.content.size();
    for (const std::string& call : whole.calls) written += call.size();
    require(written <= 16 * text.size() + 64);
    return 0;
}
