// SPDX-License-Identifier: Apache-2.0
// JSON as Python's json module reads and writes it: json.loads, and json.dumps with ensure_ascii=False. What a tool
// parser needs whose answer is such a dump of what the model wrote. Knows no schema.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace fastfront {

struct JsonValue {
    enum class Kind : std::uint8_t { null, boolean, integer, number, string, array, object };

    Kind kind = Kind::null;
    bool truth = false;                                      // boolean
    std::string text;                                        // string: UTF-8, numbers: as Python writes them
    std::vector<JsonValue> items;                            // array
    std::vector<std::pair<std::string, JsonValue>> members;  // object, in order, no key twice

    /// A member of an object; null: there is none of that name.
    [[nodiscard]] const JsonValue* member(std::string_view name) const noexcept {
        for (const auto& [key, value] : members) {
            if (key == name) return &value;
        }
        return nullptr;
    }

    [[nodiscard]] static JsonValue of_string(std::string_view text);
    [[nodiscard]] static JsonValue of_number(Kind kind, std::string text);
    [[nodiscard]] static JsonValue of_bool(bool truth);
};

/// Fills an object as Python fills a dict: a key that comes again keeps its place and takes the new value.
class JsonMembers {
  public:
    /// `object` is empty, and outlives this.
    explicit JsonMembers(JsonValue& object) : object_(object) { object.kind = JsonValue::Kind::object; }
    void set(std::string key, JsonValue value);
    /// The value of a key; null: it has none.
    [[nodiscard]] JsonValue* find(const std::string& key) {
        const auto place = places_.find(key);
        return place == places_.end() ? nullptr : &object_.members[place->second].second;
    }

  private:
    JsonValue& object_;
    std::unordered_map<std::string, std::size_t> places_;
};

/// Append the character as UTF-8; an unpaired surrogate as three bytes, which py_dump_text knows.
void append_code_point(std::string& out, std::uint32_t c);

/// `json.loads(text)`; none: not JSON, deeper than 256 levels, or with a number that is not finite (which Python reads,
/// but cannot write as JSON).
[[nodiscard]] std::optional<JsonValue> py_loads(std::string_view text);

/// `json.dumps(value, ensure_ascii=False)`. Lone surrogates are written as their escapes.
void py_dump(const JsonValue& value, std::string& out);

/// The same for a string, without its quotes.
void py_dump_text(std::string_view text, std::string& out);

}  // namespace fastfront
