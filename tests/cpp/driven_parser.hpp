// SPDX-License-Identifier: Apache-2.0
// A reasoning parser driven by hand; its pieces as one string.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "parsers/output_parser.hpp"
#include "parsers/registry.hpp"

inline std::unique_ptr<fastfront::OutputParser> made(std::string_view name, const fastfront::ParserSpec& spec = {},
                                                     fastfront::Thinking thinking = fastfront::Thinking::unsaid,
                                                     bool tools = false) {
    const fastfront::ParserEntry* entry = fastfront::find_reasoning_parser(name);
    REQUIRE(entry != nullptr);
    fastfront::ParserOptions options;
    if (tools) options.tools = std::make_shared<const fastfront::Tools>();
    options.thinking = thinking;
    return entry->make(spec, options);
}

/// Reasoning in [], content as it is, a special token's content in {}.
inline std::string shown(const fastfront::Pieces& pieces) {
    std::string text;
    for (const fastfront::OutputPiece& piece : pieces.all()) {
        const std::string part(pieces.text(piece));
        if (piece.kind == fastfront::PieceKind::reasoning) {
            text += "[" + part + "]";
        } else {
            text += piece.token == fastfront::kNoToken ? part : "{" + part + "}";
        }
    }
    return text;
}

inline std::string pushed(fastfront::OutputParser& parser, std::string_view text,
                          std::int64_t token = fastfront::kNoToken) {
    fastfront::Pieces pieces;
    parser.push(text, token, pieces);
    return shown(pieces);
}

inline std::string finished(fastfront::OutputParser& parser) {
    fastfront::Pieces pieces;
    parser.finish(pieces);
    return shown(pieces);
}

/// The pieces of the whole text, pushed at once and then byte by byte: they must be the same.
inline std::string parsed(std::string_view name, std::string_view text,
                          fastfront::Thinking thinking = fastfront::Thinking::unsaid, bool tools = false) {
    const auto at_once = made(name, {}, thinking, tools);
    fastfront::Pieces whole;
    at_once->push(text, fastfront::kNoToken, whole);
    at_once->finish(whole);
    const auto slowly = made(name, {}, thinking, tools);
    fastfront::Pieces cut;
    for (const char& byte : text) slowly->push({&byte, 1}, fastfront::kNoToken, cut);
    slowly->finish(cut);
    CHECK(shown(cut) == shown(whole));
    return shown(whole);
}
