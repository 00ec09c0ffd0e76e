// SPDX-License-Identifier: Apache-2.0
// Where the messages of a chat request stand in its JSON, found without decoding it. What is found is a guess for
// whoever decodes the rest of the body: bytes that are no JSON, or that only look like messages, give places that mean
// nothing. Knows strings, braces and one name; no schema.
#pragma once

#include <cstddef>
#include <string_view>

namespace fastfront {

inline constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

/// Behind JSON's white space at or behind `at`; the end if there is nothing else.
[[nodiscard]] std::size_t skip_json_space(std::string_view json, std::size_t at) noexcept;

/// The place of the first object of the first array with the name "messages" that begins within `limit` bytes.
[[nodiscard]] std::size_t find_messages(std::string_view json, std::size_t limit) noexcept;

/// The end of the object that begins with the brace at `at`; kNowhere: no brace is there, or the object does not end.
[[nodiscard]] std::size_t find_object_end(std::string_view json, std::size_t at) noexcept;

/// Behind the comma, and the white space around it, that follows a value's end; kNowhere: no other object follows.
[[nodiscard]] std::size_t find_next_object(std::string_view json, std::size_t end) noexcept;

}  // namespace fastfront
