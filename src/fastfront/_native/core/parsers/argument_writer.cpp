// SPDX-License-Identifier: Apache-2.0
#include "argument_writer.hpp"

#include <algorithm>
#include <optional>

#include "json_writer.hpp"
#include "py_text.hpp"

namespace fastfront {

namespace {

/// The arguments that `json` holds if it is a wrapper of them.
std::optional<JsonValue> unwrapped(std::string_view json, const Schema& parameters) {
    auto inner = py_loads(json);
    if (inner && inner->kind == JsonValue::Kind::string) inner = py_loads(std::string(inner->text));
    if (!inner || inner->kind != JsonValue::Kind::object) return std::nullopt;
    for (auto& [key, member] : inner->members) {
        const Schema* schema = parameters.property(key);
        if (schema == nullptr) return std::nullopt;
        coerce(member, *schema);
    }
    return inner;
}

}  // namespace

void ArgumentWriter::begin_call(std::uint32_t call, const Tool* tool) noexcept {
    call_ = call;
    tool_ = tool;
    has_members_ = false;
    wrapped_.clear();
}

void ArgumentWriter::expect_value(Pieces& out) {
    if (wrapped_.empty()) return;
    begin_member(wrapped_);
    put(out);
    wrapped_.clear();
    text_.clear();
}

bool ArgumentWriter::begin_value(std::string_view name, std::string_view type, Pieces& out) {
    name_ = name;
    type_ = type;
    schema_ = tool_ == nullptr ? nullptr : tool_->parameters.property(name);
    is_wrapper_ = unwraps_ && !has_members_ && tool_ != nullptr && schema_ == nullptr &&
                  !tool_->parameters.properties.empty() && (name == "arguments" || name == "input");
    timing_ = is_wrapper_ ? ValueTiming::when_complete : timing_of(rule_, {.schema = schema_, .type = type_});
    at_start_ = true;
    text_.clear();
    held_.clear();
    if (timing_ != ValueTiming::streams) return false;
    begin_member("\"");
    put(out);
    return true;
}

bool ArgumentWriter::value(std::string_view text, Pieces& out) {
    if (timing_ == ValueTiming::streams) {
        stream(text, out);
        return true;
    }
    text_.append(text);
    if (timing_ != ValueTiming::unless_null || may_be_null()) return false;
    timing_ = ValueTiming::streams;
    begin_member("\"");
    put(out);
    stream(text_, out);
    text_.clear();
    return true;
}

bool ArgumentWriter::end_value(Pieces& out) {
    if (timing_ == ValueTiming::streams) {
        out.add_arguments(call_, "\"");
        return true;
    }
    const Parameter parameter{.schema = schema_, .type = type_};
    if (is_wrapper_) {
        append_value(rule_, parameter, trimmed(text_), wrapped_);
        return false;
    }
    begin_member({});
    append_value(rule_, parameter, trimmed(text_), scratch_);
    put(out);
    text_.clear();
    return true;
}

void ArgumentWriter::add(std::string_view name, JsonValue value, Pieces& out) {
    name_ = name;
    const Schema* schema = tool_ == nullptr ? nullptr : tool_->parameters.property(name);
    if (schema != nullptr) coerce(value, *schema);
    begin_member({});
    py_dump(value, scratch_);
    put(out);
}

void ArgumentWriter::end_call(Pieces& out) {
    if (wrapped_.empty()) {
        out.add_arguments(call_, has_members_ ? "}" : "{}");
        return;
    }
    if (const auto arguments = unwrapped(wrapped_, tool_->parameters)) {
        py_dump(*arguments, scratch_);
    } else {
        begin_member(wrapped_);
        scratch_.push_back('}');
    }
    put(out);
    wrapped_.clear();
    text_.clear();
}

void ArgumentWriter::cut(Pieces& out) {
    if (timing_ != ValueTiming::streams) return;
    append_json_escaped(scratch_, held_);
    put(out);
    held_.clear();
}

void ArgumentWriter::begin_member(std::string_view value_begin) {
    scratch_.append(has_members_ ? ", \"" : "{\"");
    append_json_escaped(scratch_, name_);
    scratch_.append("\": ").append(value_begin);
    has_members_ = true;
}

void ArgumentWriter::stream(std::string_view text, Pieces& out) {
    std::size_t tail = 0;
    if (trim_ == ValueTrim::newline && !text.empty()) {
        if (at_start_ && text.front() == '\n') text.remove_prefix(1);
        at_start_ = false;
        tail = text.ends_with('\n') ? 1 : 0;
    } else if (trim_ == ValueTrim::space) {
        if (at_start_) text.remove_prefix(leading_space(text));
        at_start_ = at_start_ && text.empty();
        tail = trailing_space(text);
    }
    if (text.empty()) return;
    const std::string_view solid = text.substr(0, text.size() - tail);
    if (trim_ == ValueTrim::newline || !solid.empty()) {  // the held was not the end
        append_json_escaped(scratch_, held_);
        held_.clear();
    }
    append_json_escaped(scratch_, solid);
    put(out);
    held_.append(text.substr(solid.size()));
}

/// Whether the value so far can still become the word null.
bool ArgumentWriter::may_be_null() const {
    if (text_.size() > 64) return false;
    const std::string_view value = trimmed(text_);
    return value.size() <= 4 && py_lower_ascii(value) == std::string_view("null").substr(0, value.size());
}

std::string_view ArgumentWriter::trimmed(std::string_view text) const noexcept {
    if (trim_ == ValueTrim::space) return py_strip(text);
    if (trim_ == ValueTrim::newline) {
        if (text.starts_with('\n')) text.remove_prefix(1);
        if (text.ends_with('\n')) text.remove_suffix(1);
    }
    return text;
}

void ArgumentWriter::put(Pieces& out) {
    out.add_arguments(call_, scratch_);
    scratch_.clear();
}

}  // namespace fastfront
