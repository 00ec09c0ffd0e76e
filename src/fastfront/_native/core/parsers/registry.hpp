// SPDX-License-Identifier: Apache-2.0
// Parsers by the names that vLLM gives them. Each group of formats has a table (families.hpp).
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "output_parser.hpp"

namespace fastfront {

/// One name: what makes the parser, and which special tokens it goes by.
struct ParserEntry {
    std::string_view name;
    std::unique_ptr<OutputParser> (*make)(const ParserSpec& spec, const ParserOptions& options);
    std::span<const std::string_view> special_tokens;
};

/// The entry of a reasoning or tool parser's name; null: there is none.
[[nodiscard]] const ParserEntry* find_reasoning_parser(std::string_view name);
[[nodiscard]] const ParserEntry* find_tool_parser(std::string_view name);

/// All names, for --help and error messages.
[[nodiscard]] std::span<const ParserEntry> reasoning_parsers();
[[nodiscard]] std::span<const ParserEntry> tool_parsers();

}  // namespace fastfront
