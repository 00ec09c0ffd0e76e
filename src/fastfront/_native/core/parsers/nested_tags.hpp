// SPDX-License-Identifier: Apache-2.0
// Arguments as elements that are named after the parameters and may hold others (vllm/parser/minimax_m3.py), all at
// once: a name that comes again makes a list of what was one value. Knows no streams.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools.hpp"

namespace fastfront {

/// The JSON of the elements in `body`; what is malformed, and all behind it, is left out, and `rest` says from where.
[[nodiscard]] std::string read_nested_tags(std::string_view body, const Tool* tool, std::size_t& rest);

}  // namespace fastfront
