// SPDX-License-Identifier: Apache-2.0
#include "json_arguments.hpp"

#include "py_text.hpp"
#include "tool_values.hpp"

namespace fastfront {

namespace {

constexpr bool is_json_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

}  // namespace

void JsonArguments::begin(std::uint32_t call, const Tool* tool) noexcept {
    *this = {};
    call_ = call;
    tool_ = tool;
}

std::size_t JsonArguments::feed(std::string_view text, Pieces& out) {
    std::size_t at = 0;
    while (at < text.size() && where_ != Where::behind) take(text[at++], out);
    put(out);
    return at;
}

void JsonArguments::end(Pieces& out) {
    if (where_ == Where::held_value) out_.append(held_);
    held_.clear();
    if (is_empty_) out_.append("{}");
    put(out);
}

void JsonArguments::take(char c, Pieces& out) {
    if (where_ == Where::before || where_ == Where::verbatim) {
        if (is_json_space(c)) {  // around the arguments it is none of them
            if (!is_empty_) held_.push_back(c);
            return;
        }
        if (where_ == Where::before) {
            where_ = c == '{' ? Where::key : Where::verbatim;
            depth_ = c == '{' ? 1 : 0;
        }
        is_empty_ = false;
        out_.append(held_).push_back(c);
        held_.clear();
        return;
    }
    std::string& text = where_ == Where::held_value ? held_ : out_;
    if (in_string_) {
        text.push_back(c);
        if (where_ == Where::key) key_.push_back(c);
        if (is_escaped_) {
            is_escaped_ = false;
        } else if (c == '\\') {
            is_escaped_ = true;
        } else if (c == '"') {
            in_string_ = false;
            if (where_ == Where::key) where_ = Where::colon;
        }
        return;
    }
    take_structure(c, out);
}

void JsonArguments::take_structure(char c, Pieces& out) {
    if (where_ == Where::colon && !is_json_space(c) && c != ':' && c != '}') begin_value(c);
    const bool ends_value = depth_ == 1 && (c == ',' || c == '}' || c == ']');
    if (ends_value) {
        end_value();
        where_ = Where::key;
        key_.clear();
    }
    std::string& text = where_ == Where::held_value ? held_ : out_;
    text.push_back(c);
    if (c == '"') {
        in_string_ = true;
        if (where_ == Where::key) key_.assign(1, c);
    } else if (c == '{' || c == '[') {
        ++depth_;
    } else if (c == '}' || c == ']') {
        if (--depth_ == 0) {
            where_ = Where::behind;
            put(out);
        }
    }
}

void JsonArguments::begin_value(char c) {
    const auto name = py_loads(key_);
    schema_ = tool_ == nullptr || !name ? nullptr : tool_->parameters.property(name->text);
    const bool is_text = c == '"' && schema_ != nullptr && (schema_->types & ~json_type::kString) == 0;
    where_ = schema_ == nullptr || is_text ? Where::value : Where::held_value;
}

void JsonArguments::end_value() {
    if (where_ != Where::held_value) return;
    const std::size_t tail = trailing_space(held_);
    if (auto value = py_loads(held_)) {
        std::string before;
        std::string after;
        py_dump(*value, before);
        coerce(*value, *schema_);
        py_dump(*value, after);
        if (after != before) held_.replace(0, held_.size() - tail, after);
    }
    out_.append(held_);
    held_.clear();
}

void JsonArguments::put(Pieces& out) {
    out.add_arguments(call_, out_);
    out_.clear();
}

}  // namespace fastfront
