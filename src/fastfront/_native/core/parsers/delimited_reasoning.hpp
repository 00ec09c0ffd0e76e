// SPDX-License-Identifier: Apache-2.0
// Reasoning between delimiters: one state machine for all formats, which differ in a table (delimited_formats.cpp).
// Two states, reasoning and content; a format says what each of its markers does in each. A marker that is a special
// token of the vocabulary counts only as that token; any other is found in the text, at whatever split.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "marker_scanner.hpp"
#include "output_parser.hpp"
#include "white_space.hpp"

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

struct Marker {
    std::string_view text;
    MarkerRule in_reasoning = MarkerRule::text;
    MarkerRule in_content = MarkerRule::text;
};

/// A format; what it does not say is the commonest.
struct DelimitedFormat {
    std::span<const Marker> markers;
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

class DelimitedReasoning final : public OutputParser {
  public:
    /// `format` must outlive the parser.
    DelimitedReasoning(const DelimitedFormat& format, const ParserSpec& spec, const ParserOptions& options);

    void push(std::string_view text, std::int64_t token, Pieces& out) override;
    void finish(Pieces& out) override;

  private:
    /// Read text; `last`: what could become a marker is none.
    void read(std::string_view text, bool last, Pieces& out);
    void scan(std::string_view text, bool last, Pieces& out);
    void emit(std::string_view text, std::int64_t token, Pieces& out);
    /// Give out text in the present state.
    void deliver(std::string_view text, std::int64_t token, Pieces& out);
    void act(std::uint32_t marker, std::string_view text, std::int64_t token, Pieces& out);
    /// What a marker does now.
    [[nodiscard]] MarkerRule rule_of(std::uint32_t marker) const noexcept;
    void choose_active() noexcept;

    const DelimitedFormat& format_;
    MarkerScanner scanner_;
    std::vector<std::int64_t> ids_;   // per marker; kNoToken: found in the text only
    MarkerScanner::Set in_text_ = 0;  // the markers that are found in the text
    MarkerScanner::Set active_ = 0;   // those of them that do something now
    bool reasoning_ = true;
    bool verbatim_ = false;  // everything is content from here on
    bool started_ = false;   // text has come, or a marker
    bool opened_ = false;    // a marker that counts once has come
    bool reasoned_ = false;  // there has been reasoning
    bool leading_ = false;   // only white space has come, and a start would take it
    bool in_lines_ = false;  // only line feeds of the content have come, and they disappear
    std::string held_;       // may become a marker
    std::string work_;       // held_ and the text behind it, while they are read
    std::string lead_;       // the white space of leading_
    TrailingSpace space_;    // of the reasoning
};

}  // namespace fastfront
