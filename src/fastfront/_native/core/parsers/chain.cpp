// SPDX-License-Identifier: Apache-2.0
#include "chain.hpp"

namespace fastfront {

namespace {

/// What the first parser gives to the second. One for all chains of a thread: it stays in the cache.
Pieces& cleared_pieces() noexcept {
    thread_local Pieces between;
    between.clear();
    return between;
}

}  // namespace

void ParserChain::push(std::string_view text, std::int64_t token, Pieces& out) {
    if (!reasoning_) {
        tools_->push(text, token, out);
    } else if (!tools_) {
        reasoning_->push(text, token, out);
    } else {
        Pieces& between = cleared_pieces();
        reasoning_->push(text, token, between);
        hand_on(between, out);
    }
}

void ParserChain::finish(Pieces& out) {
    if (reasoning_ && tools_) {
        Pieces& between = cleared_pieces();
        reasoning_->finish(between);
        hand_on(between, out);
    } else if (reasoning_) {
        reasoning_->finish(out);
    }
    if (tools_) {
        tools_->finish(out);
    }
}

void ParserChain::hand_on(const Pieces& between, Pieces& out) {
    for (const OutputPiece& piece : between.all()) {
        const std::string_view text = between.text(piece);
        switch (piece.kind) {
            case PieceKind::reasoning: out.add_reasoning(text); break;
            case PieceKind::content: tools_->push(text, piece.token, out); break;
            // Formats in which thinking and calls are one: the first parser has read both.
            case PieceKind::call_begin: out.begin_call(piece.call, text, between.id(piece)); break;
            case PieceKind::arguments: out.add_arguments(piece.call, text); break;
        }
    }
}

}  // namespace fastfront
