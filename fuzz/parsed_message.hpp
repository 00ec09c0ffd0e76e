// SPDX-License-Identifier: Apache-2.0
// What the targets of parsers compare: the message that a text comes to, whatever pieces it comes in.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "parsers/output_parser.hpp"

namespace fastfront::fuzz {

inline void require(bool holds) {
    if (!holds) std::abort();
}

constexpr bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// Reasoning, content and calls, each call as its name and its arguments in a text of two lines.
struct Message {
    std::string reasoning;
    std::string content;
    std::vector<std::string> calls;

    bool operator==(const Message&) const = default;

    void add(const Pieces& pieces) {
        for (const OutputPiece& piece : pieces.all()) {
            const std::string_view text = pieces.text(piece);
            switch (piece.kind) {
                case PieceKind::reasoning: reasoning += text; break;
                case PieceKind::content: content += text; break;
                case PieceKind::call_begin:
                    require(piece.call == calls.size() && !text.empty());
                    calls.push_back(std::string(text) + "\n");
                    break;
                case PieceKind::arguments: require(piece.call + 1 == calls.size()); calls.back() += text;
            }
        }
    }
};

/// The message when the text comes in pieces of about `size` bytes, cut between characters.
inline Message parse(OutputParser& parser, std::string_view text, std::size_t size) {
    Message message;
    Pieces pieces;
    while (!text.empty()) {
        std::size_t end = std::min(size, text.size());
        while (end < text.size() && is_continuation(text[end])) ++end;
        parser.push(text.substr(0, end), kNoToken, pieces);
        message.add(pieces);
        pieces.clear();
        text.remove_prefix(end);
    }
    parser.finish(pieces);
    message.add(pieces);
    return message;
}

}  // namespace fastfront::fuzz
