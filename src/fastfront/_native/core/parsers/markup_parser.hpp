// SPDX-License-Identifier: Apache-2.0
// What all parsers of markup do alike: find markers, as special tokens or in the text, at whatever split, and hold back
// what may become one. What a marker means is the derived parser's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "marker_scanner.hpp"
#include "output_parser.hpp"

namespace fastfront {

class MarkupParser : public OutputParser {
  public:
    void push(std::string_view text, std::int64_t token, Pieces& out) final;
    void finish(Pieces& out) final;

  protected:
    using Set = MarkerScanner::Set;

    /// Add a marker; its number is the count of those before. One that is a special token of the vocabulary is found in
    /// the text only `in_text_too`.
    void add_marker(std::string_view text, const ParserSpec& spec, bool in_text_too = false);
    /// Whether marker `index` is a special token of the vocabulary.
    [[nodiscard]] bool is_token(std::uint32_t index) const noexcept { return ids_[index] != kNoToken; }
    [[nodiscard]] std::uint32_t marker_count() const noexcept { return static_cast<std::uint32_t>(ids_.size()); }

    /// The markers that count now; the others are text. May change with every call of on_text() and on_marker().
    [[nodiscard]] virtual Set active() const noexcept = 0;
    /// Text, never empty; `token`: the special token that it is, which is none of the active markers.
    virtual void on_text(std::string_view text, std::int64_t token, Pieces& out) = 0;
    /// An active marker.
    virtual void on_marker(std::uint32_t index, std::string_view text, std::int64_t token, Pieces& out) = 0;
    /// The end; all text has been read.
    virtual void on_end(Pieces& out) = 0;
    /// Whether what was held, and did not become a marker, is to be forgotten.
    [[nodiscard]] virtual bool forgets(std::string_view) const noexcept { return false; }

  private:
    void scan(std::string_view text, bool last, Pieces& out);
    /// What is held becomes no marker any more.
    void settle(Pieces& out);

    MarkerScanner scanner_;
    std::vector<std::int64_t> ids_;  // per marker; kNoToken: no special token
    Set in_text_ = 0;
    std::string held_;
    std::string work_;  // held_ and the text behind it, while they are read
};

}  // namespace fastfront
