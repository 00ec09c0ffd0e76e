// SPDX-License-Identifier: Apache-2.0
// What JSON a format makes of the text of a parameter: by the tool's schema, by what the text looks like, or by what
// the markup says of it. The rules are those of vLLM's Python parsers. Knows no markup and no streams.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "py_json.hpp"
#include "tools.hpp"

namespace fastfront {

enum class ValueRule : std::uint8_t {
    schema,       ///< vllm/tool_parsers/utils.py, coerce_to_schema_type; without a schema a string
    json,         ///< JSON if it is some, or else a string
    json_schema,  ///< `json`, and what comes out by the schema (vllm/parser/engine/parser_engine.py, _coerce_value)
    hunyuan,      ///< vllm/tool_parsers/hy_v3_tool_parser.py, _parse_value
    poolside,     ///< a string if the schema says so, or else JSON or a Python literal, stripped
    dots,         ///< vllm/tool_parsers/dots_tool_parser.py, _convert_param_value
    horizon,      ///< vllm/tool_parsers/k2_horizon_tool_parser.py, _coerce_xml_value
    step,         ///< vllm/tool_parsers/step3_tool_parser.py, _cast_arguments
    atem,         ///< a string if the schema says so, or else JSON, or a string
    minicpm,      ///< a string if the schema says so, or else JSON or a Python literal
};

/// A parameter, as far as its value depends on it.
struct Parameter {
    const Schema* schema = nullptr;  // null: none of that name, or no such tool
    std::string_view type;           // what the markup says of the type; empty: nothing
};

/// How much of a value has to be there before something of it can go out.
enum class ValueTiming : std::uint8_t {
    streams,        ///< it is a string, whatever it holds
    unless_null,    ///< it is a string, unless it is the word null
    when_complete,  ///< all of it
};

[[nodiscard]] ValueTiming timing_of(ValueRule rule, const Parameter& parameter) noexcept;

/// The JSON of a complete value.
[[nodiscard]] JsonValue make_value(ValueRule rule, const Parameter& parameter, std::string_view text);

/// Append it.
void append_value(ValueRule rule, const Parameter& parameter, std::string_view text, std::string& out);

/// coerce_to_schema_type: of the types (json_type), the first that fits in vLLM's order; none: JSON or a string.
[[nodiscard]] JsonValue coerce(std::string_view text, std::uint8_t types);

/// ParserEngine._coerce_value: the same for a value that is JSON already, and for what is inside it.
void coerce(JsonValue& value, const Schema& schema);

}  // namespace fastfront
