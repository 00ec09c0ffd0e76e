// SPDX-License-Identifier: Apache-2.0
// Content between wrapping tags: the tags disappear, and what little stands around them. Reads what a reasoning parser
// left as content; hands all else on as it comes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "markup_parser.hpp"

namespace fastfront {

class AnswerWrapper final : public MarkupParser {
  public:
    /// `open` empty: the content begins wrapped. `open` counts only where nothing but white space is before it; `close`
    /// only inside, where nothing but white space follows. That white space disappears with them.
    AnswerWrapper(std::string_view open, std::string_view close, const ParserSpec& spec);

  private:
    enum class State : std::uint8_t { before, inside, plain };

    [[nodiscard]] Set active() const noexcept override;
    void on_text(std::string_view text, std::int64_t token, Pieces& out) override;
    void on_marker(std::uint32_t index, std::string_view text, std::int64_t token, Pieces& out) override;
    void on_end(Pieces& out) override;

    State state_;
    std::string blank_;  // white space, or a closing tag and white space, that may disappear
};

}  // namespace fastfront
