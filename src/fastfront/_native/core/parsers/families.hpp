// SPDX-License-Identifier: Apache-2.0
// The tables of parsers, one function per group of formats; registry.cpp puts them together.
#pragma once

#include <span>

#include "registry.hpp"

namespace fastfront {

std::span<const ParserEntry> delimited_reasoning_parsers() noexcept;  ///< between two delimiters
std::span<const ParserEntry> special_reasoning_parsers() noexcept;    ///< with rules of their own
std::span<const ParserEntry> harmony_reasoning_parsers() noexcept;    ///< gpt-oss
std::span<const ParserEntry> template_reasoning_parsers() noexcept;   ///< by the model's response template
std::span<const ParserEntry> json_tool_parsers() noexcept;            ///< JSON, bare or between tags or tokens
std::span<const ParserEntry> xml_tool_parsers() noexcept;             ///< names and values between tags
std::span<const ParserEntry> list_tool_parsers() noexcept;            ///< Python-like lists, and all others
std::span<const ParserEntry> harmony_tool_parsers() noexcept;         ///< gpt-oss
std::span<const ParserEntry> template_tool_parsers() noexcept;        ///< by the model's response template

}  // namespace fastfront
