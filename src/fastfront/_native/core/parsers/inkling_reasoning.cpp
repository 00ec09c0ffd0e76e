// SPDX-License-Identifier: Apache-2.0
#include "inkling_reasoning.hpp"

namespace fastfront {

namespace {

enum Mark : std::uint32_t { kRole, kText, kThinking, kCall, kRawCall, kCallError, kEnd, kLastEnd, kCount };

constexpr std::string_view kMarkers[kCount] = {"<|message_model|>",
                                               "<|content_text|>",
                                               "<|content_thinking|>",
                                               "<|content_invoke_tool_json|>",
                                               "<|content_invoke_tool_text|>",
                                               "<|content_tool_error|>",
                                               "<|end_message|>",
                                               "<|content_model_end_sampling|>"};

/// Longer than any function's name: what is longer is an answer without blocks.
constexpr std::size_t kMostHeader = 256;

}  // namespace

std::span<const std::string_view> InklingReasoning::special_tokens() noexcept { return kMarkers; }

InklingReasoning::InklingReasoning(const ParserSpec& spec, const ParserOptions& options)
    : state_(options.thinking == Thinking::open     ? State::reasoning
             : options.thinking == Thinking::closed ? State::content
                                                    : State::header) {
    for (const std::string_view marker : kMarkers) add_marker(marker, spec);
}

MarkupParser::Set InklingReasoning::active() const noexcept {
    constexpr Set kEnds = 1U << kEnd | 1U << kLastEnd;
    // Inside thinking, only its end, its beginning once more, or a call count.
    return state_ == State::reasoning ? kEnds | 1U << kThinking | 1U << kCall : (1U << kCount) - 1;
}

void InklingReasoning::on_text(std::string_view text, std::int64_t token, Pieces& out) {
    switch (state_) {
        case State::header:
            header_.append(text);
            if (header_.size() > kMostHeader) {
                out.add_content(header_);
                header_.clear();
                state_ = State::content;
            }
            return;
        case State::reasoning: space_.add(text, [&out](std::string_view known) { out.add_reasoning(known); }); return;
        case State::content:
        case State::call: out.add_content(text, token); return;
    }
}

void InklingReasoning::on_marker(std::uint32_t index, std::string_view text, std::int64_t token, Pieces& out) {
    switch (index) {
        case kRole: state_ = State::header; break;
        case kThinking: state_ = State::reasoning; break;
        case kCall:
            // The tool parser behind reads the call, and by its end where it ends.
            state_ = State::call;
            out.add_content(text, token);
            break;
        case kEnd:
        case kLastEnd:
            if (state_ == State::call) out.add_content(text, token);
            if (state_ == State::header) out.add_content(header_);
            state_ = State::content;
            break;
        default: state_ = State::content; break;
    }
    header_.clear();
}

void InklingReasoning::on_end(Pieces& out) {
    out.add_content(header_);
    header_.clear();
}

}  // namespace fastfront
