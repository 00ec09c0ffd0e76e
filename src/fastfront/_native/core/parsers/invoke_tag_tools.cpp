// SPDX-License-Identifier: Apache-2.0
// <invoke name="name"><parameter name="name">value</parameter></invoke>, in blocks of several spellings
// (vllm/parser/minimax_m2.py, minimax_m3.py, deepseek_v32.py, deepseek_v4.py, deepseek_v41.py, vllm/tool_parsers/dots,
// step3_tool_parser.py).
#include "nested_tags.hpp"
#include "tag_families.hpp"
#include "tag_names.hpp"

namespace fastfront {

namespace {

/// ` name="..." string="true"`; the second may be missing.
bool read_dsml_tag(std::string_view text, ParameterTag& tag) {
    const auto take = [&text](std::string_view before, std::string& value) {
        const std::size_t space = leading_space(text);
        if (space == 0 || !text.substr(space).starts_with(before)) return false;
        const std::size_t begin = space + before.size();
        const std::size_t end = text.find('"', begin);
        if (end == std::string_view::npos) return false;
        value = text.substr(begin, end - begin);
        text.remove_prefix(end + 1);
        return true;
    };
    if (!take("name=\"", tag.name) || tag.name.empty()) return false;
    return is_blank(text) || (take("string=\"", tag.type) && is_blank(text));
}

/// `function<｜tool_sep｜><steptml:invoke name="...`
std::string_view read_step_name(std::string_view text) noexcept {
    text = py_strip(text);
    for (const std::string_view before : {"function", "<｜tool_sep｜>", "<steptml:invoke name=\""}) {
        if (!text.starts_with(before)) return {};
        text.remove_prefix(before.size());
        text.remove_prefix(leading_space(text));
    }
    return text;
}

bool read_step_tag(std::string_view text, ParameterTag& tag) {
    if (!text.ends_with('"')) return false;
    tag.name = text.substr(0, text.size() - 1);
    return !tag.name.empty();
}

constexpr TagFormat kMinimax2{.block_open = {"<minimax:tool_call>"},
                              .block_close = "</minimax:tool_call>",
                              .call_open = "<invoke name=",
                              .name_close = ">",
                              .call_close = "</invoke>",
                              .known_names = true,
                              .read_name = unquoted,
                              .parameter_open = "<parameter name=",
                              .tag_close = ">",
                              .value_close = "</parameter>",
                              .parameter_ends_value = true,
                              .read_tag = read_quoted_tag};

constexpr TagFormat kMinimax3{.block_open = {"]<]minimax[>[<tool_call>"},
                              .block_close = "]<]minimax[>[</tool_call>",
                              .needs_block = true,
                              .call_open = "]<]minimax[>[<invoke name=",
                              .name_close = ">",
                              .call_close = "]<]minimax[>[</invoke>",
                              .read_name = unquoted,
                              .read_body = read_nested_tags,
                              .content_trim = Trim::blank};

constexpr TagFormat kDots{.block_open = {"<dots_function_call>"},
                          .block_close = "</dots_function_call>",
                          .needs_block = true,
                          .call_open = "<invoke name=",
                          .name_close = ">",
                          .call_close = "</invoke>",
                          .known_names = true,
                          .needs_tools = true,
                          .read_name = unquoted,
                          .json_block = true,
                          .parameter_open = "<parameter name=",
                          .tag_close = ">",
                          .value_close = "</parameter>",
                          .read_tag = read_quoted_tag,
                          .value_trim = ValueTrim::space,
                          .value_rule = ValueRule::dots};

constexpr TagFormat kStep3{.block_open = {"<｜tool_calls_begin｜>"},
                           .block_close = "<｜tool_calls_end｜>",
                           .needs_block = true,
                           .call_open = "<｜tool_call_begin｜>",
                           .name_close = "\">",
                           .call_close = "<｜tool_call_end｜>",
                           .layout = {"</steptml:invoke>"},
                           .read_name = read_step_name,
                           .parameter_open = "<steptml:parameter name=\"",
                           .tag_close = ">",
                           .value_close = "</steptml:parameter>",
                           .read_tag = read_step_tag,
                           .value_trim = ValueTrim::space,
                           .value_rule = ValueRule::step};

constexpr TagFormat dsml_format(std::array<std::string_view, 3> open, std::string_view close) {
    return {.block_open = open,
            .block_close = close,
            .block_close_ends_value = true,
            .call_open = "<｜DSML｜invoke name=\"",
            .name_close = "\">",
            .call_close = "</｜DSML｜invoke>",
            .parameter_open = "<｜DSML｜parameter",
            .tag_close = ">",
            .value_close = "</｜DSML｜parameter>",
            .parameter_ends_value = true,
            .unwraps = true,
            .read_tag = read_dsml_tag,
            .value_rule = ValueRule::json_schema,
            .content_trim = Trim::blank};
}

constexpr TagFormat kDeepSeek32 = dsml_format({"<｜DSML｜function_calls>"}, "</｜DSML｜function_calls>");
constexpr TagFormat kDeepSeek4 =
    dsml_format({"<｜DSML｜tool_calls>", "<｜DSML｜toolcalls>", "<｜DSML｜tool>"}, "</｜DSML｜tool_calls>");
constexpr TagFormat kDeepSeek41 = [] {
    TagFormat format = dsml_format({"<｜DSML｜ calls>"}, "</｜DSML｜ calls>");
    format.call_open = "<｜DSML｜ invoke name=\"";
    format.call_close = "</｜DSML｜ invoke>";
    format.parameter_open = "<｜DSML｜ parameter";
    format.value_close = "</｜DSML｜ parameter>";
    return format;
}();

constexpr std::string_view kMinimaxTokens[] = {"<minimax:tool_call>", "</minimax:tool_call>"};
constexpr std::string_view kDotsTokens[] = {"<dots_function_call>", "</dots_function_call>"};
constexpr std::string_view kStepTokens[] = {"<｜tool_calls_begin｜>", "<｜tool_calls_end｜>", "<｜tool_call_begin｜>",
                                            "<｜tool_call_end｜>"};
constexpr std::string_view kDeepSeek32Tokens[] = {"<｜DSML｜function_calls>", "</｜DSML｜function_calls>"};
constexpr std::string_view kDeepSeek4Tokens[] = {"<｜DSML｜tool_calls>", "</｜DSML｜tool_calls>"};
constexpr std::string_view kDeepSeek41Tokens[] = {"<｜DSML｜ calls>", "</｜DSML｜ calls>"};

constexpr ParserEntry kEntries[] = {
    {"deepseek_v32", make_tag_parser<kDeepSeek32>, kDeepSeek32Tokens},
    {"deepseek_v4", make_tag_parser<kDeepSeek4>, kDeepSeek4Tokens},
    {"deepseek_v41", make_tag_parser<kDeepSeek41>, kDeepSeek41Tokens},
    {"dots", make_tag_parser<kDots>, kDotsTokens},
    {"minimax_m2", make_tag_parser<kMinimax2>, kMinimaxTokens},
    {"minimax_m3", make_tag_parser<kMinimax3>, {}},
    {"step3", make_tag_parser<kStep3>, kStepTokens},
};

}  // namespace

std::span<const ParserEntry> invoke_tag_parsers() noexcept { return kEntries; }

}  // namespace fastfront
