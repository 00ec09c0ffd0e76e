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
        if (piece.kind == PieceKind::reasoning) {
            out.add_reasoning(between_.text(piece));
        } else {
            tools_->push(between_.text(piece), piece.token, out);
        }
    }
}

}  // namespace fastfront
