// SPDX-License-Identifier: Apache-2.0
// Functions that MiniCPM5 calls by names of its own where a request has others that do the same: a customer's details
// by phone, a line's roaming switched on. As in vLLM (_normalize_alias_tool_call in
// vllm/tool_parsers/minicpm5xml_tool_parser.py). Knows no markup.
#pragma once

#include <string_view>

#include "py_json.hpp"
#include "tools.hpp"

namespace fastfront {

/// The tool that a function stands for that the request does not have; `arguments` become that tool's. Null: none, and
/// the arguments are as they were.
[[nodiscard]] const Tool* map_minicpm_alias(std::string_view function, JsonValue& arguments, const Tools& tools);

}  // namespace fastfront
