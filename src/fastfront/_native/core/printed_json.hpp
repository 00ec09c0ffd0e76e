// SPDX-License-Identifier: Apache-2.0
// Whether a JSON object is written as Python prints it, so that reading and printing it again would change nothing:
// what models write as arguments of their calls most often is. Knows no Python.
#pragma once

#include <string_view>

namespace fastfront {

/// Whether json.dumps(json.loads(text), ensure_ascii=False) is `text`, and an object (UTF-8). False as well where that
/// is not found out here: floats, integers of more than 18 digits, objects of more than 32 members, deep nesting.
[[nodiscard]] bool is_printed_object(std::string_view text) noexcept;

}  // namespace fastfront
