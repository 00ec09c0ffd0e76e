// SPDX-License-Identifier: Apache-2.0
// Text as CPython stores a str (characters of 1, 2 or 4 bytes: Latin-1, UCS-2, UCS-4), and what str's own methods find
// in it: substrings, ends, and the parts that strip and split leave. All results are windows of the text, nothing is
// copied. Knows nothing of Python.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fastfront {

/// A window of a text that somebody else holds.
struct TextView {
    const void* data = nullptr;
    std::size_t size = 0;      // characters
    std::uint8_t width = 1;    // bytes of a character: 1, 2 or 4
    char32_t max_char = 0x7F;  // no character is above it; 0: not known
};

inline constexpr std::size_t kNotFound = static_cast<std::size_t>(-1);

/// A constant to look for, in all three widths.
class Needle {
  public:
    Needle() = default;
    explicit Needle(std::u32string_view text);

    /// Characters.
    [[nodiscard]] std::size_t size() const noexcept { return text_.size(); }
    [[nodiscard]] std::u32string_view text() const noexcept { return text_; }
    /// The needle as a text of that width holds it, or nullptr if none can.
    [[nodiscard]] const void* data(std::uint8_t width) const noexcept;

  private:
    std::u32string text_;
    std::vector<std::uint32_t> wide_;
    std::vector<std::uint16_t> narrow_;
    std::vector<std::uint8_t> bytes_;
    char32_t max_char_ = 0;
};

/// Index of the first place at or behind `from`, or kNotFound. An empty needle is found at once.
[[nodiscard]] std::size_t find(const TextView& text, const Needle& needle, std::size_t from = 0) noexcept;
[[nodiscard]] bool starts_with(const TextView& text, const Needle& needle) noexcept;
[[nodiscard]] bool ends_with(const TextView& text, const Needle& needle) noexcept;
[[nodiscard]] bool equals(const TextView& text, const Needle& needle) noexcept;

/// `text.split(needle)[0]` and `text.split(needle)[-1]`; the needle is not empty.
[[nodiscard]] TextView before_first(const TextView& text, const Needle& needle) noexcept;
[[nodiscard]] TextView after_last(const TextView& text, const Needle& needle) noexcept;

/// `text.lstrip(chars)` and `text.rstrip(chars)`; nullptr: whitespace.
[[nodiscard]] TextView strip_left(const TextView& text, const Needle* chars) noexcept;
[[nodiscard]] TextView strip_right(const TextView& text, const Needle* chars) noexcept;

/// Whitespace to str.strip.
[[nodiscard]] bool is_space(char32_t c) noexcept;

/// 0x7F, 0xFF, 0xFFFF or 0x10FFFF: the least of them that no character is above.
[[nodiscard]] char32_t char_range(const TextView& text) noexcept;

/// Copy the characters to `out`, as characters of `width` bytes, which hold them all.
void copy_text(const TextView& text, void* out, std::uint8_t width) noexcept;

}  // namespace fastfront
