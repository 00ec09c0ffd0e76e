// SPDX-License-Identifier: Apache-2.0
// Reasoning with rules of its own: the names and what makes their parsers.
#include "families.hpp"

namespace fastfront {

std::span<const ParserEntry> special_reasoning_parsers() noexcept { return {}; }

}  // namespace fastfront
