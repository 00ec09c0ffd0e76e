// SPDX-License-Identifier: Apache-2.0
// Objects and arrays as Gemma writes them inside arguments: {key:<|"|>text<|"|>,key:5} (vllm/parser/gemma4.py,
// _parse_gemma4_args and _parse_gemma4_array). Knows no streams.
#pragma once

#include <string_view>

#include "py_json.hpp"

namespace fastfront {

/// `text` begins with a brace or a bracket. Values without `quote` around them are strings too: a schema may say more.
[[nodiscard]] JsonValue read_gemma_value(std::string_view text, std::string_view quote);

}  // namespace fastfront
