// SPDX-License-Identifier: Apache-2.0
// Tool calls that are JSON: the names and what makes their parsers.
#include "families.hpp"

namespace fastfront {

std::span<const ParserEntry> json_tool_parsers() noexcept { return {}; }

}  // namespace fastfront
