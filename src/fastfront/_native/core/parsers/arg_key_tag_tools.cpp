// SPDX-License-Identifier: Apache-2.0
// <tool_call>name<arg_key>name</arg_key><arg_value>value</arg_value></tool_call>: GLM's format and those after it
// (vllm/parser/glm47_moe.py, ling3.py, vllm/tool_parsers/hy_v3, hy_v4, poolside_v1, k2_horizon_tool_parser.py).
#include <deque>
#include <string>

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

/// A Hunyuan model's tags, with the suffix that its checkpoint's tokens have: `<tool_calls:6124c78e>`.
class SuffixedTags final : public OutputParser {
  public:
    SuffixedTags(const TagFormat& format, const ParserSpec& spec, const ParserOptions& options)
        : suffix_(suffix(spec)), format_(suffixed(format)), inner_(format_, spec, options) {}

    void push(std::string_view text, std::int64_t token, Pieces& out) override { inner_.push(text, token, out); }
    void finish(Pieces& out) override { inner_.finish(out); }

  private:
    static std::string suffix(const ParserSpec& spec) {
        constexpr std::string_view kBegin = "<tool_calls:";
        for (const SpecialToken& token : spec.special_tokens) {
            if (!token.text.starts_with(kBegin) || !token.text.ends_with('>')) continue;
            return token.text.substr(kBegin.size() - 1, token.text.size() - kBegin.size());
        }
        return {};
    }

    TagFormat suffixed(TagFormat format) {
        if (suffix_.empty()) return format;
        for (std::string_view* tag :
             {format.block_open.data(), &format.block_close, &format.call_open, &format.name_close, &format.call_close,
              &format.parameter_open, &format.tag_close, &format.value_open, &format.value_close}) {
            if (tag->empty()) continue;
            std::string& text = texts_.emplace_back(*tag);
            *tag = text.insert(text.size() - 1, suffix_);
        }
        return format;
    }

    std::string suffix_;
    std::deque<std::string> texts_;  // what the format's tags are views of
    TagFormat format_;
    TagParser inner_;
};

template <const TagFormat& kFormat>
std::unique_ptr<OutputParser> make_suffixed(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<SuffixedTags>(kFormat, spec, options);
}

constexpr std::string_view kGlmTokens[] = {"<tool_call>", "</tool_call>"};
constexpr std::string_view kHunyuanTokens[] = {"<tool_calls>", "</tool_calls>", "<tool_call>", "</tool_call>"};
constexpr std::string_view kHorizonTokens[] = {"<ifm|tool_calls>", "</ifm|tool_calls>", "<ifm|tool_call>",
                                               "</ifm|tool_call>"};

constexpr ParserEntry kEntries[] = {
    {"glm45", make_tag_parser<kGlm>, kGlmTokens},
    {"glm47", make_tag_parser<kGlm>, kGlmTokens},
    {"hy_v3", make_suffixed<kHunyuan3>, kHunyuanTokens},
    {"hy_v4", make_suffixed<kHunyuan4>, kHunyuanTokens},
    {"k2_horizon", make_tag_parser<kHorizon>, kHorizonTokens},
    {"ling3", make_tag_parser<kGlm>, kGlmTokens},
    {"poolside_v1", make_tag_parser<kPoolside>, kGlmTokens},
};

}  // namespace

std::span<const ParserEntry> arg_key_tag_parsers() noexcept { return kEntries; }

}  // namespace fastfront
