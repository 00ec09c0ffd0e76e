// SPDX-License-Identifier: Apache-2.0
#include "template_values.hpp"

#include <cmath>

#include "py_number.hpp"
#include "py_text.hpp"
#include "regex_search.hpp"
#include "regex_syntax.hpp"

namespace fastfront {

namespace {

using Kind = JsonValue::Kind;
using Value = std::optional<JsonValue>;

Value read(std::string_view text, const TemplateReader& reader);

std::string_view stripped(std::string_view text, const TemplateReader& reader) noexcept {
    return reader.strip ? py_strip(text) : text;
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
    for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
        text.replace(at, from.size(), to);
    }
}

/// Strings between delimiters of the template's, out of the text: a mark with their number in their place.
std::string without_strings(std::string text, const TemplateReader& reader, std::vector<std::string>& strings) {
    for (const auto& [open, close] : reader.delimiters) {
        std::string rest;
        std::size_t from = 0;
        while (true) {
            const std::size_t begin = text.find(open, from);
            const std::size_t end = begin == std::string::npos ? begin : text.find(close, begin + open.size());
            if (end == std::string::npos) break;
            rest.append(text, from, begin - from).append("\x01").append(std::to_string(strings.size())).append("\x02");
            strings.push_back(text.substr(begin + open.size(), end - begin - open.size()));
            from = end + close.size();
        }
        text = rest.append(text, from);
    }
    return text;
}

/// `{a: 1, b: 2}` with its names in quotes.
std::string with_quoted_keys(std::string_view text) {
    std::string out;
    std::size_t at = 0;
    while (at < text.size()) {
        const char c = text[at++];
        out.push_back(c);
        if (c != '{' && c != ',') continue;
        std::size_t end = at;
        while (end < text.size()) {
            const DecodedChar decoded = decode_char(text.substr(end));
            if (!is_regex_word(decoded.c)) break;
            end += decoded.size;
        }
        if (end == at || end == text.size() || text[end] != ':') continue;
        out.append("\"").append(text.substr(at, end - at)).append("\":");
        at = end + 1;
    }
    return out;
}

Value read_json(std::string_view text, const TemplateReader& reader) {
    std::string working(text);
    std::vector<std::string> strings;
    if (!reader.delimiters.empty()) {
        if (text.find_first_of("\x01\x02") != std::string_view::npos) return std::nullopt;
        working = without_strings(std::move(working), reader, strings);
    }
    if (reader.unquoted_keys) working = with_quoted_keys(working);
    for (std::size_t i = 0; i < strings.size(); ++i) {
        std::string quoted = "\"";
        py_dump_text(strings[i], quoted);
        replace_all(working, std::string("\x01").append(std::to_string(i)).append("\x02"), quoted.append("\""));
    }
    Value value = py_loads(working);
    if (!value && reader.allow_non_json) value = JsonValue::of_string(stripped(text, reader));
    return value;
}

Value read_inner(std::string_view text, const TemplateReader& reader) {
    return reader.value == nullptr ? JsonValue::of_string(text) : read(text, *reader.value);
}

/// Set a member; merged: one that comes again makes a list.
void put(JsonMembers& members, std::string_view name, JsonValue value, bool merged) {
    std::string key(name);
    JsonValue* old = merged ? members.find(key) : nullptr;
    if (old == nullptr) return members.set(std::move(key), std::move(value));
    if (old->kind != Kind::array) {
        JsonValue list;
        list.kind = Kind::array;
        list.items.push_back(std::move(*old));
        *old = std::move(list);
    }
    old->items.push_back(std::move(value));
}

/// A group's text in the match; none: it is not in it. The name of no group: `otherwise`.
std::optional<std::string_view> group_of(const RegexSearch& search, std::string_view text, std::string_view name,
                                         std::optional<std::string_view> otherwise) {
    const auto& groups = search.regex().groups();
    for (std::size_t i = 0; i < groups.size(); ++i) {
        if (groups[i] != name) continue;
        const std::size_t begin = search.slot(2 * i + 2);
        const std::size_t end = search.slot(2 * i + 3);
        if (begin == RegexSearch::kNowhere || end == RegexSearch::kNowhere) return std::nullopt;
        return text.substr(begin, end - begin);
    }
    return otherwise;
}

Value read_tags(std::string_view text, const TemplateReader& reader) {
    JsonValue object;
    JsonMembers members(object);
    RegexSearch search(*reader.tag);
    std::size_t at = 0;
    char32_t before = 0;
    while (at <= text.size()) {
        search.begin(at, before);
        if (search.run(text.substr(at), at, true) != RegexSearch::State::found) break;
        const auto key = group_of(search, text, "key", std::nullopt);
        const auto value = group_of(search, text, "value", "");
        if (!key || !value) return std::nullopt;
        Value made = read_inner(*value, reader);
        if (!made) return std::nullopt;
        put(members, *key, std::move(*made), reader.merge_duplicates);
        at = search.end();
        if (search.end() == search.start()) at += at < text.size() ? decode_char(text.substr(at)).size : 1;
        before = 0xFFFD;
    }
    return object;
}

Value read_lines(std::string_view text, const TemplateReader& reader) {
    JsonValue object;
    JsonMembers members(object);
    while (true) {
        const std::size_t end = text.find(reader.line_separator);
        const std::string_view line = stripped(text.substr(0, end), reader);
        if (const std::size_t colon = line.find(reader.key_separator); colon != std::string_view::npos) {
            Value value = read_inner(stripped(line.substr(colon + reader.key_separator.size()), reader), reader);
            if (!value) return std::nullopt;
            put(members, stripped(line.substr(0, colon), reader), std::move(*value), false);
        }
        if (end == std::string_view::npos) return object;
        text.remove_prefix(end + reader.line_separator.size());
    }
}

Value read_number(std::string_view text, bool is_integer) {
    if (is_integer) {
        auto digits = py_int(text);
        return digits ? Value(JsonValue::of_number(Kind::integer, std::move(*digits))) : std::nullopt;
    }
    const auto number = py_float(text);
    if (!number || !std::isfinite(*number)) return std::nullopt;
    return JsonValue::of_number(Kind::number, py_repr(*number));
}

Value read(std::string_view text, const TemplateReader& reader) {
    switch (reader.kind) {
        case TemplateReader::Kind::text: return JsonValue::of_string(stripped(text, reader));
        case TemplateReader::Kind::integer:
        case TemplateReader::Kind::number:
            return read_number(stripped(text, reader), reader.kind == TemplateReader::Kind::integer);
        case TemplateReader::Kind::boolean: {
            const std::string lower = py_lower_ascii(stripped(text, reader));
            return JsonValue::of_bool(lower == "true" || lower == "1");
        }
        case TemplateReader::Kind::json: return read_json(text, reader);
        case TemplateReader::Kind::tags: return read_tags(text, reader);
        case TemplateReader::Kind::lines: return read_lines(text, reader);
    }
    return std::nullopt;
}

/// What the template says of a value, its `{placeholders}` filled in; none: one has nothing to stand for.
Value transformed(const JsonValue& shape, const JsonValue& scope) {
    JsonValue made = shape;
    for (auto& [key, value] : made.members) {
        Value inner = transformed(value, scope);
        if (!inner) return std::nullopt;
        value = std::move(*inner);
    }
    for (JsonValue& item : made.items) {
        Value inner = transformed(item, scope);
        if (!inner) return std::nullopt;
        item = std::move(*inner);
    }
    if (shape.kind != Kind::string || !is_template_placeholder(shape.text)) return made;
    std::string_view path = std::string_view(shape.text).substr(1, shape.text.size() - 2);
    const JsonValue* value = &scope;
    while (value != nullptr) {
        const std::size_t dot = path.find('.');
        value = value->member(path.substr(0, dot));
        if (dot == std::string_view::npos) break;
        path.remove_prefix(dot + 1);
    }
    return value == nullptr ? std::nullopt : Value(*value);
}

/// What placeholders stand for: the opening's groups, and the members of `given`, which is taken apart.
JsonValue scope_of(const TemplateCaptures& captures, JsonValue& given) {
    JsonValue scope;
    JsonMembers members(scope);
    for (const auto& [name, text] : captures) members.set(name, JsonValue::of_string(text));
    for (auto& [key, part] : given.members) members.set(std::move(key), std::move(part));
    return scope;
}

Value region_value(const TemplateField& field, std::string_view body, const TemplateCaptures& captures) {
    Value value = read(body, field.reader);
    if (!value || !field.transform) return value;
    if (!field.transforms_each) {
        JsonValue content;
        content.members.emplace_back("content", std::move(*value));
        return transformed(*field.transform, scope_of(captures, content));
    }
    if (value->kind != Kind::array) return std::nullopt;
    JsonValue made;
    made.kind = Kind::array;
    for (JsonValue& item : value->items) {
        Value shaped =
            item.kind == Kind::object ? transformed(*field.transform, scope_of(captures, item)) : std::nullopt;
        if (!shaped) return std::nullopt;
        made.items.push_back(std::move(*shaped));
    }
    return made;
}

void coerce_arguments(JsonValue& arguments, const Tool& tool) {
    for (auto& [key, argument] : arguments.members) {
        const Schema* schema = tool.parameters.property(key);
        if (schema == nullptr || schema->types == 0) continue;
        coerce_argument(argument, schema->types);
    }
}

bool add_call(JsonValue& value, const Tools* tools, std::vector<TemplateCall>& calls) {
    const JsonValue* function = value.member("function");
    const JsonValue* name = function == nullptr ? nullptr : function->member("name");
    const JsonValue* arguments = function == nullptr ? nullptr : function->member("arguments");
    if (name == nullptr || name->kind != Kind::string || name->text.empty()) return false;
    if (arguments == nullptr || arguments->kind == Kind::null) return false;
    TemplateCall& call = calls.emplace_back(TemplateCall{name->text, {}});
    if (arguments->kind == Kind::string) {
        call.arguments = arguments->text;
        return true;
    }
    JsonValue given = *arguments;
    const Tool* tool = tools == nullptr ? nullptr : tools->find(call.name);
    if (tool != nullptr && given.kind == Kind::object) coerce_arguments(given, *tool);
    py_dump(given, call.arguments);
    return true;
}

JsonValue coerced(const std::string& text, std::uint8_t types) {
    Value value;
    if ((types & json_type::kInteger) != 0) value = read_number(text, true);
    if (!value && (types & json_type::kNumber) != 0) {
        const auto number = py_float(text);
        if (number && std::isfinite(*number)) {
            const bool is_whole = std::trunc(*number) == *number && text.find('.') == std::string::npos;
            value = is_whole ? JsonValue::of_number(Kind::integer, py_truncated(*number))
                             : JsonValue::of_number(Kind::number, py_repr(*number));
        }
    }
    const std::string_view word = py_strip(text);
    if (!value && (types & json_type::kBoolean) != 0) {
        const std::string lower = py_lower_ascii(word);
        const bool is_true = lower == "true" || lower == "1";
        if (is_true || lower == "false" || lower == "0") value = JsonValue::of_bool(is_true);
    }
    if (!value && (types & json_type::kNull) != 0 && (word == "null" || word == "None")) value.emplace();
    if (!value && (types & (json_type::kObject | json_type::kArray)) != 0) {
        value = py_loads(text);
        const std::uint8_t is = !value                        ? 0
                                : value->kind == Kind::object ? json_type::kObject
                                : value->kind == Kind::array  ? json_type::kArray
                                                              : 0;
        if ((types & is) == 0) value.reset();
    }
    return value ? std::move(*value) : JsonValue::of_string(text);
}

}  // namespace

void coerce_argument(JsonValue& argument, std::uint8_t types) {
    if (argument.kind == Kind::string) {
        argument = coerced(argument.text, types);
    } else if (argument.kind == Kind::array && (types & json_type::kArray) == 0) {
        for (JsonValue& item : argument.items) {
            if (item.kind == Kind::string) item = coerced(item.text, types);
        }
    }
}

std::optional<std::vector<TemplateCall>> template_calls(const TemplateField& field, std::string_view body,
                                                        const TemplateCaptures& captures, const Tools* tools) {
    Value value = region_value(field, body, captures);
    // Texts alone are joined.
    if (!value || (field.joins && value->kind != Kind::string)) return std::nullopt;
    std::vector<TemplateCall> calls;
    if (value->kind != Kind::array) {
        if (!add_call(*value, tools, calls)) return std::nullopt;
        return calls;
    }
    for (JsonValue& item : value->items) {
        if (!add_call(item, tools, calls)) return std::nullopt;
    }
    if (calls.empty()) return std::nullopt;
    return calls;
}

bool is_template_placeholder(std::string_view text) noexcept {
    if (text.size() < 3 || text.front() != '{' || text.back() != '}') return false;
    bool is_begun = false;
    for (std::string_view rest = text.substr(1, text.size() - 2); !rest.empty();) {
        const DecodedChar decoded = decode_char(rest);
        rest.remove_prefix(decoded.size);
        if (decoded.c == '.' ? !is_begun : !is_regex_word(decoded.c)) return false;
        is_begun = decoded.c != '.';
    }
    return is_begun;
}

}  // namespace fastfront
