// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "parsers/chain.hpp"

using namespace fastfront;

namespace {

/// Reasoning in capital letters; "!" begins a call; the rest is content. Its last word comes at the end.
class Thinker final : public OutputParser {
  public:
    void push(std::string_view text, std::int64_t token, Pieces& out) override {
        if (text == "!") {
            out.begin_call(0, "f", "id");
            out.add_arguments(0, "{}");
        } else if (text.front() >= 'A' && text.front() <= 'Z') {
            out.add_reasoning(text);
        } else {
            out.add_content(text, token);
        }
    }
    void finish(Pieces& out) override { out.add_content("bye"); }
};

/// Says what it is pushed, in brackets, and that it has finished.
class Echo final : public OutputParser {
  public:
    void push(std::string_view text, std::int64_t token, Pieces& out) override {
        out.add_content("[" + std::string(text) + (token == kNoToken ? "" : "#" + std::to_string(token)) + "]");
    }
    void finish(Pieces& out) override { out.add_content("."); }
};

std::string all(const Pieces& pieces) {
    std::string text;
    for (const OutputPiece& piece : pieces.all()) {
        switch (piece.kind) {
            case PieceKind::reasoning: text += "R:"; break;
            case PieceKind::content: text += "C:"; break;
            case PieceKind::call_begin: text += "F(" + std::string(pieces.id(piece)) + "):"; break;
            case PieceKind::arguments: text += "A:"; break;
        }
        text += std::string(pieces.text(piece)) + " ";
    }
    return text;
}

}  // namespace

TEST_CASE("content goes through the second parser, special tokens with their ids, reasoning past it") {
    ParserChain chain(std::make_unique<Thinker>(), std::make_unique<Echo>());
    Pieces out;
    chain.push("HM", kNoToken, out);
    chain.push("a", kNoToken, out);
    chain.push("<x>", 7, out);
    CHECK(all(out) == "R:HM C:[a][<x>#7] ");
}

TEST_CASE("calls that the first parser found go past the second") {
    ParserChain chain(std::make_unique<Thinker>(), std::make_unique<Echo>());
    Pieces out;
    chain.push("!", kNoToken, out);
    CHECK(all(out) == "F(id):f A:{} ");
}

TEST_CASE("what the first parser held back reaches the second before its end") {
    ParserChain chain(std::make_unique<Thinker>(), std::make_unique<Echo>());
    Pieces out;
    chain.finish(out);
    CHECK(all(out) == "C:[bye]. ");
}

TEST_CASE("one parser is a chain, too") {
    Pieces out;
    ParserChain first(std::make_unique<Thinker>(), nullptr);
    first.push("a", kNoToken, out);
    first.finish(out);
    CHECK(all(out) == "C:abye ");
    out.clear();
    ParserChain second(nullptr, std::make_unique<Echo>());
    second.push("a", kNoToken, out);
    second.finish(out);
    CHECK(all(out) == "C:[a]. ");
}
