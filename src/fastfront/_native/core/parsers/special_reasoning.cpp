// SPDX-License-Identifier: Apache-2.0
// Reasoning with rules of its own: the names and what makes their parsers.
#include "answer_wrapper.hpp"
#include "append_think_reasoning.hpp"
#include "chain.hpp"
#include "cohere_reasoning.hpp"
#include "delimited_reasoning.hpp"
#include "families.hpp"
#include "inkling_reasoning.hpp"
#include "kimi_k3_reasoning.hpp"
#include "minicpmv_reasoning.hpp"
#include "muse_reasoning.hpp"

namespace fastfront {

namespace {

using enum MarkerRule;

template <class Parser>
std::unique_ptr<OutputParser> make(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<Parser>(spec, options);
}

template <bool kFour>
std::unique_ptr<OutputParser> make_cohere(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<CohereReasoning>(kFour, spec, options);
}

std::unique_ptr<OutputParser> make_append_think(const ParserSpec&, const ParserOptions&) {
    return std::make_unique<AppendThinkReasoning>();
}

// ernie45_reasoning_parser.py: the answer may stand in tags.
std::unique_ptr<OutputParser> make_ernie45(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<ParserChain>(std::make_unique<DelimitedReasoning>(kThinkFormat, spec, options),
                                         std::make_unique<AnswerWrapper>("<response>", "</response>", spec));
}

// hunyuan_a13b_reasoning_parser.py: the answer's tag is a part of the delimiter. Its end counts without a beginning
// too.
constexpr ReasoningMarker kHunyuanMarkers[] = {{"<think>\n", text, start_one}, {"\n</think>\n<answer>\n", end}};
constexpr DelimitedFormat kHunyuan{
    .markers = kHunyuanMarkers, .begins_in_content = true, .one_block = true, .drops_space_before_start = true};

std::unique_ptr<OutputParser> make_hunyuan(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<ParserChain>(std::make_unique<DelimitedReasoning>(kHunyuan, spec, options),
                                         std::make_unique<AnswerWrapper>("", "\n</answer>", spec));
}

/// Hunyuan's later models add a suffix to their tags, one per checkpoint: the vocabulary says which.
class SuffixedReasoning final : public OutputParser {
  public:
    SuffixedReasoning(const ParserSpec& spec, const ParserOptions& options)
        : start_(spelling("<think", spec)),
          end_(spelling("</think", spec)),
          markers_{{start_, drop_one}, {end_, MarkerRule::end}},
          format_{.markers = markers_, .one_block = true, .drops_space_before_start = true},
          inner_(format_, spec, options) {}

    void push(std::string_view text, std::int64_t token, Pieces& out) override { inner_.push(text, token, out); }
    void finish(Pieces& out) override { inner_.finish(out); }

  private:
    static std::string spelling(std::string_view begin, const ParserSpec& spec) {
        for (const SpecialToken& token : spec.special_tokens) {
            if (token.text.starts_with(begin) && token.text.ends_with('>') && token.text.size() > begin.size() &&
                (token.text[begin.size()] == ':' || token.text[begin.size()] == '>')) {
                return token.text;
            }
        }
        return std::string(begin) + ">";
    }

    std::string start_;
    std::string end_;
    ReasoningMarker markers_[2];
    DelimitedFormat format_;
    DelimitedReasoning inner_;
};

std::unique_ptr<OutputParser> make_muse(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<MuseReasoning>(spec, options, true);
}

constexpr std::string_view kThinkTokens[] = {"<think>", "</think>"};
constexpr std::string_view kErnieTokens[] = {"<think>", "</think>", "<response>", "</response>"};
constexpr std::span<const std::string_view> kTextOnly = std::span(kThinkTokens).first(0);

}  // namespace

std::span<const ParserEntry> special_reasoning_parsers() noexcept {
    static const ParserEntry entries[] = {
        {"cohere_command3", make_cohere<false>, CohereReasoning::special_tokens()},
        {"cohere_command4", make_cohere<true>, CohereReasoning::special_tokens()},
        {"ernie45", make_ernie45, kErnieTokens},
        {"hunyuan_a13b", make_hunyuan, kTextOnly},
        {"hy_v3", make<SuffixedReasoning>, kThinkTokens},
        {"hy_v4", make<SuffixedReasoning>, kThinkTokens},
        {"inkling", make<InklingReasoning>, InklingReasoning::special_tokens()},
        {"kimi_k3", make<KimiK3Reasoning>, KimiK3Reasoning::special_tokens()},
        {"minicpmv", make<MinicpmvReasoning>, MinicpmvReasoning::special_tokens()},
        {"minimax_m2_append_think", make_append_think, kTextOnly},
        {"muse", make_muse, MuseReasoning::special_tokens()},
        {"muse_glimmer", make<MuseReasoning>, MuseReasoning::special_tokens()},
        {"musespark1x", make_muse, MuseReasoning::special_tokens()},
    };
    return entries;
}

}  // namespace fastfront
