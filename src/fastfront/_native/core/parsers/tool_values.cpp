// SPDX-License-Identifier: Apache-2.0
#include "tool_values.hpp"

#include <cmath>
#include <optional>

#include "py_argument.hpp"
#include "py_number.hpp"
#include "py_text.hpp"

namespace fastfront {

namespace {

using json_type::kArray;
using json_type::kBoolean;
using json_type::kInteger;
using json_type::kNull;
using json_type::kNumber;
using json_type::kObject;
using json_type::kOther;
using json_type::kString;
using Kind = JsonValue::Kind;

/// The types that vLLM sees: a schema that says nothing is a string's.
std::uint8_t types_of(const Schema* schema) noexcept {
    return schema == nullptr || schema->types == 0 ? kString : schema->types;
}

std::optional<JsonValue> as_integer(std::string_view text) {
    auto number = py_int(text);
    if (!number) return std::nullopt;
    return JsonValue::of_number(Kind::integer, std::move(*number));
}

/// `whole`: 5.0 becomes 5.
std::optional<JsonValue> as_number(std::string_view text, bool whole) {
    const auto number = py_float(text);
    if (!number || !std::isfinite(*number)) return std::nullopt;
    const bool is_whole = whole && std::trunc(*number) == *number;
    return JsonValue::of_number(is_whole ? Kind::integer : Kind::number,
                                is_whole ? py_truncated(*number) : py_repr(*number));
}

JsonValue json_or_text(std::string_view text) {
    auto value = py_loads(text);
    return value ? std::move(*value) : JsonValue::of_string(text);
}

JsonValue json_or_literal(std::string_view text) {
    auto value = py_loads(text);
    if (!value) value = py_literal(text);
    return value ? std::move(*value) : JsonValue::of_string(text);
}

JsonValue hunyuan(std::string_view text, std::uint8_t types) {
    if ((types & kBoolean) != 0) {
        const std::string lower = py_lower_ascii(text);
        if (lower == "true" || lower == "false") return JsonValue::of_bool(lower == "true");
    }
    if ((types & kInteger) != 0) {
        if (auto value = as_integer(text)) return std::move(*value);
    }
    if ((types & kNumber) != 0) {
        const bool is_float = text.find_first_of(".eE") != std::string_view::npos;
        if (auto value = is_float ? as_number(text, false) : as_integer(text)) return std::move(*value);
    }
    if ((types & (kObject | kArray | kOther)) != 0) {
        if (auto value = py_loads(text)) return std::move(*value);
    }
    return (types & kString) != 0 ? JsonValue::of_string(text) : json_or_literal(text);
}

JsonValue dots(std::string_view text, std::uint8_t types) {
    text = py_strip(text);
    const std::string lower = py_lower_ascii(text);
    if (lower == "null") return {};
    std::optional<JsonValue> value;
    if ((types & kString) != 0) {
    } else if ((types & kInteger) != 0) {
        value = as_integer(text);
    } else if ((types & kNumber) != 0) {
        value = as_number(text, true);
    } else if ((types & kBoolean) != 0) {
        value = JsonValue::of_bool(lower == "true" || lower == "1");
    } else {
        value = py_loads(text);
    }
    return value ? std::move(*value) : JsonValue::of_string(text);
}

JsonValue step(std::string_view text, const Schema* schema) {
    text = py_strip(text);
    const std::string lower = py_lower_ascii(text);
    std::optional<JsonValue> value;
    switch (schema == nullptr ? 0 : schema->types) {
        case kInteger: value = as_integer(text); break;
        case kNumber: value = as_number(text, false); break;
        case kBoolean:
            if (lower == "true" || lower == "false") value = JsonValue::of_bool(lower == "true");
            break;
        case kNull:
            if (lower == "null") value.emplace();
            break;
        default: break;
    }
    return value ? std::move(*value) : JsonValue::of_string(text);
}

std::uint8_t type_named(std::string_view name) {
    const std::string lower = py_lower_ascii(py_strip(name.substr(0, name.find('['))));
    for (const auto& [text, type] : {std::pair{std::string_view("string"), kString},
                                     {"integer", kInteger},
                                     {"number", kNumber},
                                     {"boolean", kBoolean},
                                     {"null", kNull},
                                     {"object", kObject},
                                     {"array", kArray},
                                     {"str", kString},
                                     {"int", kInteger},
                                     {"float", kNumber},
                                     {"double", kNumber},
                                     {"bool", kBoolean},
                                     {"dict", kObject},
                                     {"list", kArray}}) {
        if (lower == text) return type;
    }
    return kOther;
}

std::uint8_t horizon_types(const Parameter& parameter) {
    const std::uint8_t types = types_of(parameter.schema);
    if (parameter.type.empty()) return types;
    const std::uint8_t named = type_named(parameter.type);
    if (parameter.schema != nullptr) return (named & types) != 0 ? named : types;
    return py_lower_ascii(parameter.type) == "any" ? kString : named;
}

ValueTiming timing_of_types(std::uint8_t types) noexcept {
    if (types == kString) return ValueTiming::streams;
    return types == (kString | kNull) ? ValueTiming::unless_null : ValueTiming::when_complete;
}

}  // namespace

JsonValue coerce(std::string_view text, std::uint8_t types) {
    if ((types & kNull) != 0 && py_lower_ascii(text) == "null") return {};
    if ((types & kInteger) != 0) {
        if (auto value = as_integer(text)) return std::move(*value);
    }
    if ((types & kNumber) != 0) {
        if (auto value = as_number(text, true)) return std::move(*value);
    }
    if ((types & kBoolean) != 0) {
        const std::string lower = py_lower_ascii(py_strip(text));
        if (lower == "true" || lower == "1") return JsonValue::of_bool(true);
        if (lower == "false" || lower == "0") return JsonValue::of_bool(false);
    }
    if ((types & (kObject | kArray)) != 0) {
        if (auto value = py_loads(text)) return std::move(*value);
    }
    return (types & kString) != 0 ? JsonValue::of_string(text) : json_or_text(text);
}

void coerce(JsonValue& value, const Schema& schema) {
    switch (value.kind) {
        case Kind::string: value = coerce(std::string(value.text), types_of(&schema)); break;
        case Kind::object:
            for (auto& [key, member] : value.members) {
                if (const Schema* inner = schema.property(key)) coerce(member, *inner);
            }
            break;
        case Kind::array:
            if (schema.items.empty()) break;
            for (JsonValue& item : value.items) coerce(item, schema.items.front());
            break;
        default: {
            std::string text;
            py_dump(value, text);
            value = coerce(text, types_of(&schema));
        }
    }
}

ValueTiming timing_of(ValueRule rule, const Parameter& parameter) noexcept {
    const std::uint8_t types = types_of(parameter.schema);
    switch (rule) {
        case ValueRule::schema: return timing_of_types(types);
        case ValueRule::json: return parameter.type == "string" ? ValueTiming::streams : ValueTiming::when_complete;
        case ValueRule::json_schema:
            return parameter.type == "true" ? timing_of_types(types) : ValueTiming::when_complete;
        case ValueRule::hunyuan: return timing_of_types(types & static_cast<std::uint8_t>(~kNull));
        case ValueRule::atem:
        case ValueRule::poolside:
            return parameter.schema != nullptr && parameter.schema->types == kString ? ValueTiming::streams
                                                                                     : ValueTiming::when_complete;
        case ValueRule::horizon: return timing_of_types(horizon_types(parameter));
        case ValueRule::dots: return (types & kString) != 0 ? ValueTiming::unless_null : ValueTiming::when_complete;
        case ValueRule::step:
        case ValueRule::minicpm: return ValueTiming::when_complete;
    }
    return ValueTiming::when_complete;
}

JsonValue make_value(ValueRule rule, const Parameter& parameter, std::string_view text) {
    switch (rule) {
        case ValueRule::schema:
            return parameter.schema == nullptr ? JsonValue::of_string(text) : coerce(text, types_of(parameter.schema));
        case ValueRule::atem:
            return parameter.schema != nullptr && parameter.schema->types == kString ? JsonValue::of_string(text)
                                                                                     : json_or_text(text);
        case ValueRule::json: return parameter.type == "string" ? JsonValue::of_string(text) : json_or_text(text);
        case ValueRule::json_schema: {
            JsonValue value = parameter.type == "true" ? JsonValue::of_string(text) : json_or_text(text);
            if (parameter.schema != nullptr) coerce(value, *parameter.schema);
            return value;
        }
        case ValueRule::hunyuan: return hunyuan(text, types_of(parameter.schema) & static_cast<std::uint8_t>(~kNull));
        case ValueRule::poolside: return json_or_literal(py_strip(text));
        case ValueRule::dots: return dots(text, types_of(parameter.schema));
        case ValueRule::horizon: {
            const std::uint8_t types = horizon_types(parameter);
            return coerce((types & kString) != 0 ? text : py_strip(text), types);
        }
        case ValueRule::step: return step(text, parameter.schema);
        case ValueRule::minicpm:
            return parameter.schema != nullptr && parameter.schema->types == kString ? JsonValue::of_string(text)
                                                                                     : json_or_literal(text);
    }
    return JsonValue::of_string(text);
}

void append_value(ValueRule rule, const Parameter& parameter, std::string_view text, std::string& out) {
    py_dump(make_value(rule, parameter, text), out);
}

}  // namespace fastfront
