// SPDX-License-Identifier: Apache-2.0
// Lets no answer be empty (the chat template argument `force_nonempty_content` of nemotron_v3 and
// granite_thinking_parser): where nothing follows the thinking, the thinking is the answer, too. Knows no format.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "output_parser.hpp"
#include "py_text.hpp"

namespace fastfront {

class RepeatedThinking final : public OutputParser {
  public:
    /// `inner`: a reasoning parser.
    explicit RepeatedThinking(std::unique_ptr<OutputParser> inner) noexcept : inner_(std::move(inner)) {}

    void push(std::string_view text, std::int64_t token, Pieces& out) override {
        made_.clear();
        inner_->push(text, token, made_);
        pass_on(out);
    }

    void finish(Pieces& out) override {
        made_.clear();
        inner_->finish(made_);
        pass_on(out);
        if (!has_content_) out.add_content(thinking_);
    }

  private:
    void pass_on(Pieces& out) {
        for (const OutputPiece& piece : made_.all()) {
            const std::string_view text = made_.text(piece);
            if (piece.kind == PieceKind::reasoning) {
                if (!has_content_) thinking_.append(text);
                out.add_reasoning(text);
            } else {
                has_content_ = has_content_ || !is_blank(text);
                out.add_content(text, piece.token);
            }
        }
        if (has_content_) thinking_.clear();
    }

    std::unique_ptr<OutputParser> inner_;
    Pieces made_;
    bool has_content_ = false;
    std::string thinking_;  // until there is content
};

}  // namespace fastfront
