// SPDX-License-Identifier: Apache-2.0
#include "minicpmv_reasoning.hpp"

namespace fastfront {

namespace {

using enum MarkerRule;

constexpr std::string_view kCallBegin = "<tool_call>";
constexpr std::string_view kCallEnd = "</tool_call>";

constexpr ReasoningMarker kMarkers[] = {{"<think>", drop},
                                        {"</think>", end, drop},
                                        {kCallBegin, end_keep},
                                        {"<|im_end|>", drop, drop},
                                        {"<reserved_12>", drop, drop},
                                        {"<reserved_13>", drop, drop},
                                        {"<reserved_14>", drop, drop},
                                        {"<reserved_15>", drop, drop},
                                        {"<|reserved_12|>", drop, drop},
                                        {"<|reserved_13|>", drop, drop},
                                        {"<|reserved_14|>", drop, drop},
                                        {"<|reserved_15|>", drop, drop},
                                        {"<think>", text, start}};
/// With thinking switched off, a start in the answer begins what vLLM throws away; here it is reasoning.
constexpr DelimitedFormat kOff{.markers = std::span(kMarkers).subspan(1), .closed_is_text = false};
constexpr DelimitedFormat kOn{.markers = std::span(kMarkers).first(12)};

constexpr std::string_view kTokens[] = {"<think>",         "</think>",        kCallBegin,
                                        kCallEnd,          "<|im_end|>",      "<|reserved_12|>",
                                        "<|reserved_13|>", "<|reserved_14|>", "<|reserved_15|>"};

}  // namespace

std::span<const std::string_view> MinicpmvReasoning::special_tokens() noexcept { return kTokens; }

MinicpmvReasoning::MinicpmvReasoning(const ParserSpec& spec, const ParserOptions& options)
    : inner_(options.thinking == Thinking::closed ? kOff : kOn, spec, options),
      keeps_calls_(options.tools != nullptr),
      call_begin_(spec.id_of(kCallBegin)),
      call_end_(spec.id_of(kCallEnd)) {
    calls_.add(kCallBegin);
    calls_.add(kCallEnd);
}

void MinicpmvReasoning::push(std::string_view text, std::int64_t token, Pieces& out) {
    between_.clear();
    inner_.push(text, token, between_);
    hand_on(false, out);
}

void MinicpmvReasoning::finish(Pieces& out) {
    between_.clear();
    inner_.finish(between_);
    hand_on(true, out);
}

void MinicpmvReasoning::hand_on(bool last, Pieces& out) {
    for (const OutputPiece& piece : between_.all()) {
        if (piece.kind == PieceKind::content) {
            content(between_.text(piece), piece.token, false, out);
            continue;
        }
        text_.clear();
        reasoning_lines_.add(between_.text(piece), false, text_);
        out.add_reasoning(text_);
    }
    if (last) {
        text_.clear();
        reasoning_lines_.add({}, true, text_);
        out.add_reasoning(text_);
        content({}, kNoToken, true, out);
    }
}

void MinicpmvReasoning::content(std::string_view text, std::int64_t token, bool last, Pieces& out) {
    if (!keeps_calls_) {
        give(text, token, last, out);
        return;
    }
    if (!held_.empty()) {
        if (token == kNoToken) {
            held_.append(text);
            work_.swap(held_);
            held_.clear();
            text = work_;
        } else {
            give(held_, kNoToken, false, out);
            held_.clear();
        }
    }
    if (token != kNoToken) {
        if (token == call_begin_) in_call_ = true;
        give(text, token, false, out);
        if (token == call_end_) in_call_ = false;
        return;
    }
    std::size_t at = 0;
    for (;;) {
        const MarkerScanner::Found found = calls_.find(text, at, in_call_ ? 2 : 1, last);
        give(text.substr(at, found.begin - at), kNoToken, last && found.what == MarkerScanner::What::nothing, out);
        at = found.begin;
        if (found.what == MarkerScanner::What::nothing) return;
        if (found.what == MarkerScanner::What::maybe) {
            held_.assign(text.substr(at));
            return;
        }
        in_call_ = true;
        give(text.substr(at, found.size), kNoToken, false, out);
        in_call_ = found.index == 0;
        at += found.size;
    }
}

void MinicpmvReasoning::give(std::string_view text, std::int64_t token, bool last, Pieces& out) {
    if (!last && text.empty()) return;
    text_.clear();
    if (in_call_ || token != kNoToken) {
        content_lines_.add({}, true, text_);  // an escape does not reach over it
        out.add_content(text_);
        out.add_content(text, token);
        return;
    }
    content_lines_.add(text, last, text_);
    out.add_content(text_);
}

}  // namespace fastfront
