// SPDX-License-Identifier: Apache-2.0
#include "answer_wrapper.hpp"

#include "py_text.hpp"

namespace fastfront {

namespace {

constexpr std::uint32_t kClose = 0;
constexpr std::uint32_t kOpen = 1;

}  // namespace

AnswerWrapper::AnswerWrapper(std::string_view open, std::string_view close, const ParserSpec& spec)
    : state_(open.empty() ? State::inside : State::before) {
    add_marker(close, spec);
    if (!open.empty()) add_marker(open, spec);
}

MarkupParser::Set AnswerWrapper::active() const noexcept {
    switch (state_) {
        case State::before: return 1U << kOpen;
        case State::inside: return 1U << kClose;
        case State::plain: break;
    }
    return 0;
}

void AnswerWrapper::on_marker(std::uint32_t index, std::string_view text, std::int64_t, Pieces& out) {
    if (index == kOpen) {
        state_ = State::inside;
        blank_.clear();
        return;
    }
    out.add_content(blank_);  // the one before was not the last
    blank_.assign(text);
}

void AnswerWrapper::on_text(std::string_view text, std::int64_t token, Pieces& out) {
    if (state_ == State::before || !blank_.empty()) {
        if (token == kNoToken && leading_space(text) == text.size() &&
            blank_.size() + text.size() <= TrailingSpace::kMost) {
            blank_.append(text);
            return;
        }
        if (state_ == State::before) state_ = State::plain;
        out.add_content(blank_);
        blank_.clear();
    }
    out.add_content(text, token);
}

void AnswerWrapper::on_end(Pieces& out) {
    // Behind a closing tag it disappears; where no opening tag came it is content.
    if (state_ == State::before) out.add_content(blank_);
    blank_.clear();
}

}  // namespace fastfront
