// SPDX-License-Identifier: Apache-2.0
// White space as Python's str.strip() sees it, in UTF-8, and what holds it back at the end of a text that still grows.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fastfront {

/// Bytes of white space that the text ends with.
[[nodiscard]] std::size_t trailing_white_space(std::string_view text) noexcept;
/// Bytes of white space that the text begins with.
[[nodiscard]] std::size_t leading_white_space(std::string_view text) noexcept;

/// Holds white space back until it is known whether text follows it: str.rstrip() of a text that comes in pieces.
class TrailingSpace {
  public:
    /// More than this is not held: of a longer run, the first part goes out.
    static constexpr std::size_t kMost = 4096;

    /// Hand on what is known not to be at the end: `emit(std::string_view)`, twice at most.
    template <class Emit>
    void add(std::string_view text, Emit&& emit) {
        const std::size_t space = trailing_white_space(text);
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
