// SPDX-License-Identifier: Apache-2.0
// <tool_call>name<arg_key>name</arg_key><arg_value>value</arg_value></tool_call>: GLM's format and those after it
// (vllm/parser/glm47_moe.py, ling3.py, vllm/tool_parsers/hy_v3, hy_v4, poolside_v1, k2_horizon_tool_parser.py).
#include "tag_families.hpp"
#include "tag_names.hpp"

namespace fastfront {

namespace {

constexpr TagFormat kGlm{.call_open = "<tool_call>",
                         .call_close = "</tool_call>",
                         .known_names = true,
                         .parameter_open = "<arg_key>",
                         .tag_close = "</arg_key>",
                         .value_open = "<arg_value>",
                         .value_close = "</arg_value>",
                         .read_tag = read_stripped_tag};

constexpr TagFormat kPoolside{.call_open = "<tool_call>",
                              .call_close = "</tool_call>",
                              .parameter_open = "<arg_key>",
                              .tag_close = "</arg_key>",
                              .value_open = "<arg_value>",
                              .value_close = "</arg_value>",
                              .read_tag = read_stripped_tag,
                              .value_rule = ValueRule::poolside,
                              .content_trim = Trim::blank};

constexpr TagFormat hunyuan_format(std::string_view name_close) {
    return {.block_open = {"<tool_calls>"},
            .block_close = "</tool_calls>",
            .needs_block = true,
            .call_open = "<tool_call>",
            .name_close = name_close,
            .call_close = "</tool_call>",
            .parameter_open = "<arg_key>",
            .tag_close = "</arg_key>",
            .value_open = "<arg_value>",
            .value_close = "</arg_value>",
            .read_tag = read_verbatim_tag,
            .value_rule = ValueRule::hunyuan,
            .content_trim = Trim::blank};
}

constexpr TagFormat kHunyuan3 = hunyuan_format("<tool_sep>");
constexpr TagFormat kHunyuan4 = hunyuan_format({});

constexpr TagFormat kHorizon{.block_open = {"<ifm|tool_calls>"},
                             .block_close = "</ifm|tool_calls>",
                             .needs_block = true,
                             .call_open = "<ifm|tool_call>",
                             .call_close = "</ifm|tool_call>",
                             .known_names = true,
                             .parameter_open = "<ifm|arg_key>",
                             .tag_close = "</ifm|arg_key>",
                             .type_open = "<ifm|arg_type>",
                             .type_close = "</ifm|arg_type>",
                             .value_open = "<ifm|arg_value>",
                             .value_close = "</ifm|arg_value>",
                             .read_tag = read_stripped_tag,
                             .value_rule = ValueRule::horizon,
                             .content_trim = Trim::blank};

constexpr std::string_view kGlmTokens[] = {"<tool_call>", "</tool_call>"};
constexpr std::string_view kHunyuanTokens[] = {"<tool_calls>", "</tool_calls>", "<tool_call>", "</tool_call>"};
constexpr std::string_view kHorizonTokens[] = {"<ifm|tool_calls>", "</ifm|tool_calls>", "<ifm|tool_call>",
                                               "</ifm|tool_call>"};

constexpr ParserEntry kEntries[] = {
    {"glm45", make_tag_parser<kGlm>, kGlmTokens},
    {"glm47", make_tag_parser<kGlm>, kGlmTokens},
    {"hy_v3", make_tag_parser<kHunyuan3>, kHunyuanTokens},
    {"hy_v4", make_tag_parser<kHunyuan4>, kHunyuanTokens},
    {"k2_horizon", make_tag_parser<kHorizon>, kHorizonTokens},
    {"ling3", make_tag_parser<kGlm>, kGlmTokens},
    {"poolside_v1", make_tag_parser<kPoolside>, kGlmTokens},
};

}  // namespace

std::span<const ParserEntry> arg_key_tag_parsers() noexcept { return kEntries; }

}  // namespace fastfront
