// SPDX-License-Identifier: Apache-2.0
// Tool calls that are JSON: the names and what makes their parsers. Each table transcribes what the whole answer of
// vLLM's parser of that name (vllm/tool_parsers, vllm/parser) accepts.
#include "families.hpp"
#include "json_calls.hpp"
#include "named_call.hpp"

namespace fastfront {

namespace {

using namespace marker_role;
using View = std::string_view;

// hermes_tool_parser.py: <tool_call>{"name": ..., "arguments": ...}</tool_call>
constexpr Marker kToolCall[] = {{"<tool_call>"}};
constexpr View kToolCallEnd[] = {"</tool_call>"};
constexpr View kToolCallTokens[] = {"<tool_call>", "</tool_call>"};
constexpr JsonFormat kHermes{.markers = kToolCall, .ends = kToolCallEnd, .objects = true};

constexpr Marker kLongcatMarkers[] = {{"<longcat_tool_call>"}};
constexpr View kLongcatEnd[] = {"</longcat_tool_call>"};
constexpr View kLongcatTokens[] = {"<longcat_tool_call>", "</longcat_tool_call>"};
constexpr JsonFormat kLongcat{.markers = kLongcatMarkers, .ends = kLongcatEnd, .objects = true};

// granite4_tool_parser.py: the same, with the text between calls
constexpr JsonFormat kGranite4{.markers = kToolCall,
                               .ends = kToolCallEnd,
                               .objects = true,
                               .call = {.null = {}, .strings_are_text = true},
                               .content = {.drop_after = false}};

// ernie45_tool_parser.py
constexpr JsonFormat kErnie45{.markers = kToolCall,
                              .ends = kToolCallEnd,
                              .objects = true,
                              .call = {.missing = "{}"},
                              .content = {.strip_newlines = true}};

// xlam_tool_parser.py: a list, in a code block, behind a marker, or all that there is
constexpr Marker kXlamMarkers[] = {{"```"}, {"```json"}, {"[TOOL_CALLS]"}, {"<tool_call>"}, {"</think>", kRestart}};
constexpr View kXlamEnds[] = {"```", "</tool_call>"};
constexpr JsonFormat kXlam{.markers = kXlamMarkers,
                           .ends = kXlamEnds,
                           .lists = true,
                           .list_at_start = true,
                           .call = {.null = {}, .strings_are_text = true, .objects_only = true},
                           .content = {.strip = true, .drop_after = false}};

// granite_20b_fc_tool_parser.py: <function_call> {...}, without an end
constexpr Marker kGranite20bMarkers[] = {{"<function_call>"}};
constexpr View kGranite20bTokens[] = {"<function_call>"};
constexpr JsonFormat kGranite20b{.markers = kGranite20bMarkers, .objects = true};

// parser/granite.py: a list behind <|tool_call|> or <tool_call>, arguments as they stand
constexpr Marker kGraniteMarkers[] = {{"<|tool_call|>"}, {"<tool_call>"}};
constexpr View kGraniteTokens[] = {"<|tool_call|>"};
constexpr JsonFormat kGranite{.markers = kGraniteMarkers,
                              .lists = true,
                              .call = {.missing = "{}", .strings_are_text = true, .verbatim = true},
                              .content = {.strip = true}};

// jamba_tool_parser.py: <tool_calls>[...]</tool_calls>
constexpr Marker kToolCalls[] = {{"<tool_calls>"}};
constexpr View kToolCallsEnd[] = {"</tool_calls>"};
constexpr View kToolCallsTokens[] = {"<tool_calls>", "</tool_calls>"};
constexpr JsonFormat kJamba{.markers = kToolCalls, .ends = kToolCallsEnd, .lists = true};

// hunyuan_a13b_tool_parser.py: the same; its template begins an answer with a word that is no part of it
constexpr Marker kHunyuanMarkers[] = {{"<tool_calls>"}, {"助手：", kOnce}};
constexpr JsonFormat kHunyuan{.markers = kHunyuanMarkers,
                              .ends = kToolCallsEnd,
                              .lists = true,
                              .call = {.null = {}, .strings_are_text = true, .objects_only = true}};

// llama_tool_parser.py: objects anywhere
constexpr Marker kLlamaMarkers[] = {{"<|python_tag|>"}, {"{", kBare}, {"[", kBare}};
constexpr View kLlamaTokens[] = {"<|python_tag|>"};
constexpr JsonFormat kLlama{
    .markers = kLlamaMarkers, .objects = true, .lists = true, .call = {.also = "parameters", .bare = true}};

// phi4mini_tool_parser.py: functools[...]
constexpr Marker kPhi4Markers[] = {{"functools["}};
constexpr JsonFormat kPhi4{.markers = kPhi4Markers, .opened = true, .call = {.also = "parameters"}};

// internlm2_tool_parser.py
constexpr Marker kInternlmMarkers[] = {{"<|action_start|><|plugin|>"}};
constexpr View kInternlmEnds[] = {"<|action_end|>"};
constexpr View kInternlmTokens[] = {"<|action_start|>", "<|plugin|>", "<|action_end|>"};
constexpr JsonFormat kInternlm{.markers = kInternlmMarkers,
                               .ends = kInternlmEnds,
                               .objects = true,
                               .call = {.arguments = "parameters", .also = "arguments", .missing = "{}"}};

// apertus_tool_parser.py: <|tools_prefix|>[{"get_weather": {...}}]<|tools_suffix|>
constexpr Marker kApertusMarkers[] = {{"<|tools_prefix|>"}};
constexpr View kApertusEnds[] = {"<|tools_suffix|>"};
constexpr View kApertusTokens[] = {"<|tools_prefix|>", "<|tools_suffix|>"};
constexpr JsonFormat kApertus{.markers = kApertusMarkers,
                              .ends = kApertusEnds,
                              .objects = true,
                              .lists = true,
                              .call = {.keyed = true},
                              .content = {.strip = true, .drop_after = false, .join = true}};

// gigachat3_tool_parser.py
constexpr Marker kGigachat3Markers[] = {
    {"<|function_call|>"}, {"function call<|role_sep|>\n"}, {"<|message_sep|>", kSilent}};
constexpr View kGigachat3Tokens[] = {"<|function_call|>", "<|role_sep|>", "<|message_sep|>"};
constexpr JsonFormat kGigachat3{
    .markers = kGigachat3Markers, .objects = true, .call = {.null = {}, .objects_only = true, .lenient = true}};

// parser/mistral.py, tokenizers before v11: [TOOL_CALLS][{...}]
constexpr Marker kMistralMarkers[] = {{"[TOOL_CALLS]"}};
constexpr View kMistralTokens[] = {"[TOOL_CALLS]", "[ARGS]"};
constexpr JsonFormat kMistralList{.markers = kMistralMarkers,
                                  .objects = true,
                                  .lists = true,
                                  .call = {.missing = "{}", .null = "{}", .strings_are_text = true}};

// ... whose answers to tool_choice "required" or a function are guided to be the bare list
constexpr JsonFormat kMistralGuided{.markers = kMistralMarkers,
                                    .objects = true,
                                    .lists = true,
                                    .list_at_start = true,
                                    .call = {.missing = "{}", .null = "{}", .strings_are_text = true}};

// ... and since: [TOOL_CALLS]name[ARGS]{...}
constexpr View kMistralSeparators[] = {"[ARGS]"};
constexpr JsonFormat kMistralNames{
    .markers = kMistralMarkers,
    .objects = true,
    .lists = true,
    .headers = true,
    .call = {.missing = "{}", .null = "{}", .strings_are_text = true},
    .header = {.separators = kMistralSeparators, .again = "[TOOL_CALLS]", .brace = true, .strip = true},
    .content = {.strip = true}};

// deepseekv3_tool_parser.py
constexpr View kDeepseekTokens[] = {"<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>", "<｜tool▁call▁begin｜>",
                                    "<｜tool▁call▁end｜>", "<｜tool▁sep｜>"};
constexpr Marker kDeepseekV3Markers[] = {{"<｜tool▁call▁begin｜>function<｜tool▁sep｜>"},
                                         {"<｜tool▁calls▁begin｜>", kAround},
                                         {"<｜tool▁calls▁end｜>", kAround}};
constexpr View kDeepseekV3Separators[] = {"\n```json\n"};
constexpr View kDeepseekV3Ends[] = {"```<｜tool▁call▁end｜>"};
constexpr JsonFormat kDeepseekV3{.markers = kDeepseekV3Markers,
                                 .ends = kDeepseekV3Ends,
                                 .headers = true,
                                 .header = {.separators = kDeepseekV3Separators, .again = "<｜tool▁call▁begin｜>"}};

// deepseekv31_tool_parser.py
constexpr Marker kDeepseekV31Markers[] = {
    {"<｜tool▁call▁begin｜>"}, {"<｜tool▁calls▁begin｜>", kAround}, {"<｜tool▁calls▁end｜>", kAround}};
constexpr View kDeepseekV31Separators[] = {"<｜tool▁sep｜>"};
constexpr View kDeepseekV31Ends[] = {"<｜tool▁call▁end｜>"};
constexpr JsonFormat kDeepseekV31{.markers = kDeepseekV31Markers,
                                  .ends = kDeepseekV31Ends,
                                  .headers = true,
                                  .header = {.separators = kDeepseekV31Separators, .again = "<｜tool▁call▁begin｜>"}};

// parser/kimi_k2.py
constexpr View kKimiTokens[] = {"<|tool_calls_section_begin|>", "<|tool_calls_section_end|>", "<|tool_call_begin|>",
                                "<|tool_call_end|>", "<|tool_call_argument_begin|>"};
constexpr Marker kKimiMarkers[] = {
    {"<|tool_call_begin|>"}, {"<|tool_calls_section_begin|>", kAround}, {"<|tool_calls_section_end|>", kAround}};
constexpr View kKimiSeparators[] = {"<|tool_call_argument_begin|>"};
constexpr View kKimiEnds[] = {"<|tool_call_end|>", "<|tool_calls_section_end|>"};
constexpr JsonFormat kKimi{
    .markers = kKimiMarkers,
    .ends = kKimiEnds,
    .headers = true,
    .header = {.separators = kKimiSeparators, .again = "<|tool_call_begin|>", .kimi = true, .end = '<'}};

// parser/cohere_command.py over cohere_melody: <|START_ACTION|>[{"tool_call_id": ..., "tool_name": ..., ...}]
constexpr Marker kCohere3Markers[] = {
    {"<|START_ACTION|>"}, {"<|START_RESPONSE|>", kText}, {"<|END_RESPONSE|>", kSilent}};
constexpr Marker kCohere4Markers[] = {{"<|START_ACTION|>"},
                                      {"<|START_RESPONSE|>", kText},
                                      {"<|END_RESPONSE|>", kSilent},
                                      {"<|START_TEXT|>", kText},
                                      {"<|END_TEXT|>", kSilent}};
constexpr View kCohereEnds[] = {"<|END_ACTION|>"};
constexpr View kCohereTokens[] = {"<|START_ACTION|>", "<|END_ACTION|>", "<|START_RESPONSE|>",
                                  "<|END_RESPONSE|>", "<|START_TEXT|>", "<|END_TEXT|>"};
constexpr CallRules kCohereCall{
    .name = "tool_name", .arguments = "parameters", .id = "tool_call_id", .missing = "{}", .verbatim = true};
constexpr ContentRules kCohereContent{.strip = true, .trim = true};
constexpr JsonFormat kCohere3{
    .markers = kCohere3Markers, .ends = kCohereEnds, .lists = true, .call = kCohereCall, .content = kCohereContent};
constexpr JsonFormat kCohere4{
    .markers = kCohere4Markers, .ends = kCohereEnds, .lists = true, .call = kCohereCall, .content = kCohereContent};

// parser/abstract_parser.py: a list of {"name": ..., "parameters": ...} is all that tool_choice "required" allows
constexpr JsonFormat kRequired{.markers = {},
                               .lists = true,
                               .list_at_start = true,
                               .call = {.arguments = "parameters", .missing = "null", .objects_only = true},
                               .content = {.drop_after = false}};

template <const JsonFormat& kFormat>
std::unique_ptr<OutputParser> make(const ParserSpec& /*spec*/, const ParserOptions& /*options*/) {
    return std::make_unique<JsonCalls>(kFormat);
}

std::unique_ptr<OutputParser> make_mistral(const ParserSpec& spec, const ParserOptions& /*options*/) {
    return std::make_unique<JsonCalls>(spec.id_of("[ARGS]") == kNoToken ? kMistralList : kMistralNames);
}

std::unique_ptr<OutputParser> make_named(const ParserSpec& /*spec*/, const ParserOptions& options) {
    return std::make_unique<NamedCall>(options);
}

constexpr ParserEntry kParsers[] = {
    {"apertus", make<kApertus>, kApertusTokens},
    {"cohere_command3", make<kCohere3>, kCohereTokens},
    {"cohere_command4", make<kCohere4>, kCohereTokens},
    {"deepseek_v3", make<kDeepseekV3>, kDeepseekTokens},
    {"deepseek_v31", make<kDeepseekV31>, kDeepseekTokens},
    {"ernie45", make<kErnie45>, kToolCallTokens},
    {"gigachat3", make<kGigachat3>, kGigachat3Tokens},
    {"granite", make<kGranite>, kGraniteTokens},
    {"granite-20b-fc", make<kGranite20b>, kGranite20bTokens},
    {"granite4", make<kGranite4>, kToolCallTokens},
    {"hermes", make<kHermes>, kToolCallTokens},
    {"hunyuan_a13b", make<kHunyuan>, kToolCallsTokens},
    {"internlm", make<kInternlm>, kInternlmTokens},
    {"jamba", make<kJamba>, kToolCallsTokens},
    {"json:mistral", make<kMistralGuided>, kMistralTokens},
    {"json:named", make_named, {}},
    {"json:required", make<kRequired>, {}},
    {"kimi_k2", make<kKimi>, kKimiTokens},
    {"llama3_json", make<kLlama>, kLlamaTokens},
    {"llama4_json", make<kLlama>, kLlamaTokens},
    {"longcat", make<kLongcat>, kLongcatTokens},
    {"mistral", make_mistral, kMistralTokens},
    {"phi4_mini_json", make<kPhi4>, {}},
    {"qwen3_json", make<kHermes>, kToolCallTokens},
    {"xlam", make<kXlam>, kToolCallTokens},
};

}  // namespace

std::span<const ParserEntry> json_tool_parsers() noexcept { return kParsers; }

}  // namespace fastfront
