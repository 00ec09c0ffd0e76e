// SPDX-License-Identifier: Apache-2.0
#include "typed_arguments.hpp"

#include "json_stream.hpp"
#include "py_json.hpp"
#include "template_values.hpp"

namespace fastfront {

void TypedArguments::begin(std::uint32_t call, const Tool* tool) noexcept {
    call_ = call;
    tool_ = tool != nullptr && tool->parameters.properties.empty() ? nullptr : tool;
    depth_ = 0;
    in_string_ = is_escaped_ = is_key_ = holds_ = false;
    held_.clear();
}

void TypedArguments::push(std::string_view json, Pieces& out) {
    if (tool_ == nullptr) {
        out.add_arguments(call_, json);
        return;
    }
    out_.clear();
    for (const char c : json) take(c);
    out.add_arguments(call_, out_);
}

void TypedArguments::end(Pieces& out) {
    out.add_arguments(call_, held_);
    held_.clear();
}

void TypedArguments::take(char c) {
    if (in_string_) {
        if (is_key_) key_.push_back(c);
        (holds_ ? held_ : out_).push_back(c);
        if (is_escaped_) {
            is_escaped_ = false;
        } else if (c == '\\') {
            is_escaped_ = true;
        } else if (c == '"') {
            in_string_ = false;
            if (holds_ && depth_ == 1) end_value();
        }
        return;
    }
    if (depth_ == 1 && !is_key_ && !holds_ && c != ' ' && c != ',' && c != '}') begin_value(c);
    (holds_ ? held_ : out_).push_back(c);
    switch (c) {
        case '"':
            in_string_ = true;
            if (is_key_) key_ = c;
            break;
        case '{':
        case '[':
            if (++depth_ == 1) is_key_ = true;
            break;
        case '}':
        case ']':
            if (--depth_ == 1 && holds_) end_value();
            break;
        case ':':
            if (depth_ == 1) is_key_ = false;
            break;
        case ',':
            if (depth_ == 1) is_key_ = true;
            break;
        default: break;
    }
}

/// A member's value begins with `c`: whether it has to wait is a matter of its schema.
void TypedArguments::begin_value(char c) {
    std::string name;
    append_json_decoded(name, key_);
    const Schema* schema = tool_->parameters.property(name);
    types_ = schema == nullptr ? 0 : schema->types;
    holds_ =
        types_ != 0 && types_ != json_type::kString && (c == '"' || (c == '[' && (types_ & json_type::kArray) == 0));
}

void TypedArguments::end_value() {
    auto value = py_loads(held_);
    if (value) {
        coerce_argument(*value, types_);
        py_dump(*value, out_);
    } else {  // deeper than that reads
        out_.append(held_);
    }
    held_.clear();
    holds_ = false;
}

}  // namespace fastfront
