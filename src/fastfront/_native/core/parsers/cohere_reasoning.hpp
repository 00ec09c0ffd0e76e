// SPDX-License-Identifier: Apache-2.0
// Cohere's Command models: thinking, then a response or an action, each between tokens, with the borders' white space
// stripped and the tags of citations taken out, as the cohere-melody library does for vLLM
// (vllm/parser/cohere_command.py).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "markup_parser.hpp"
#include "py_text.hpp"

namespace fastfront {

class CohereReasoning final : public MarkupParser {
  public:
    /// `four`: Command 4, which begins inside thinking and has more borders.
    CohereReasoning(bool four, const ParserSpec& spec, const ParserOptions& options);

    [[nodiscard]] static std::span<const std::string_view> special_tokens() noexcept;

  private:
    enum class Cited : std::uint8_t { no, text, closing, never };

    [[nodiscard]] Set active() const noexcept override;
    void on_text(std::string_view text, std::int64_t token, Pieces& out) override;
    void on_marker(std::uint32_t index, std::string_view text, std::int64_t token, Pieces& out) override;
    void on_end(Pieces& out) override;

    void emit(std::string_view text, std::int64_t token, Pieces& out);
    void give(std::string_view text, std::int64_t token, Pieces& out);
    /// Text follows the white space that is held.
    void keep_space(Pieces& out);
    void give_up_closing(Pieces& out);

    const bool four_;
    bool reasoning_;
    bool acts_ = false;          // an action: everything is the tool parser's
    bool strips_front_ = false;  // only white space has come since thinking began
    Cited cited_ = Cited::no;
    std::string closing_;  // `</co: ...` of which the end has not come
    TrailingSpace space_;
};

}  // namespace fastfront
