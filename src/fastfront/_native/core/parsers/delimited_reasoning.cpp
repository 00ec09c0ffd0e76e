// SPDX-License-Identifier: Apache-2.0
#include "delimited_reasoning.hpp"

namespace fastfront {

DelimitedReasoning::DelimitedReasoning(const DelimitedFormat& format, const ParserSpec& spec,
                                       const ParserOptions& options)
    : format_(format), leading_(format.drops_space_before_start), in_lines_(format.strips_content_lines) {
    for (const ReasoningMarker& marker : format.markers) add_marker(marker.text, spec, format.tokens_as_text_too);
    reasoning_ =
        options.thinking == Thinking::open || (options.thinking == Thinking::unsaid && !format.begins_in_content);
    verbatim_ =
        (options.thinking == Thinking::closed && format.closed_is_text) || (format.needs_tokens && !is_token(0));
    if (verbatim_) {
        reasoning_ = false;
        leading_ = false;
    }
    choose_active();
}

void DelimitedReasoning::on_end(Pieces& out) {
    if (!lead_.empty()) deliver(lead_, kNoToken, out);
    lead_.clear();
}

bool DelimitedReasoning::forgets(std::string_view held) const noexcept {
    return reasoning_ && !reasoned_ && !opened_ && held == format_.empty_reasoning;
}

MarkerRule DelimitedReasoning::rule_of(std::uint32_t marker) const noexcept {
    if (verbatim_) return MarkerRule::text;
    const ReasoningMarker& entry = format_.markers[marker];
    const MarkerRule rule = reasoning_ ? entry.in_reasoning : entry.in_content;
    bool holds = true;
    switch (rule) {
        case MarkerRule::drop_one:
        case MarkerRule::start_one: holds = !opened_; break;
        case MarkerRule::drop_at_start:
        case MarkerRule::skip_at_start:
        case MarkerRule::start_at_start: holds = !started_; break;
        case MarkerRule::drop_at_reasoning:
        case MarkerRule::end_at_reasoning: holds = !opened_ && !reasoned_; break;
        default: break;
    }
    return holds ? rule : MarkerRule::text;
}

void DelimitedReasoning::choose_active() noexcept {
    active_ = 0;
    for (std::uint32_t marker = 0; marker < marker_count(); ++marker) {
        if (rule_of(marker) != MarkerRule::text) active_ |= Set{1} << marker;
    }
}

void DelimitedReasoning::on_marker(std::uint32_t index, std::string_view text, std::int64_t token, Pieces& out) {
    const MarkerRule rule = rule_of(index);
    switch (rule) {
        case MarkerRule::text:
        case MarkerRule::drop:
        case MarkerRule::drop_at_start: break;
        case MarkerRule::drop_one:
        case MarkerRule::drop_at_reasoning: opened_ = true; break;
        case MarkerRule::skip_at_start: verbatim_ = true; break;
        case MarkerRule::start: reasoning_ = true; break;
        case MarkerRule::start_one:
        case MarkerRule::start_at_start:
            reasoning_ = true;
            opened_ = true;
            break;
        case MarkerRule::end:
        case MarkerRule::end_at_reasoning:
        case MarkerRule::end_keep:
            if (!lead_.empty()) deliver(lead_, kNoToken, out);
            reasoning_ = false;
            verbatim_ = format_.one_block;
            break;
    }
    lead_.clear();
    leading_ = false;
    started_ = true;
    choose_active();
    if (rule == MarkerRule::end_keep) on_text(text, token, out);
}

void DelimitedReasoning::on_text(std::string_view text, std::int64_t token, Pieces& out) {
    if (!started_) {
        started_ = true;
        choose_active();
    }
    if (leading_) {
        if (token == kNoToken && leading_space(text) == text.size() &&
            lead_.size() + text.size() <= TrailingSpace::kMost) {
            lead_.append(text);
            return;
        }
        leading_ = false;
        if (!lead_.empty()) deliver(lead_, kNoToken, out);
        lead_.clear();
    }
    deliver(text, token, out);
}

void DelimitedReasoning::deliver(std::string_view text, std::int64_t token, Pieces& out) {
    if (reasoning_) {
        if (!reasoned_) {
            reasoned_ = true;
            choose_active();
        }
        if (format_.strips_reasoning_end) {
            space_.add(text, [&out](std::string_view known) { out.add_reasoning(known); });
        } else {
            out.add_reasoning(text);
        }
        return;
    }
    if (in_lines_) {
        while (!text.empty() && text.front() == '\n') text.remove_prefix(1);
        if (text.empty()) return;
        in_lines_ = false;
    }
    out.add_content(text, token);
}

}  // namespace fastfront
