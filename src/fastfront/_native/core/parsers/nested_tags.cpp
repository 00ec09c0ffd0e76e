// SPDX-License-Identifier: Apache-2.0
#include "nested_tags.hpp"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "py_text.hpp"
#include "tool_values.hpp"

namespace fastfront {

namespace {

constexpr std::string_view kMark = "]<]minimax[>[";
constexpr std::string_view kText = "$text";
constexpr int kMaxDepth = 128;

struct Element {
    std::string name;
    std::string text;
    std::vector<Element> children;
};

/// Read the element at `at`; false: malformed.
bool read_element(std::string_view body, std::size_t& at, Element& element, int depth) {
    const std::size_t begin = at + kMark.size() + 1;
    const std::size_t end = std::min(body.find('>', begin), body.size());
    if (depth > kMaxDepth || end == body.size() || end == begin) return false;
    element.name = body.substr(begin, end - begin);
    if (element.name.front() == '/' || is_blank(element.name)) return false;
    const std::string close = std::string(kMark).append("</").append(element.name).append(">");
    at = end + 1;
    while (true) {
        const std::size_t mark = body.find(kMark, at);
        if (mark == std::string_view::npos) return false;
        element.text.append(body.substr(at, mark - at));
        at = mark;
        if (body.substr(mark).starts_with(close)) {
            at += close.size();
            return true;
        }
        if (body.substr(mark + kMark.size(), 1) != "<") return false;
        if (!read_element(body, at, element.children.emplace_back(), depth + 1)) return false;
    }
}

JsonValue convert(const Element& element, const Schema* schema);

JsonValue convert_members(const std::vector<Element>& elements, const Schema* schema) {
    JsonValue object;
    object.kind = JsonValue::Kind::object;
    std::unordered_map<std::string_view, std::pair<std::size_t, bool>> places;  // and whether it is a list by now
    for (const Element& element : elements) {
        JsonValue value = convert(element, schema == nullptr ? nullptr : schema->property(element.name));
        const auto [found, is_new] = places.try_emplace(element.name, object.members.size(), false);
        if (is_new) {
            object.members.emplace_back(element.name, std::move(value));
            continue;
        }
        auto& [place, is_list] = found->second;
        JsonValue& member = object.members[place].second;
        if (!is_list) {
            JsonValue list;
            list.kind = JsonValue::Kind::array;
            list.items.push_back(std::move(member));
            member = std::move(list);
            is_list = true;
        }
        member.items.push_back(std::move(value));
    }
    return object;
}

JsonValue convert(const Element& element, const Schema* schema) {
    const std::uint8_t types = schema == nullptr || schema->types == 0 ? json_type::kString : schema->types;
    const bool is_array = schema != nullptr && ((types & json_type::kArray) != 0 || !schema->items.empty());
    const bool is_object = schema != nullptr && ((types & json_type::kObject) != 0 || !schema->properties.empty());
    if (element.children.empty()) {
        if (schema == nullptr) return JsonValue::of_string(element.text);
        if ((is_array || is_object) && (types & json_type::kString) == 0 && is_blank(element.text)) {
            JsonValue empty;
            empty.kind = is_array ? JsonValue::Kind::array : JsonValue::Kind::object;
            return empty;
        }
        return coerce(element.text, types);
    }
    if (is_array) {
        JsonValue array;
        array.kind = JsonValue::Kind::array;
        const Schema* items = schema->items.empty() ? nullptr : &schema->items.front();
        for (const Element& child : element.children) array.items.push_back(convert(child, items));
        if (!is_blank(element.text))
            array.items.push_back(convert({.name = {}, .text = element.text, .children = {}}, items));
        return array;
    }
    JsonValue object = convert_members(element.children, schema);
    if (!is_blank(element.text)) {
        std::string field(kText);
        while (std::ranges::any_of(element.children, [&](const Element& child) { return child.name == field; })) {
            field.insert(field.begin(), '$');
        }
        object.members.emplace_back(field, JsonValue::of_string(element.text));
    }
    return object;
}

}  // namespace

std::string read_nested_tags(std::string_view body, const Tool* tool, std::size_t& rest) {
    std::vector<Element> elements;
    std::size_t at = 0;
    while (true) {
        at += leading_space(body.substr(at));
        rest = at;
        if (!body.substr(at).starts_with(kMark) || body.substr(at + kMark.size(), 1) != "<") break;
        Element element;
        if (!read_element(body, at, element, 1)) break;
        elements.push_back(std::move(element));
    }
    JsonValue arguments = convert_members(elements, tool == nullptr ? nullptr : &tool->parameters);
    if (tool != nullptr) {  // what a value of JSON holds, too
        for (auto& [name, value] : arguments.members) {
            if (const Schema* schema = tool->parameters.property(name)) coerce(value, *schema);
        }
    }
    std::string json;
    py_dump(arguments, json);
    return json;
}

}  // namespace fastfront
