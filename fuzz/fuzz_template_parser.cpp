// SPDX-License-Identifier: Apache-2.0
// Checks that any response template compiles or is refused, and that an answer's message by it is the same however the
// text is cut. Input: a byte for the template, one for the cuts, then text; where the first byte says so, the text up
// to a zero is a regular expression of the template's, or all of a template's JSON. Bytes above 127 stand for what
// these formats are made of.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "json_writer.hpp"
#include "parsed_message.hpp"
#include "parsers/response_template.hpp"
#include "parsers/template_parser.hpp"

namespace {

using namespace fastfront;
using fuzz::is_continuation;
using fuzz::Message;
using fuzz::require;

constexpr std::string_view kParts[] = {
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
    "<|im_end|>",
    R"({"name": "f", "arguments": {)",
    R"("city": "x", )",
    R"("days": "3")",
    "}}",
    "<function=f>",
    "<parameter=days>",
    "</parameter>",
    "call:f{days:",
    "<|\"|>",
    "\xc3\xa9",
    "\\u00e9",
    "(?:",
    "(?P<name>",
    ".*?",
    "[^<]*",
};

constexpr std::string_view kTemplates[] = {
    R"x({"fields": {"thinking": {"open": "<think>", "close": "</think>"}, "content": {"close": "<|im_end|>"},
        "tool_calls": {"open": "<tool_call>", "close": "</tool_call>", "content": "json",
                       "transform": {"function": "{content}"}}}})x",
    R"x({"fields": {"tool_calls": {"open_pattern": "<tool_call>\\s*<function=(?P<name>\\w+)>", "close": "</tool_call>",
        "content": "xml-inline", "content_args": {"tag_pattern": "<parameter=(?P<key>\\w+)>(?P<value>.*?)</parameter>",
        "merge_duplicates": true, "value_parser": {"name": "json", "args": {"allow_non_json": true}}},
        "transform": {"function": {"name": "{name}", "arguments": "{content}"}}}, "content": {}}})x",
    R"x({"fields": {"tool_calls": {"open_pattern": "call:(?P<name>\\w+)", "close_pattern": "}}|\n|$", "content": "json",
        "content_args": {"unquoted_keys": true, "string_delims": [["<|\"|>", "<|\"|>"]]},
        "transform": {"function": {"name": "{name}", "arguments": "{content}"}}}, "content": {}}})x",
    R"x({"fields": {"thinking": {"open_pattern": "(?:^|<think>\\s*)", "close": "</think>"}, "content": {"open": "\n"},
        "tool_calls": {"open": ["<tool_call>", "<tool_call>\n"], "content": "kv-lines", "repeats": true,
                       "transform": {"function": {"name": "f", "arguments": "{content}"}}}}})x",
};

std::shared_ptr<const Tools> tools() {
    auto made = std::make_shared<Tools>();
    Tool tool;
    tool.name = "f";
    for (const auto& [name, types] : {std::pair{"city", json_type::kString}, {"days", json_type::kInteger}}) {
        Schema schema;
        schema.types = types;
        tool.parameters.properties.emplace_back(name, schema);
    }
    made->tools.push_back(tool);
    return made;
}

Message parse(const std::shared_ptr<const ResponseTemplate>& source, std::string_view prefix, std::string_view text,
              std::size_t size) {
    static const auto offered = tools();
    TemplateParser parser(source, prefix, true, true, offered);
    return fuzz::parse(parser, text, size);
}

std::string spelled(const std::uint8_t* data, std::size_t size) {
    std::string text;
    for (std::size_t i = 0; i < size; ++i) {
        if (data[i] < 0x80) {
            text.push_back(static_cast<char>(data[i]));
        } else {
            text += kParts[data[i] % std::size(kParts)];
        }
    }
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const std::size_t which = data[0] % (std::size(kTemplates) + 3);
    const std::size_t cut = 1 + data[1] % 9;
    const std::string all = spelled(data + 2, size - 2);
    const std::size_t zero = std::min(all.find('\0'), all.size());
    std::string_view text = all;
    std::string json;
    if (which < std::size(kTemplates)) {
        json = kTemplates[which];
    } else {
        text.remove_prefix(std::min(zero + 1, text.size()));
        if (which == std::size(kTemplates)) {
            json = all.substr(0, zero);
        } else {
            json =
                R"({"fields": {"content": {}, "tool_calls": {"close": "</tool_call>", "content": "json", "open_pattern": )";
            append_json_string(json, std::string_view(all).substr(0, zero));
            json += R"(, "transform": {"function": "{content}"}}, "thinking": {"open": "<think>", "close_pattern": )";
            append_json_string(json, std::string_view(all).substr(0, zero));
            json += "}}}";
        }
    }
    std::string error;
    const auto source = ResponseTemplate::compile(json, error);
    if (source == nullptr) {
        require(!error.empty());
        return 0;
    }
    std::size_t begin = std::min<std::size_t>(data[1] % 4 == 0 ? 5 : 0, text.size());
    while (begin < text.size() && is_continuation(text[begin])) ++begin;
    const std::string_view prefix = text.substr(0, begin);
    text.remove_prefix(begin);
    const Message whole = parse(source, prefix, text, text.size());
    require(parse(source, prefix, text, 1) == whole);
    require(parse(source, prefix, text, cut) == whole);
    static_cast<void>(has_template_thinking_ended(source, prefix, false));
    return 0;
}
