// SPDX-License-Identifier: Apache-2.0
// Appends JSON to a buffer, escaping exactly as pydantic's model_dump_json does (serde_json): the two-character
// escapes,
// \u00xx for the other control characters, everything else raw UTF-8. Input is valid UTF-8 by contract.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace fastfront {

/// Append `text` escaped, without the quotes.
void append_json_escaped(std::string& out, std::string_view text);

/// Append `text` as a JSON string, with the quotes.
inline void append_json_string(std::string& out, std::string_view text) {
    out.push_back('"');
    append_json_escaped(out, text);
    out.push_back('"');
}

template <std::integral Integer>
void append_json_int(std::string& out, Integer value) {
    char digits[24];
    const auto result = std::to_chars(digits, digits + sizeof digits, value);
    out.append(digits, result.ptr);
}

}  // namespace fastfront
