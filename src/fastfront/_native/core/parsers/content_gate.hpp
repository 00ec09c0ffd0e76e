// SPDX-License-Identifier: Apache-2.0
// What becomes of the text around tool calls: passed on, or held back where the format's whole answer has it without
// the spaces before a call. Knows no calls but that there was one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "pieces.hpp"

namespace fastfront {

/// Which whitespace before a call is not content, where what is around calls is content.
enum class Trim : std::uint8_t {
    end,    ///< all of it
    blank,  ///< only if nothing else is before the call
};

/// What vLLM's whole answer makes of the text around calls. Text that is nothing but spaces never goes with calls.
struct ContentRules {
    bool strip = false;           ///< without the spaces at its ends, if there are calls and as far as a stream can
    bool trim = false;            ///< ... even if there are none
    bool strip_newlines = false;  ///< without the line feeds before the first call
    bool drop_after = true;       ///< without what stands behind the first call
    bool join = false;            ///< the texts before and behind, stripped, with a line feed between them
    bool layout = false;          ///< the spaces before a call (strip), and behind one, are layout of the format
};

/// The rules of formats around whose calls all text is content.
[[nodiscard]] constexpr ContentRules layout_rules(Trim trim) noexcept {
    return {.strip = trim == Trim::end, .drop_after = false, .layout = true};
}

class ContentGate {
  public:
    /// Spaces that are held back; beyond, they go out.
    static constexpr std::size_t kMaxSpaces = 4096;

    explicit ContentGate(const ContentRules& rules) noexcept : rules_(rules) {}

    /// Text outside of calls.
    void text(std::string_view text, Pieces& out);
    /// What was taken for a call and is none. It goes out whatever the rules, and so does what follows.
    void raw(std::string_view text, Pieces& out);
    /// Markup that goes with a call if one follows; else it is text. Empty: markup that is never text; the spaces
    /// behind it go if nothing else follows.
    void markup(std::string_view text);
    /// A call has come, or (layout) begins, or markup of it has ended.
    void call() noexcept;
    /// What follows goes out even behind a call.
    void keep() noexcept { keep_ = true; }
    void finish(Pieces& out);

    /// Whether anything but spaces has come.
    [[nodiscard]] bool has_text() const noexcept { return has_text_; }
    [[nodiscard]] bool is_dropping() const noexcept { return called_ && rules_.drop_after && !keep_; }

  private:
    std::size_t take(std::string_view text, Pieces& out);
    std::size_t hold(std::string_view spaces, Pieces& out);
    void release(Pieces& out);

    const ContentRules rules_;
    bool has_text_ = false;
    bool called_ = false;
    bool keep_ = false;
    bool markup_ = false;  // held_ has markup: spaces behind it are held too
    bool gap_ = false;     // ... which is never text
    bool joint_ = false;   // a line feed goes before the next text
    std::string held_;     // spaces, and markup among them
};

}  // namespace fastfront
