// SPDX-License-Identifier: Apache-2.0
// A model's response template: which regions an answer has, what opens and closes them, and how their text is read
// (the language of transformers' chat_parsing, version 1; vllm/parser/chat_parsing/response_templates.py). Made once
// from its JSON, immutable, shared by all answers. Knows no answers.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "py_json.hpp"
#include "regex.hpp"

namespace fastfront {

/// How a region's text, or a value in it, is read.
struct TemplateReader {
    enum class Kind : std::uint8_t { text, integer, number, boolean, json, tags, lines };

    Kind kind = Kind::text;
    bool strip = true;
    bool unquoted_keys = false;                                   // json
    bool allow_non_json = false;                                  // json
    std::vector<std::pair<std::string, std::string>> delimiters;  // json: of strings
    std::optional<Regex> tag;                                     // tags: with groups `key` and `value`
    bool merge_duplicates = false;                                // tags
    std::string line_separator = "\n";                            // lines
    std::string key_separator = ":";                              // lines
    std::unique_ptr<TemplateReader> value;                        // tags, lines; null: the value's text as it is
};

struct TemplateField {
    enum class Role : std::uint8_t { thinking, content, tools };

    Role role = Role::content;
    std::string name;
    std::optional<Regex> open;   // none: what is in no other region
    std::optional<Regex> close;  // none: it ends with the answer
    bool repeats = false;
    bool joins = false;
    TemplateReader reader;
    std::optional<JsonValue> transform;
    bool transforms_each = false;
};

struct ResponseTemplate {
    std::vector<TemplateField> fields;
    std::optional<std::size_t> implicit;  // the field without an opening

    /// Make a template of its JSON, which has been checked (output/response_template.py): fields with `role`, `open`
    /// and `close` as a list of texts or a pattern. None: `error` says what cannot be compiled.
    [[nodiscard]] static std::shared_ptr<const ResponseTemplate> compile(std::string_view json, std::string& error);
};

}  // namespace fastfront
