// SPDX-License-Identifier: Apache-2.0
// Inkling writes blocks: a role, perhaps a name, what the block is, its text, an end (vllm/parser/inkling.py). The
// prompt ends behind the role, so an answer begins with the name.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "markup_parser.hpp"
#include "py_text.hpp"

namespace fastfront {

class InklingReasoning final : public MarkupParser {
  public:
    InklingReasoning(const ParserSpec& spec, const ParserOptions& options);

    [[nodiscard]] static std::span<const std::string_view> special_tokens() noexcept;

  private:
    enum class State : std::uint8_t { header, content, call, reasoning };

    [[nodiscard]] Set active() const noexcept override;
    void on_text(std::string_view text, std::int64_t token, Pieces& out) override;
    void on_marker(std::uint32_t index, std::string_view text, std::int64_t token, Pieces& out) override;
    void on_end(Pieces& out) override;

    State state_;
    std::string header_;   // the name, until it is known to be one
    TrailingSpace space_;  // of the reasoning
};

}  // namespace fastfront
