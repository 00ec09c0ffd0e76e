// SPDX-License-Identifier: Apache-2.0
// What a tool-call format of tags looks like, as data: what opens and closes a block of calls, a call, its name, a
// parameter and its value. tag_parser.hpp reads every format that such a table can say.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "argument_writer.hpp"
#include "content_gate.hpp"
#include "tool_values.hpp"

namespace fastfront {

/// What the markup of a parameter says beside its value.
struct ParameterTag {
    std::string name;
    std::string type;
};

struct TagFormat {
    // A block of calls; empty: the format has none.
    std::array<std::string_view, 3> block_open{};  // its spellings
    std::string_view block_close{};
    bool needs_block = false;             // calls count only inside one
    bool block_close_ends_value = false;  // otherwise it ends a call only between parameters

    // A call: call_open, name, name_close, parameters, call_close. Without name_close the first parameter, or
    // call_close, ends the name.
    std::string_view call_open{};
    std::string_view name_close{};
    std::string_view call_close{};
    std::array<std::string_view, 2> layout{};  // tags that say nothing
    bool known_names = false;                  // only tools of the request can be called (without tools: all)
    bool needs_tools = false;                  // without tools: nothing
    bool doubled_names = false;  // "name.name" is the tool "name", if the request has that and not the other
    /// The name of the text between call_open and name_close; empty: none.
    std::string_view (*read_name)(std::string_view text) noexcept = nullptr;

    /// Without parameters: what the JSON of all between name_close and call_close is, and where in it that stops.
    std::string (*read_body)(std::string_view body, const Tool* tool, std::size_t& rest) = nullptr;
    bool json_body = false;  // or it is the JSON
    /// A block may be one call as a JSON object instead (name, and arguments or parameters), of a tool of the
    /// request's.
    bool json_block = false;

    // A parameter: parameter_open, its tag, tag_close, then (if there are such) type_open, type, type_close, and
    // value_open, value, value_close.
    std::string_view parameter_open{};
    std::string_view tag_close{};
    std::string_view type_open{};
    std::string_view type_close{};
    std::string_view value_open{};
    std::string_view value_close{};
    bool parameter_ends_value = false;  // value_close may be missing before the next parameter
    bool unwraps = false;               // see ArgumentWriter
    /// False: not such a tag. If it has an open quotation mark, there may be more of it to come.
    bool (*read_tag)(std::string_view text, ParameterTag& tag) = nullptr;

    ValueTrim value_trim = ValueTrim::none;
    ValueRule value_rule = ValueRule::schema;
    Trim content_trim = Trim::end;
};

}  // namespace fastfront
