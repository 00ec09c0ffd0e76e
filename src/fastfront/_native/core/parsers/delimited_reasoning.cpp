// SPDX-License-Identifier: Apache-2.0
// Reasoning between two delimiters: the names and what makes their parsers.
#include "families.hpp"

namespace fastfront {

std::span<const ParserEntry> delimited_reasoning_parsers() noexcept { return {}; }

}  // namespace fastfront
