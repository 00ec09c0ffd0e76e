// SPDX-License-Identifier: Apache-2.0
// MiniCPM-V: Qwen3's delimiters, markers of its own that disappear, and line breaks written as `\n`
// (vllm/parser/minicpmv.py).
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "delimited_reasoning.hpp"
#include "escaped_newlines.hpp"
#include "marker_scanner.hpp"
#include "output_parser.hpp"

namespace fastfront {

class MinicpmvReasoning final : public OutputParser {
  public:
    MinicpmvReasoning(const ParserSpec& spec, const ParserOptions& options);

    void push(std::string_view text, std::int64_t token, Pieces& out) override;
    void finish(Pieces& out) override;

    [[nodiscard]] static std::span<const std::string_view> special_tokens() noexcept;

  private:
    void hand_on(bool last, Pieces& out);
    void content(std::string_view text, std::int64_t token, bool last, Pieces& out);
    /// Give out content: a call as it is, all else with its line breaks.
    void give(std::string_view text, std::int64_t token, bool last, Pieces& out);

    DelimitedReasoning inner_;
    Pieces between_;
    EscapedNewlines reasoning_lines_;
    EscapedNewlines content_lines_;
    MarkerScanner calls_;  // 0: a call begins, 1: it ends
    const bool keeps_calls_;
    const std::int64_t call_begin_;
    const std::int64_t call_end_;
    bool in_call_ = false;
    std::string held_;  // may become a marker of calls_
    std::string work_;
    std::string text_;
};

}  // namespace fastfront
