// SPDX-License-Identifier: Apache-2.0
// Tool calls of names and values between tags: the names and what makes their parsers.
#include "families.hpp"

namespace fastfront {

std::span<const ParserEntry> xml_tool_parsers() noexcept { return {}; }

}  // namespace fastfront
