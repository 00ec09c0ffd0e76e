// SPDX-License-Identifier: Apache-2.0
// Reasoning between delimiters: one state machine for all formats, which differ in a table (delimited_formats.cpp).
// Two states, reasoning and content; a format says what each of its markers does in each. A marker that is a special
// token of the vocabulary counts only as that token; any other is found in the text, at whatever split.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "markup_parser.hpp"
#include "output_parser.hpp"
#include "py_text.hpp"

namespace fastfront {

/// What a marker does in one state.
enum class MarkerRule : std::uint8_t {
    text,               ///< nothing: it is text like any other
    drop,               ///< it disappears
    drop_one,           ///< the first of the answer disappears; others are text
    drop_at_start,      ///< it disappears where the answer begins with it
    drop_at_reasoning,  ///< it disappears where the reasoning begins with it
    skip_at_start,      ///< it disappears where the answer begins with it, and all that follows is content
    start,              ///< reasoning begins
    start_one,          ///< the first of the answer begins reasoning; others are text
    start_at_start,     ///< reasoning begins where the answer begins with it
    end,                ///< content begins
    end_at_reasoning,   ///< content begins where the reasoning begins with it
    end_keep,           ///< content begins, with the marker as its first text: a tool call that ends thinking
};

struct ReasoningMarker {
    std::string_view text;
    MarkerRule in_reasoning = MarkerRule::text;
    MarkerRule in_content = MarkerRule::text;
};

/// A format; what it does not say is the commonest.
struct DelimitedFormat {
    std::span<const ReasoningMarker> markers;
    bool begins_in_content = false;         // where neither prompt nor request says: not in reasoning
    bool closed_is_text = true;             // thinking that is closed: no marker counts; false: they still do
    bool one_block = false;                 // behind the end of the reasoning no marker counts
    bool drops_space_before_start = false;  // white space between the answer's beginning and the start disappears
    bool strips_reasoning_end = false;      // reasoning ends without white space
    bool strips_content_lines = false;      // content begins without line feeds
    bool tokens_as_text_too = false;        // a marker that is a special token is found in the text as well
    bool needs_tokens = false;              // no reasoning where the first marker is no special token
    std::string_view empty_reasoning = {};  // reasoning of only this is none
};

/// The oldest: the start may be missing, and without an end all is reasoning (vllm/reasoning/basic_parsers.py).
inline constexpr ReasoningMarker kThinkMarkers[] = {{"<think>", MarkerRule::drop_one}, {"</think>", MarkerRule::end}};
inline constexpr DelimitedFormat kThinkFormat{
    .markers = kThinkMarkers, .one_block = true, .drops_space_before_start = true};

class DelimitedReasoning final : public MarkupParser {
  public:
    /// `format` must outlive the parser.
    DelimitedReasoning(const DelimitedFormat& format, const ParserSpec& spec, const ParserOptions& options);

  private:
    [[nodiscard]] Set active() const noexcept override { return active_; }
    void on_text(std::string_view text, std::int64_t token, Pieces& out) override;
    void on_marker(std::uint32_t index, std::string_view text, std::int64_t token, Pieces& out) override;
    void on_end(Pieces& out) override;
    [[nodiscard]] bool forgets(std::string_view held) const noexcept override;

    /// Give out text in the present state.
    void deliver(std::string_view text, std::int64_t token, Pieces& out);
    /// What a marker does now.
    [[nodiscard]] MarkerRule rule_of(std::uint32_t marker) const noexcept;
    void choose_active() noexcept;

    const DelimitedFormat& format_;
    Set active_ = 0;  // the markers that do something now
    bool reasoning_ = true;
    bool verbatim_ = false;  // everything is content from here on
    bool started_ = false;   // text has come, or a marker
    bool opened_ = false;    // a marker that counts once has come
    bool reasoned_ = false;  // there has been reasoning
    bool leading_ = false;   // only white space has come, and a start would take it
    bool in_lines_ = false;  // only line feeds of the content have come, and they disappear
    std::string lead_;       // the white space of leading_
    TrailingSpace space_;    // of the reasoning
};

}  // namespace fastfront
