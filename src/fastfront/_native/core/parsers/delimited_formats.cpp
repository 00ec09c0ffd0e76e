// SPDX-License-Identifier: Apache-2.0
// The formats that one state machine reads (delimited_reasoning.hpp), by the names of vLLM's parsers. The rules are
// those of vLLM's whole answers: vllm/reasoning/*_reasoning_parser.py (extract_reasoning) and, for parsers on its
// engine, vllm/parser/*.py (the transitions out of REASONING and CONTENT).
#include "delimited_reasoning.hpp"
#include "families.hpp"

namespace fastfront {

namespace {

using enum MarkerRule;

template <const DelimitedFormat& kFormat>
std::unique_ptr<OutputParser> make(const ParserSpec& spec, const ParserOptions& options) {
    return std::make_unique<DelimitedReasoning>(kFormat, spec, options);
}

constexpr ReasoningMarker kStep3Markers[] = {{"</think>", end}};
constexpr DelimitedFormat kStep3{.markers = kStep3Markers, .one_block = true};

constexpr ReasoningMarker kOlmo3Markers[] = {{"<think>", drop_at_start}, {"</think>", end}};
constexpr DelimitedFormat kOlmo3{.markers = kOlmo3Markers, .one_block = true};

// parser/qwen3.py: a tool call ends thinking; a second end disappears.
constexpr ReasoningMarker kQwen3Markers[] = {{"<think>", drop}, {"</think>", end, drop}, {"<tool_call>", end_keep}};
constexpr DelimitedFormat kQwen3{.markers = kQwen3Markers};
constexpr DelimitedFormat kNemotron{.markers = kQwen3Markers, .strips_reasoning_end = true};
constexpr DelimitedFormat kGraniteThinking{
    .markers = kQwen3Markers, .strips_reasoning_end = true, .strips_content_lines = true};

constexpr ReasoningMarker kSeedOssMarkers[] = {
    {"<seed:think>", drop}, {"</seed:think>", end, drop}, {"<seed:tool_call>", end_keep}};
constexpr DelimitedFormat kSeedOss{.markers = kSeedOssMarkers};

constexpr ReasoningMarker kMinimaxM2Markers[] = {
    {"<think>", drop}, {"</think>", end, drop}, {"<minimax:tool_call>", end_keep}};
constexpr DelimitedFormat kMinimaxM2{.markers = kMinimaxM2Markers, .strips_reasoning_end = true};

constexpr ReasoningMarker kKimiK2Markers[] = {
    {"<think>", drop}, {"</think>", end, drop}, {"<|tool_calls_section_begin|>", end_keep}};
constexpr DelimitedFormat kKimiK2{.markers = kKimiK2Markers, .strips_reasoning_end = true};

// parser/glm47_moe.py: thinking may begin again.
constexpr ReasoningMarker kGlmMarkers[] = {
    {"<think>", drop, start}, {"</think>", end, drop}, {"<tool_call>", end_keep}};
constexpr DelimitedFormat kGlm{.markers = kGlmMarkers, .strips_reasoning_end = true};

constexpr ReasoningMarker kDeepseekV4Markers[] = {{"<think>", drop, start},
                                                  {"</think>", end, drop},
                                                  {"<｜DSML｜tool_calls>", end_keep},
                                                  {"<｜DSML｜toolcalls>", end_keep},
                                                  {"<｜DSML｜tool>", end_keep}};
constexpr DelimitedFormat kDeepseekV4{
    .markers = kDeepseekV4Markers, .closed_is_text = false, .strips_reasoning_end = true};
constexpr ReasoningMarker kDeepseekV41Markers[] = {
    {"<think>", drop, start}, {"</think>", end, drop}, {"<｜DSML｜ calls>", end_keep}};
constexpr DelimitedFormat kDeepseekV41{
    .markers = kDeepseekV41Markers, .closed_is_text = false, .strips_reasoning_end = true};

constexpr ReasoningMarker kPlamo3Markers[] = {{"<|plamo:begin_think:plamo|>", drop, start},
                                              {"<|plamo:end_think:plamo|>", end, drop},
                                              {"<|plamo:begin_tool_requests:plamo|>", end_keep},
                                              {"<|plamo:tag|>", end, drop}};
constexpr DelimitedFormat kPlamo3{.markers = kPlamo3Markers};

// parser/mistral.py: reasoning only where the vocabulary has its tokens.
constexpr ReasoningMarker kMistralMarkers[] = {
    {"[THINK]", drop, start}, {"[/THINK]", end, drop}, {"[TOOL_CALLS]", end_keep}};
constexpr DelimitedFormat kMistral{.markers = kMistralMarkers,
                                   .begins_in_content = true,
                                   .closed_is_text = false,
                                   .strips_reasoning_end = true,
                                   .needs_tokens = true};

// parser/gemma4.py: a channel begins with its name, which is no part of the reasoning.
constexpr ReasoningMarker kGemma4Markers[] = {{"<|channel>", drop, start},
                                              {"<channel|>", end, drop},
                                              {"<|tool_call>", end_keep},
                                              {"thought\n", drop_at_reasoning, start_at_start},
                                              {"thought<channel|>", end_at_reasoning}};
constexpr DelimitedFormat kGemma4{.markers = kGemma4Markers,
                                  .begins_in_content = true,
                                  .closed_is_text = false,
                                  .strips_reasoning_end = true,
                                  .empty_reasoning = "thought"};

// minimax_m3_reasoning_parser.py: the tokenizer has the markers as tokens, and the model spells them as well.
constexpr ReasoningMarker kMinimaxM3Markers[] = {{"<mm:think>", drop_at_start, start_one},
                                                 {"</mm:think>", end, skip_at_start}};
constexpr DelimitedFormat kMinimaxM3{
    .markers = kMinimaxM3Markers, .begins_in_content = true, .one_block = true, .tokens_as_text_too = true};

constexpr ReasoningMarker kK2HorizonMarkers[] = {{"<ifm|think>", drop_at_start},        {"</ifm|think>", end},
                                                 {"<ifm|think_fast>", drop_at_start},   {"</ifm|think_fast>", end},
                                                 {"<ifm|think_faster>", drop_at_start}, {"</ifm|think_faster>", end},
                                                 {"<ifm|tool_calls>", end_keep}};
constexpr DelimitedFormat kK2Horizon{.markers = kK2HorizonMarkers, .one_block = true, .tokens_as_text_too = true};

// granite_reasoning_parser.py: sentences for markers; the quantized models write them differently.
constexpr ReasoningMarker kGraniteMarkers[] = {{"Here is my thought process:", text, start_one},
                                               {"Here's my thought process:", text, start_one},
                                               {"Here is my response:", end},
                                               {"Here's my response:", end}};
constexpr DelimitedFormat kGranite{
    .markers = kGraniteMarkers, .begins_in_content = true, .one_block = true, .drops_space_before_start = true};

constexpr std::string_view kNoTokens[] = {""};
constexpr std::span<const std::string_view> kTextOnly = std::span(kNoTokens).first(0);
constexpr std::string_view kThinkTokens[] = {"<think>", "</think>"};
constexpr std::string_view kStep3Tokens[] = {"</think>"};
constexpr std::string_view kToolCallTokens[] = {"<think>", "</think>", "<tool_call>"};
constexpr std::string_view kSeedOssTokens[] = {"<seed:think>", "</seed:think>", "<seed:tool_call>"};
constexpr std::string_view kMinimaxM2Tokens[] = {"<think>", "</think>", "<minimax:tool_call>"};
constexpr std::string_view kKimiK2Tokens[] = {"<think>", "</think>", "<|tool_calls_section_begin|>"};
constexpr std::string_view kDeepseekV4Tokens[] = {"<think>", "</think>", "<｜DSML｜tool_calls>"};
constexpr std::string_view kDeepseekV41Tokens[] = {"<think>", "</think>", "<｜DSML｜ calls>"};
constexpr std::string_view kPlamo3Tokens[] = {"<|plamo:begin_think:plamo|>", "<|plamo:end_think:plamo|>",
                                              "<|plamo:begin_tool_requests:plamo|>", "<|plamo:tag|>"};
constexpr std::string_view kMistralTokens[] = {"[THINK]", "[/THINK]", "[TOOL_CALLS]"};
constexpr std::string_view kGemma4Tokens[] = {"<|channel>", "<channel|>", "<|tool_call>"};
constexpr std::string_view kMinimaxM3Tokens[] = {"<mm:think>", "</mm:think>"};
constexpr std::string_view kK2HorizonTokens[] = {"<ifm|think>",       "</ifm|think>",       "<ifm|think_fast>",
                                                 "</ifm|think_fast>", "<ifm|think_faster>", "</ifm|think_faster>",
                                                 "<ifm|tool_calls>"};

constexpr ParserEntry kEntries[] = {
    {"deepseek_r1", make<kThinkFormat>, kThinkTokens},
    {"deepseek_v3", make<kThinkFormat>, kThinkTokens},
    {"deepseek_v4", make<kDeepseekV4>, kDeepseekV4Tokens},
    {"deepseek_v41", make<kDeepseekV41>, kDeepseekV41Tokens},
    {"gemma4", make<kGemma4>, kGemma4Tokens},
    {"glm45", make<kGlm>, kToolCallTokens},
    {"glm47", make<kGlm>, kToolCallTokens},
    {"granite", make<kGranite>, kTextOnly},
    {"granite_thinking_parser", make<kGraniteThinking>, kToolCallTokens},
    {"holo2", make<kThinkFormat>, kThinkTokens},
    {"k2_horizon", make<kK2Horizon>, kK2HorizonTokens},
    {"kimi_k2", make<kKimiK2>, kKimiK2Tokens},
    {"ling3", make<kGlm>, kToolCallTokens},
    {"mimo", make<kQwen3>, kToolCallTokens},
    {"minimax_m2", make<kMinimaxM2>, kMinimaxM2Tokens},
    {"minimax_m3", make<kMinimaxM3>, kMinimaxM3Tokens},
    {"mistral", make<kMistral>, kMistralTokens},
    {"nemotron_v3", make<kNemotron>, kToolCallTokens},
    {"olmo3", make<kOlmo3>, kTextOnly},
    {"plamo3", make<kPlamo3>, kPlamo3Tokens},
    {"poolside_v1", make<kThinkFormat>, kThinkTokens},
    {"qwen3", make<kQwen3>, kToolCallTokens},
    {"seed_oss", make<kSeedOss>, kSeedOssTokens},
    {"step3", make<kStep3>, kStep3Tokens},
    {"step3p5", make<kNemotron>, kToolCallTokens},
    {"step5", make<kThinkFormat>, kThinkTokens},
};

}  // namespace

std::span<const ParserEntry> delimited_reasoning_parsers() noexcept { return kEntries; }

}  // namespace fastfront
