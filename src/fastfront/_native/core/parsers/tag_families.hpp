// SPDX-License-Identifier: Apache-2.0
// The tables of formats made of tags, one function per group; xml_tools.cpp puts them together.
#pragma once

#include <span>

#include "registry.hpp"

namespace fastfront {

std::span<const ParserEntry> function_tag_parsers() noexcept;  ///< <function=name><parameter=name>
std::span<const ParserEntry> arg_key_tag_parsers() noexcept;   ///< name, <arg_key>, <arg_value>
std::span<const ParserEntry> invoke_tag_parsers() noexcept;    ///< <invoke name="..."><parameter name="...">
std::span<const ParserEntry> section_tag_parsers() noexcept;   ///< JSON between special tokens
std::span<const ParserEntry> gemma_parsers() noexcept;         ///< call:name{key:value}
std::span<const ParserEntry> kimi_k3_parsers() noexcept;       ///< channels whose tags have attributes
std::span<const ParserEntry> minicpm_parsers() noexcept;       ///< XML
std::span<const ParserEntry> muse_parsers() noexcept;          ///< messages to tools

}  // namespace fastfront
