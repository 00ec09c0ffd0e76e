// SPDX-License-Identifier: Apache-2.0
// Whitespace and case of UTF-8 text as Python's str has them. Knows nothing of formats.
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

}  // namespace fastfront
