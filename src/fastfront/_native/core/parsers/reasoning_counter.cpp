// SPDX-License-Identifier: Apache-2.0
#include "reasoning_counter.hpp"

#include <algorithm>
#include <utility>

namespace fastfront {

namespace {

using enum CountAct;

// basic_parsers.py: what the prompt has opened does not count.
constexpr CountMarker kThink[] = {{"<think>", start}, {"</think>", end}};
constexpr CountFormat kDepths{
    .markers = kThink, .begins_inside = 0, .depths = true, .closed_counts = true, .open_is_unsaid = true};
// deepseek_v3_reasoning_parser.py: without thinking, another parser, which counts nothing.
constexpr CountFormat kDepthsOrNone{.markers = kThink, .begins_inside = 0, .depths = true, .open_is_unsaid = true};
constexpr CountMarker kCohereMarkers[] = {{"<|START_THINKING|>", start}, {"<|END_THINKING|>", end}};
constexpr CountFormat kCohere{
    .markers = kCohereMarkers, .begins_inside = 0, .depths = true, .closed_counts = true, .open_is_unsaid = true};
constexpr CountMarker kK2HorizonMarkers[] = {{"<ifm|think>", start},        {"</ifm|think>", end},
                                             {"<ifm|think_fast>", start},   {"</ifm|think_fast>", end},
                                             {"<ifm|think_faster>", start}, {"</ifm|think_faster>", end}};
constexpr CountFormat kK2Horizon{
    .markers = kK2HorizonMarkers, .begins_inside = 0, .depths = true, .closed_counts = true, .open_is_unsaid = true};
constexpr CountMarker kMinimaxM3Markers[] = {{"<mm:think>", start}, {"</mm:think>", end}};
constexpr CountFormat kMinimaxM3{
    .markers = kMinimaxM3Markers, .begins_inside = 0, .depths = true, .closed_counts = true};

// step3_reasoning_parser.py, hy_v4_reasoning_parser.py: up to the first end.
constexpr CountMarker kStep3Markers[] = {{"</think>", end}};
constexpr CountFormat kStep3{.markers = kStep3Markers, .once = true};
constexpr CountMarker kHyV4Markers[] = {{"<think>", leading_start}, {"</think>", end}};
constexpr CountFormat kHyV4{.markers = kHyV4Markers, .once = true};

// parser/engine: the tokens that the engine reads in its reasoning state.
constexpr CountMarker kQwen3Markers[] = {{"</think>", end}, {"<tool_call>", end}, {"<think>", start}};
constexpr CountFormat kQwen3{.markers = kQwen3Markers, .once = true};
constexpr CountFormat kMinicpmv{.markers = kQwen3Markers, .once = true, .closed_counts = true};
constexpr CountFormat kGlm{.markers = kQwen3Markers};
constexpr CountMarker kSeedOssMarkers[] = {{"<seed:think>", start}, {"</seed:think>", end}, {"<seed:tool_call>", end}};
constexpr CountFormat kSeedOss{.markers = kSeedOssMarkers, .once = true};
constexpr CountMarker kMinimaxM2Markers[] = {{"<think>", start}, {"</think>", end}, {"<minimax:tool_call>", end}};
constexpr CountFormat kMinimaxM2{.markers = kMinimaxM2Markers, .once = true};
constexpr CountMarker kKimiK2Markers[] = {{"<think>", start}, {"</think>", end}, {"<|tool_calls_section_begin|>", end}};
constexpr CountFormat kKimiK2{.markers = kKimiK2Markers, .once = true};
constexpr CountMarker kDeepseekV4Markers[] = {{"<think>", start}, {"</think>", end}, {"<｜DSML｜tool_calls>", end}};
constexpr CountFormat kDeepseekV4{.markers = kDeepseekV4Markers, .closed_counts = true};
constexpr CountMarker kDeepseekV41Markers[] = {{"<think>", start}, {"</think>", end}, {"<｜DSML｜ calls>", end}};
constexpr CountFormat kDeepseekV41{.markers = kDeepseekV41Markers, .closed_counts = true};
constexpr CountMarker kGemma4Markers[] = {{"<|channel>", start}, {"<channel|>", end}, {"<|tool_call>", end}};
constexpr CountFormat kGemma4{.markers = kGemma4Markers, .begins_inside = 0, .closed_counts = true};
constexpr CountMarker kMistralMarkers[] = {{"[THINK]", start}, {"[/THINK]", end}, {"[TOOL_CALLS]", end}};
constexpr CountFormat kMistral{.markers = kMistralMarkers, .begins_inside = 0, .closed_counts = true};
constexpr CountMarker kPlamo3Markers[] = {{"<|plamo:begin_think:plamo|>", start},
                                          {"<|plamo:end_think:plamo|>", end},
                                          {"<|plamo:begin_tool_requests:plamo|>", end},
                                          {"<|plamo:tag|>", end}};
constexpr CountFormat kPlamo3{.markers = kPlamo3Markers};

// parser/inkling.py, kimi_k3_reasoning_parser.py: rules of their own.
constexpr CountMarker kInklingMarkers[] = {
    {"<|content_thinking|>", start}, {"<|end_message|>", end}, {"<|content_model_end_sampling|>", end}};
constexpr CountFormat kInkling{
    .markers = kInklingMarkers, .begins_inside = 0, .closed_counts = true, .open_is_unsaid = true};
constexpr CountMarker kKimiK3Markers[] = {
    {"<|open|>think<|sep|>", start}, {"<|close|>think<|sep|>", end}, {"<|open|>response<|sep|>", answer}};
constexpr CountFormat kKimiK3{.markers = kKimiK3Markers};

// parser/harmony.py: what stands on the analysis channel.
constexpr CountMarker kHarmonyMarkers[] = {
    {"<|channel|>analysis<|message|>", start}, {"<|end|>", end}, {"<|call|>", end}, {"<|return|>", end}};
constexpr CountFormat kHarmony{.markers = kHarmonyMarkers, .begins_inside = 0, .closed_counts = true};

struct Named {
    std::string_view name;
    const CountFormat* format;
};

constexpr Named kFormats[] = {
    {"cohere_command3", &kCohere},
    {"cohere_command4", &kCohere},
    {"deepseek_r1", &kDepths},
    {"deepseek_v3", &kDepthsOrNone},
    {"deepseek_v4", &kDeepseekV4},
    {"deepseek_v41", &kDeepseekV41},
    {"ernie45", &kDepths},
    {"gemma4", &kGemma4},
    {"glm45", &kGlm},
    {"glm47", &kGlm},
    {"granite_thinking_parser", &kQwen3},
    {"holo2", &kDepthsOrNone},
    {"hy_v3", &kDepths},
    {"hy_v4", &kHyV4},
    {"inkling", &kInkling},
    {"k2_horizon", &kK2Horizon},
    {"kimi_k2", &kKimiK2},
    {"kimi_k3", &kKimiK3},
    {"ling3", &kGlm},
    {"mimo", &kQwen3},
    {"minicpmv", &kMinicpmv},
    {"minimax_m2", &kMinimaxM2},
    {"minimax_m3", &kMinimaxM3},
    {"mistral", &kMistral},
    {"nemotron_v3", &kQwen3},
    {"openai_gptoss", &kHarmony},
    {"plamo3", &kPlamo3},
    {"poolside_v1", &kDepthsOrNone},
    {"qwen3", &kQwen3},
    {"seed_oss", &kSeedOss},
    {"step3", &kStep3},
    {"step3p5", &kQwen3},
    {"step5", &kDepths},
};

}  // namespace

const CountFormat* find_count_format(std::string_view name) noexcept {
    const auto* found = std::ranges::find(kFormats, name, &Named::name);
    return found == std::end(kFormats) ? nullptr : found->format;
}

ReasoningCounter::ReasoningCounter(std::shared_ptr<const CountRule> rule, Thinking thinking) : rule_(std::move(rule)) {
    const CountFormat* const format = rule_->format;
    if (format == nullptr) return;
    depth_ = format->begins_inside;
    if (thinking == Thinking::open && !format->open_is_unsaid) depth_ = 1;
    if (thinking == Thinking::closed) {
        depth_ = 0;
        over_ = !format->closed_counts;
    }
}

std::size_t ReasoningCounter::markers() const noexcept {
    return std::min(rule_->ids.size(), rule_->format->markers.size());
}

bool ReasoningCounter::begins_marker(std::int64_t token) const noexcept {
    for (std::size_t i = 0; i < markers(); ++i) {
        if (!rule_->ids[i].empty() && rule_->ids[i].front() == token) return true;
    }
    return false;
}

void ReasoningCounter::push(std::int64_t token) {
    if (rule_->format == nullptr || over_) return;
    if (waiting_.empty() && !begins_marker(token)) {  // nearly every token
        if (depth_ > 0) ++count_;
        begun_ = true;
        return;
    }
    waiting_.push_back(token);
    while (!waiting_.empty() && !over_ && step()) {
    }
}

bool ReasoningCounter::step() {
    std::size_t taken = 0;
    CountAct what = CountAct::end;
    for (std::size_t i = 0; i < markers(); ++i) {
        const std::vector<std::int64_t>& marker = rule_->ids[i];
        if (marker.empty()) continue;
        const std::size_t both = std::min(marker.size(), waiting_.size());
        if (!std::equal(marker.begin(), marker.begin() + static_cast<std::ptrdiff_t>(both), waiting_.begin())) continue;
        if (both < marker.size()) return false;
        const CountAct act = rule_->format->markers[i].act;
        if (act == leading_start && begun_) continue;
        if (act == answer && started_) continue;
        taken = both;
        what = act;
        break;
    }
    if (taken == 0) {
        if (depth_ > 0) ++count_;
        taken = 1;
    } else {
        act(what);
    }
    begun_ = true;
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(taken));
    return true;
}

void ReasoningCounter::act(CountAct what) noexcept {
    switch (what) {
        case start:
            depth_ = rule_->format->depths ? depth_ + 1 : 1;
            started_ = true;
            break;
        case end:
            depth_ = rule_->format->depths && depth_ > 0 ? depth_ - 1 : 0;
            over_ = rule_->format->once;
            break;
        case answer: depth_ = 0; break;
        case leading_start: break;
    }
}

std::uint64_t ReasoningCounter::count() const noexcept { return count_ + (depth_ > 0 ? waiting_.size() : 0); }

}  // namespace fastfront
