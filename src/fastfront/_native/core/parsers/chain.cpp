// SPDX-License-Identifier: Apache-2.0
#include "chain.hpp"

namespace fastfront {

void ParserChain::push(std::string_view text, std::int64_t token, Pieces& out) {
    if (!reasoning_) {
        tools_->push(text, token, out);
    } else if (!tools_) {
        reasoning_->push(text, token, out);
    } else {
        between_.clear();
        reasoning_->push(text, token, between_);
        hand_on(out);
    }
}

void ParserChain::finish(Pieces& out) {
    if (reasoning_) {
        between_.clear();
        reasoning_->finish(tools_ ? between_ : out);
        if (tools_) {
            hand_on(out);
        }
    }
    if (tools_) {
        tools_->finish(out);
    }
}

void ParserChain::hand_on(Pieces& out) {
    for (const OutputPiece& piece : between_.all()) {
        const std::string_view text = between_.text(piece);
        switch (piece.kind) {
            case PieceKind::reasoning: out.add_reasoning(text); break;
            case PieceKind::content: tools_->push(text, piece.token, out); break;
            // Formats in which thinking and calls are one: the first parser has read both.
            case PieceKind::call_begin: out.begin_call(piece.call, text, between_.id(piece)); break;
            case PieceKind::arguments: out.add_arguments(piece.call, text); break;
        }
    }
}

}  // namespace fastfront
