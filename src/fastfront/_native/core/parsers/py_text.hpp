// SPDX-License-Identifier: Apache-2.0
// Whitespace and case of UTF-8 text as Python's str has them, and white space at the end of a text that still grows.
// Knows nothing of formats.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fastfront {

/// Bytes of the whitespace that the text begins with.
[[nodiscard]] std::size_t leading_space(std::string_view text) noexcept;
/// Bytes of the whitespace that the text ends with.
[[nodiscard]] std::size_t trailing_space(std::string_view text) noexcept;
[[nodiscard]] inline bool is_blank(std::string_view text) noexcept { return leading_space(text) == text.size(); }

/// `text.strip()`.
[[nodiscard]] std::string_view py_strip(std::string_view text) noexcept;
/// `text.lower()` of ASCII; other characters stay.
[[nodiscard]] std::string py_lower_ascii(std::string_view text);

/// Holds white space back until it is known whether text follows it: str.rstrip() of a text that comes in pieces.
class TrailingSpace {
  public:
    /// More than this is not held: of a longer run, the first part goes out.
    static constexpr std::size_t kMost = 4096;

    /// Hand on what is known not to be at the end: `emit(std::string_view)`, twice at most.
    template <class Emit>
    void add(std::string_view text, Emit&& emit) {
        const std::size_t space = trailing_space(text);
        if (space < text.size()) {
            if (!held_.empty()) {
                emit(std::string_view(held_));
                held_.clear();
            }
            emit(text.substr(0, text.size() - space));
        }
        held_.append(text.substr(text.size() - space));
        if (held_.size() > kMost) {
            emit(std::string_view(held_).substr(0, surplus()));
            held_.erase(0, surplus());
        }
    }
    [[nodiscard]] std::string_view held() const noexcept { return held_; }
    void clear() noexcept { held_.clear(); }

  private:
    /// The bytes beyond kMost, up to the end of a character.
    [[nodiscard]] std::size_t surplus() const noexcept;

    std::string held_;
};

}  // namespace fastfront
