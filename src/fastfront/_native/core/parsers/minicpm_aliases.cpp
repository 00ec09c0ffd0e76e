// SPDX-License-Identifier: Apache-2.0
#include "minicpm_aliases.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace fastfront {

namespace {

/// A parameter of the tool, and under which names the model may give it: the first that Python takes for true counts.
struct Parameter {
    std::string_view name;
    std::array<std::string_view, 4> given;
    bool may_be_null = false;
};

struct Alias {
    std::array<std::string_view, 3> functions;
    std::string_view tool;
    std::array<Parameter, 3> parameters;
    std::string_view constant = {};  // a parameter that is `truth`
    bool truth = false;
};

constexpr Parameter kId{"id", {"line_id", "id"}};
constexpr Parameter kLine{"line_id", {"line_id", "id"}};

constexpr Alias kAliases[] = {
    {{"get_details_by_phone"}, "get_customer_by_phone", {{{"phone_number", {"phone_number", "phone"}}}}},
    {{"get_details_by_name"},
     "get_customer_by_name",
     {{{"full_name", {"full_name", "name"}},
       {"date_of_birth", {"date_of_birth", "dob"}},
       {"dob", {"date_of_birth", "dob"}}}}},
    {{"get_line_details", "get_line_status", "get_roaming_status"}, "get_details_by_id", {kId}},
    {{"get_plan_details"}, "get_details_by_id", {{{"id", {"plan_id", "id"}}}}},
    {{"enable_roaming"}, "toggle_roaming", {kLine}, "enabled", true},
    {{"disable_roaming"}, "toggle_roaming", {kLine}, "enabled", false},
    {{"add_refueled_data", "add_data_to_line"},
     "refuel_data",
     {{{"customer_id", {"customer_id"}, true}, kLine, {"amount_gb", {"amount_gb", "gb", "gb_amount", "amount"}}}}},
};

/// Whether Python takes it for true.
bool is_true(const JsonValue& value) noexcept {
    switch (value.kind) {
        case JsonValue::Kind::null: return false;
        case JsonValue::Kind::boolean: return value.truth;
        case JsonValue::Kind::integer:
        case JsonValue::Kind::number: return value.text.find_first_of("123456789") != std::string::npos;
        case JsonValue::Kind::string: return !value.text.empty();
        case JsonValue::Kind::array: return !value.items.empty();
        case JsonValue::Kind::object: return !value.members.empty();
    }
    return false;
}

/// Python's `given[0] or given[1] or ...`; null: there is no such argument.
const JsonValue* first_true(const Parameter& parameter, const JsonValue& arguments) noexcept {
    const JsonValue* found = nullptr;
    for (const std::string_view name : parameter.given) {
        if (name.empty()) break;
        found = arguments.member(name);
        if (found != nullptr && is_true(*found)) break;
    }
    return found;
}

}  // namespace

const Tool* map_minicpm_alias(std::string_view function, JsonValue& arguments, const Tools& tools) {
    if (function.empty()) return nullptr;
    for (const Alias& alias : kAliases) {
        const Tool* const tool = std::ranges::count(alias.functions, function) == 0 ? nullptr : tools.find(alias.tool);
        if (tool == nullptr) continue;
        JsonValue mapped;
        mapped.kind = JsonValue::Kind::object;
        for (const Parameter& parameter : alias.parameters) {
            const JsonValue* const value = first_true(parameter, arguments);
            if (value == nullptr || (value->kind == JsonValue::Kind::null && !parameter.may_be_null)) continue;
            mapped.members.emplace_back(parameter.name, *value);
        }
        if (mapped.members.empty()) return nullptr;
        if (!alias.constant.empty()) {
            mapped.members.emplace_back(alias.constant, JsonValue::of_bool(alias.truth));
        }
        arguments = std::move(mapped);
        return tool;
    }
    return nullptr;
}

}  // namespace fastfront
