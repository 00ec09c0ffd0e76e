// SPDX-License-Identifier: Apache-2.0
// The functions that a request offers the model, as far as parsers need them: names, and of which JSON types their
// parameters may be (formats without types, such as XML, are read by them). Immutable, shared by a request's choices.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastfront {

/// JSON types; a set of bits.
namespace json_type {
inline constexpr std::uint8_t kString = 1;
inline constexpr std::uint8_t kInteger = 2;
inline constexpr std::uint8_t kNumber = 4;
inline constexpr std::uint8_t kBoolean = 8;
inline constexpr std::uint8_t kNull = 16;
inline constexpr std::uint8_t kObject = 32;
inline constexpr std::uint8_t kArray = 64;
inline constexpr std::uint8_t kOther = 128;  // a type that JSON has not ("any", "file")
}  // namespace json_type

/// What a JSON schema says of a value.
struct Schema {
    std::uint8_t types = 0;                                  // json_type; 0 = nothing said
    std::vector<std::pair<std::string, Schema>> properties;  // of an object, in the schema's order
    std::vector<Schema> items;                               // of an array: one schema, or none

    [[nodiscard]] const Schema* property(std::string_view name) const noexcept {
        for (const auto& [key, schema] : properties) {
            if (key == name) {
                return &schema;
            }
        }
        return nullptr;
    }
};

struct Tool {
    std::string name;
    Schema parameters;
    std::vector<std::string> required = {};  // parameters that a call has to have
};

struct Tools {
    std::vector<Tool> tools;

    [[nodiscard]] const Tool* find(std::string_view name) const noexcept {
        for (const Tool& tool : tools) {
            if (tool.name == name) {
                return &tool;
            }
        }
        return nullptr;
    }
};

}  // namespace fastfront
