// SPDX-License-Identifier: Apache-2.0
// Values that a model wrote as Python: an argument of a call, which is a literal or a display of such, or JSON's null,
// true and false (vllm/tool_parsers/utils.py, get_parameter_value); or a literal, as ast.literal_eval reads it. Knows
// no calls and no schema.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "py_json.hpp"

namespace fastfront {

/// Brackets inside each other, as many as Python reads in a list of calls.
inline constexpr std::size_t kMaxPyDepth = 198;

/// Bytes of a value that stands in no brackets: the digits of an integer, and signs and underscores between them.
inline constexpr std::size_t kMaxPyWord = 8704;

/// The value that `text` is; none: it is no such expression. Tuples and sets are arrays. `lenient`: strings are as
/// PyString has it, and integers may begin with zeros (normalize_leading_zero_ints).
[[nodiscard]] std::optional<JsonValue> py_argument(std::string_view text, bool lenient);

/// `ast.literal_eval(text)` as JSON; none: no literal, or one that JSON has not (bytes, sets, complex numbers, numbers
/// that are not finite).
[[nodiscard]] std::optional<JsonValue> py_literal(std::string_view text);

/// Whether a character may be part of a Python identifier; all that are not ASCII are taken for letters.
[[nodiscard]] constexpr bool is_py_word(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           static_cast<unsigned char>(c) >= 0x80;
}

/// Whether `word`, which is not empty and has nothing but such characters, is a name: no keyword unless those are
/// `allowed`, no number.
[[nodiscard]] bool is_py_name(std::string_view word, bool keywords_allowed) noexcept;

}  // namespace fastfront
