// SPDX-License-Identifier: Apache-2.0
// Python literals, as ast.literal_eval reads them, into what json.dumps writes of them. Knows no schema.
#pragma once

#include <optional>
#include <string_view>

#include "py_json.hpp"

namespace fastfront {

/// `ast.literal_eval(text)` as JSON; none: no literal, or one that JSON has not (bytes, sets, complex numbers), or
/// deeper than 64 levels. Of strings it knows the common escapes, not prefixes, names of characters and triple quotes.
[[nodiscard]] std::optional<JsonValue> py_literal(std::string_view text);

}  // namespace fastfront
