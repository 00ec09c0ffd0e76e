// SPDX-License-Identifier: Apache-2.0
#include "cohere_reasoning.hpp"

namespace fastfront {

namespace {

enum Mark : std::uint32_t {
    kThinking,
    kThinkingEnd,
    kResponse,
    kResponseEnd,
    kAction,
    kCite,
    kCiteEnd,
    kCiteClose,
    kText,
    kTextEnd,
    kCount
};

constexpr std::string_view kMarkers[kCount] = {"<|START_THINKING|>",
                                               "<|END_THINKING|>",
                                               "<|START_RESPONSE|>",
                                               "<|END_RESPONSE|>",
                                               "<|START_ACTION|>",
                                               "<co>",
                                               "</co:",
                                               ">",
                                               "<|START_TEXT|>",
                                               "<|END_TEXT|>"};

/// All but the tags of citations, which are text.
constexpr std::string_view kTokens[] = {"<|START_THINKING|>", "<|END_THINKING|>", "<|START_RESPONSE|>",
                                        "<|END_RESPONSE|>",   "<|START_ACTION|>", "<|START_TEXT|>",
                                        "<|END_TEXT|>",       "<|END_ACTION|>"};

/// Longer than any list of sources.
constexpr std::size_t kMostClosing = 1024;

}  // namespace

std::span<const std::string_view> CohereReasoning::special_tokens() noexcept { return kTokens; }

CohereReasoning::CohereReasoning(bool four, const ParserSpec& spec, const ParserOptions& options)
    : four_(four), reasoning_(options.thinking == Thinking::open || (options.thinking == Thinking::unsaid && four)) {
    for (const std::string_view marker : kMarkers) add_marker(marker, spec);
}

MarkupParser::Set CohereReasoning::active() const noexcept {
    if (acts_) return 0;
    Set set = (1U << kCount) - 1;
    if (!four_) set &= ~(1U << kText | 1U << kTextEnd);
    if (cited_ != Cited::no) set &= ~(1U << kCite);
    if (cited_ != Cited::text) set &= ~(1U << kCiteEnd);
    if (cited_ != Cited::closing) set &= ~(1U << kCiteClose);
    return set;
}

void CohereReasoning::on_text(std::string_view text, std::int64_t token, Pieces& out) {
    if (cited_ == Cited::closing) {
        if (token == kNoToken && closing_.size() + text.size() <= kMostClosing) {
            closing_.append(text);
            return;
        }
        give_up_closing(out);
        cited_ = Cited::never;
    }
    emit(text, token, out);
}

void CohereReasoning::on_marker(std::uint32_t index, std::string_view text, std::int64_t token, Pieces& out) {
    if (index == kCite || index == kCiteEnd) {
        keep_space(out);
        cited_ = index == kCite ? Cited::text : Cited::closing;
        if (index == kCiteEnd) closing_.assign(text);
        return;
    }
    if (index == kCiteClose) {
        cited_ = Cited::no;
        closing_.clear();
        return;
    }
    give_up_closing(out);
    if (cited_ != Cited::never) cited_ = Cited::no;
    space_.clear();
    reasoning_ = index == kThinking;
    if (index == kThinking) strips_front_ = true;
    if (index == kResponse || index == kText) strips_front_ = false;
    if (index == kAction) {
        acts_ = true;
        out.add_content(text, token);
    }
}

void CohereReasoning::on_end(Pieces& out) { give_up_closing(out); }

void CohereReasoning::give_up_closing(Pieces& out) {
    if (cited_ != Cited::closing) return;
    cited_ = Cited::no;
    emit(closing_, kNoToken, out);
    closing_.clear();
}

void CohereReasoning::emit(std::string_view text, std::int64_t token, Pieces& out) {
    if (acts_) {
        out.add_content(text, token);
        return;
    }
    if (strips_front_) {
        text.remove_prefix(leading_space(text));
        if (text.empty()) return;
        strips_front_ = false;
    }
    if (token != kNoToken) {
        keep_space(out);
        give(text, token, out);
        return;
    }
    space_.add(text, [this, &out](std::string_view known) { give(known, kNoToken, out); });
}

void CohereReasoning::give(std::string_view text, std::int64_t token, Pieces& out) {
    if (reasoning_) {
        out.add_reasoning(text);
    } else {
        out.add_content(text, token);
    }
}

void CohereReasoning::keep_space(Pieces& out) {
    give(space_.held(), kNoToken, out);
    space_.clear();
}

}  // namespace fastfront
