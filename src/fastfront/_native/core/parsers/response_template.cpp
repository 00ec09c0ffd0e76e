// SPDX-License-Identifier: Apache-2.0
#include "response_template.hpp"

#include <utility>

namespace fastfront {

namespace {

using Kind = JsonValue::Kind;

/// A member; null: it is missing, or null.
const JsonValue* member(const JsonValue& object, std::string_view name) noexcept {
    const JsonValue* value = object.member(name);
    return value != nullptr && value->kind == Kind::null ? nullptr : value;
}

bool flag(const JsonValue& object, std::string_view name, bool otherwise) noexcept {
    const JsonValue* value = member(object, name);
    return value == nullptr || value->kind != Kind::boolean ? otherwise : value->truth;
}

std::string text(const JsonValue& object, std::string_view name, std::string_view otherwise) {
    const JsonValue* value = member(object, name);
    return std::string(value == nullptr || value->kind != Kind::string ? otherwise : value->text);
}

class Compiler {
  public:
    explicit Compiler(std::string& error) noexcept : error_(error) {}

    [[nodiscard]] bool compile(const JsonValue& source, ResponseTemplate& made) {
        const JsonValue* fields = member(source, "fields");
        if (fields == nullptr || fields->kind != Kind::object) return fail("no fields");
        for (const auto& [name, field] : fields->members) {
            TemplateField& into = made.fields.emplace_back();
            into.name = name;
            if (!compile_field(field, into)) return false;
            if (!into.open) made.implicit = made.fields.size() - 1;
        }
        return true;
    }

  private:
    [[nodiscard]] bool fail(std::string_view why) {
        error_ = why;
        return false;
    }

    [[nodiscard]] bool compile_field(const JsonValue& source, TemplateField& made) {
        made.role = made.name == "thinking"  ? TemplateField::Role::thinking
                    : made.name == "content" ? TemplateField::Role::content
                                             : TemplateField::Role::tools;
        made.repeats = flag(source, "repeats", false);
        made.joins = member(source, "join") != nullptr;
        made.transforms_each = flag(source, "transform_each", false);
        if (const JsonValue* transform = member(source, "transform")) made.transform = *transform;
        const JsonValue* arguments = member(source, "content_args");
        return compile_delimiter(source, "open", made.open) && compile_delimiter(source, "close", made.close) &&
               compile_reader(text(source, "content", "text"), arguments, made.reader);
    }

    [[nodiscard]] bool compile_delimiter(const JsonValue& source, const std::string& name, std::optional<Regex>& made) {
        if (const JsonValue* literals = member(source, name)) {
            std::vector<std::string> texts;
            if (literals->kind == Kind::string) texts.push_back(literals->text);
            for (const JsonValue& item : literals->items) texts.push_back(item.text);
            made = Regex::literals(texts);
        } else if (const JsonValue* pattern = member(source, name + "_pattern")) {
            return compile_regex(pattern->text, name + "_pattern", made);
        }
        return true;
    }

    [[nodiscard]] bool compile_regex(std::string_view pattern, std::string_view what, std::optional<Regex>& made) {
        std::string why;
        made = Regex::compile(pattern, why);
        return made.has_value() ||
               fail(std::string("the ").append(what).append(" '").append(pattern).append("': ") + why);
    }

    [[nodiscard]] bool compile_reader(std::string_view name, const JsonValue* arguments, TemplateReader& made) {
        constexpr std::string_view kNames[] = {"text", "int", "float", "bool", "json", "xml-inline", "kv-lines"};
        std::size_t kind = 0;
        while (kind < std::size(kNames) && kNames[kind] != name) ++kind;
        if (kind == std::size(kNames)) return fail(std::string("there is no content parser ").append(name));
        made.kind = static_cast<TemplateReader::Kind>(kind);
        const JsonValue none;
        const JsonValue& given = arguments == nullptr ? none : *arguments;
        made.strip = flag(given, "strip", true);
        made.unquoted_keys = flag(given, "unquoted_keys", false);
        made.allow_non_json = flag(given, "allow_non_json", false);
        made.merge_duplicates = flag(given, "merge_duplicates", false);
        made.line_separator = text(given, "line_sep", "\n");
        made.key_separator = text(given, "kv_sep", ":");
        if (made.line_separator.empty() || made.key_separator.empty()) return fail("an empty separator");
        if (const JsonValue* delimiters = member(given, "string_delims")) {
            for (const JsonValue& pair : delimiters->items) {
                if (pair.items.size() != 2 || pair.items[0].text.empty() || pair.items[1].text.empty()) {
                    return fail("string_delims that are no pairs of texts");
                }
                made.delimiters.emplace_back(pair.items[0].text, pair.items[1].text);
            }
        }
        if (made.kind == TemplateReader::Kind::tags) {
            const JsonValue* pattern = member(given, "tag_pattern");
            if (pattern == nullptr) return fail("xml-inline without a tag_pattern");
            if (!compile_regex(pattern->text, "tag_pattern", made.tag)) return false;
        }
        if (const JsonValue* value = member(given, "value_parser")) {
            made.value = std::make_unique<TemplateReader>();
            return compile_reader(text(*value, "name", "text"), member(*value, "args"), *made.value);
        }
        return true;
    }

    std::string& error_;
};

}  // namespace

std::shared_ptr<const ResponseTemplate> ResponseTemplate::compile(std::string_view json, std::string& error) {
    const auto source = py_loads(json);
    if (!source) {
        error = "it is no JSON";
        return nullptr;
    }
    auto made = std::make_shared<ResponseTemplate>();
    return Compiler(error).compile(*source, *made) ? made : nullptr;
}

}  // namespace fastfront
