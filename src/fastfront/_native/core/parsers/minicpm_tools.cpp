// SPDX-License-Identifier: Apache-2.0
// MiniCPM5's XML: <function name="name"><param name="name">value</param></function>
// (vllm/tool_parsers/minicpm5xml_tool_parser.py). A call goes out when it is complete: until then a parameter that
// comes twice makes all of it content, and whether values have entities or are plain text depends on the whole.
#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "content_gate.hpp"
#include "mark_reader.hpp"
#include "minicpm_aliases.hpp"
#include "py_text.hpp"
#include "tag_families.hpp"
#include "tool_values.hpp"

namespace fastfront {

namespace {

constexpr std::string_view kDataOpen = "<![CDATA[";
constexpr std::string_view kDataClose = "]]>";

/// `<tag ... name="value"` at the beginning of `text`, and the rest of that tag.
std::optional<std::string_view> take_tag(std::string_view& text, std::string_view open) {
    if (!text.starts_with(open)) return std::nullopt;
    text.remove_prefix(open.size());
    const std::size_t space = leading_space(text);
    text.remove_prefix(space);
    if (!text.starts_with("name=")) return std::nullopt;
    text.remove_prefix(5);
    if (text.empty() || (text.front() != '"' && text.front() != '\'')) return std::nullopt;
    const char quote = text.front();
    const std::size_t end = text.find(quote, 1);
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view name = text.substr(1, end - 1);
    text.remove_prefix(end + 1);
    const std::size_t close = text.find('>');
    if (close == std::string_view::npos) return std::nullopt;
    text.remove_prefix(close + 1);
    return name;
}

/// The text of a value that is well-formed XML; none: it is not.
std::optional<std::string> xml_text(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        const std::size_t at = std::min(text.find_first_of("<&"), text.size());
        out.append(text.substr(0, at));
        text.remove_prefix(at);
        if (text.empty()) break;
        if (text.starts_with(kDataOpen)) {
            const std::size_t end = text.find(kDataClose);
            if (end == std::string_view::npos) return std::nullopt;
            out.append(text.substr(kDataOpen.size(), end - kDataOpen.size()));
            text.remove_prefix(end + kDataClose.size());
            continue;
        }
        bool is_entity = false;
        for (const auto& [entity, c] : {std::pair<std::string_view, char>{"&amp;", '&'},
                                        {"&lt;", '<'},
                                        {"&gt;", '>'},
                                        {"&quot;", '"'},
                                        {"&apos;", '\''}}) {
            if (!text.starts_with(entity)) continue;
            out.push_back(c);
            text.remove_prefix(entity.size());
            is_entity = true;
            break;
        }
        if (!is_entity) return std::nullopt;
    }
    return out;
}

std::string plain_text(std::string_view text) {
    if (text.starts_with(kDataOpen) && text.ends_with(kDataClose)) {
        return std::string(text.substr(kDataOpen.size(), text.size() - kDataOpen.size() - kDataClose.size()));
    }
    return std::string(py_strip(text));
}

struct FunctionBlock {
    std::string_view name;
    std::vector<std::pair<std::string_view, std::string_view>> parameters;  // and their raw values
};

std::optional<FunctionBlock> read_block(std::string_view text) {
    FunctionBlock block;
    const auto name = take_tag(text, "<function");
    if (!name) return std::nullopt;
    block.name = py_strip(*name);
    while (true) {
        const std::size_t at = text.find("<param");
        if (at == std::string_view::npos) return block;
        text.remove_prefix(at);
        const auto key = take_tag(text, "<param");
        const std::size_t end = text.find("</param>");
        if (!key || end == std::string_view::npos) return std::nullopt;
        block.parameters.emplace_back(py_strip(*key), text.substr(0, end));
        text.remove_prefix(end + 8);
    }
}

/// The arguments; none: a parameter comes twice.
std::optional<JsonValue> read_arguments(const FunctionBlock& block, const Schema& schema) {
    bool is_xml = true;
    for (const auto& [key, raw] : block.parameters) is_xml = is_xml && xml_text(raw).has_value();
    JsonValue arguments;
    arguments.kind = JsonValue::Kind::object;
    std::unordered_set<std::string> seen;
    const auto add = [&](std::string_view key, JsonValue value) {
        if (!seen.emplace(key).second) return false;
        arguments.members.emplace_back(key, std::move(value));
        return true;
    };
    for (const auto& [key, raw] : block.parameters) {
        const std::string text = is_xml ? *xml_text(raw) : plain_text(raw);
        const Schema* property = schema.property(key);
        if (property != nullptr || schema.properties.empty()) {
            if (!add(key, make_value(ValueRule::minicpm, {.schema = property, .type = {}}, text))) return std::nullopt;
        } else if (key == "properties" || key == "arguments") {  // a wrapper of all
            const JsonValue inner = make_value(ValueRule::minicpm, {}, text);
            bool is_any = false;
            for (const auto& [name, member] : inner.members) {
                const Schema* known = schema.property(name);
                if (known == nullptr) continue;
                JsonValue value = member;
                if (known->types == json_type::kString && value.kind != JsonValue::Kind::string) {
                    std::string dumped;
                    py_dump(value, dumped);
                    value = JsonValue::of_string(dumped);
                } else if (known->types != json_type::kString && value.kind == JsonValue::Kind::string) {
                    value = make_value(ValueRule::minicpm, {}, std::string(value.text));
                }
                if (!add(name, std::move(value))) return std::nullopt;
                is_any = true;
            }
            if (!is_any) return std::nullopt;
        }
    }
    return arguments;
}

bool has_required(const JsonValue& arguments, const Tool& tool) noexcept {
    return std::ranges::all_of(tool.required,
                               [&](const std::string& name) { return arguments.member(name) != nullptr; });
}

enum Role : std::uint8_t { kOpen, kClose };
enum State : std::uint8_t { kOutside, kBlock };

class MiniCpmParser final : public MarkReader {
  public:
    MiniCpmParser(const ParserSpec& spec, const ParserOptions& options)
        : tools_(options.tools), gate_(layout_rules(Trim::end)) {
        add_mark("<function", kOpen, spec);
        add_mark("</function>", kClose, spec);
        expect(kOutside, {kOpen});
        expect(kBlock, {kClose});
    }

  private:
    void on_text(std::string_view text, Pieces& out) override {
        if (state_ == kOutside) {
            gate_.text(text, out);
        } else {
            raw_.append(text);
        }
    }

    void on_mark(const Mark& mark, Pieces& out) override {
        raw_.append(mark.text);
        if (mark.role == kOpen) {
            state_ = kBlock;
            return;
        }
        state_ = kOutside;
        if (!call(out)) gate_.text(raw_, out);
        raw_.clear();
    }

    bool call(Pieces& out) {
        const auto block = read_block(raw_);
        if (!block || tools_ == nullptr) return false;
        const Tool* tool = tools_->find(block->name);
        auto arguments = read_arguments(*block, tool == nullptr ? Schema() : tool->parameters);
        if (!arguments) return false;
        if (tool == nullptr) tool = map_minicpm_alias(block->name, *arguments, *tools_);
        if (tool == nullptr || !has_required(*arguments, *tool)) return false;
        gate_.call();
        out.begin_call(next_call_, tool->name);
        std::string json;
        py_dump(*arguments, json);
        out.add_arguments(next_call_++, json);
        return true;
    }

    void on_end(Pieces& out) override {
        gate_.text(raw_, out);
        gate_.finish(out);
    }

    std::shared_ptr<const Tools> tools_;
    ContentGate gate_;
    std::uint32_t next_call_ = 0;
    std::string raw_;
};

std::unique_ptr<OutputParser> make(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<MiniCpmParser>(spec, options);
}

constexpr ParserEntry kEntries[] = {{"minicpm5", make, {}}};

}  // namespace

std::span<const ParserEntry> minicpm_parsers() noexcept { return kEntries; }

}  // namespace fastfront
