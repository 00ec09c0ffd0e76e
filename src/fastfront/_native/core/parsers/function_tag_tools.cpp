// SPDX-License-Identifier: Apache-2.0
// <tool_call><function=name><parameter=name>value</parameter></function></tool_call>: Qwen3-Coder's format and those
// after it (vllm/parser/qwen3.py, seed_oss.py, mimo.py, step3p5.py;
// of vLLM 0.33: vllm/tool_parsers/step5_tool_parser.py).
#include <array>

#include "tag_families.hpp"
#include "tag_names.hpp"

namespace fastfront {

namespace {

bool read_tag(std::string_view text, ParameterTag& tag) {
    tag.name = text.substr(leading_space(text));
    return true;
}

constexpr TagFormat function_format(std::string_view open, std::string_view close, ValueTrim trim) {
    return {.block_open = {open},
            .block_close = close,
            .call_open = "<function=",
            .name_close = ">",
            .call_close = "</function>",
            .parameter_open = "<parameter=",
            .tag_close = ">",
            .value_close = "</parameter>",
            .parameter_ends_value = true,
            .read_tag = read_tag,
            .value_trim = trim};
}

constexpr TagFormat kQwen = function_format("<tool_call>", "</tool_call>", ValueTrim::newline);
constexpr TagFormat kStep5 = [] {
    TagFormat format = kQwen;
    format.content_trim = Trim::blank;
    return format;
}();
constexpr TagFormat kMimo = function_format("<tool_call>", "</tool_call>", ValueTrim::none);
constexpr TagFormat kSeed = function_format("<seed:tool_call>", "</seed:tool_call>", ValueTrim::newline);

constexpr std::string_view kTokens[] = {"<tool_call>", "</tool_call>"};
constexpr std::string_view kSeedTokens[] = {"<seed:tool_call>", "</seed:tool_call>"};

constexpr ParserEntry kEntries[] = {
    {"qwen3_coder", make_tag_parser<kQwen>, kTokens}, {"qwen3_xml", make_tag_parser<kQwen>, kTokens},
    {"mimo", make_tag_parser<kMimo>, kTokens},        {"seed_oss", make_tag_parser<kSeed>, kSeedTokens},
    {"step3p5", make_tag_parser<kQwen>, kTokens},     {"step5", make_tag_parser<kStep5>, kTokens},
};

}  // namespace

std::span<const ParserEntry> function_tag_parsers() noexcept { return kEntries; }

}  // namespace fastfront
