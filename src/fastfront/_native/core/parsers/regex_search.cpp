// SPDX-License-Identifier: Apache-2.0
#include "regex_search.hpp"

#include <algorithm>
#include <iterator>

#include "regex_syntax.hpp"

namespace fastfront {

RegexSearch::RegexSearch(const Regex& regex) : regex_(regex), seen_(regex.program().size()) {}

void RegexSearch::begin(std::size_t at, char32_t before) {
    at_ = at;
    before_ = before;
    is_begin_ = at == 0;
    is_expanded_ = is_matched_ = is_done_ = false;
    start_ = at;
    threads_.clear();
}

RegexSearch::State RegexSearch::stop(std::size_t begin) noexcept {
    start_ = begin;
    return State::pending;
}

/// Go on to where a match may begin; false: nowhere in `text`.
bool RegexSearch::skip(std::string_view text) noexcept {
    if (!regex_.first_bytes()) return true;
    const auto& first = *regex_.first_bytes();
    const auto found = std::ranges::find_if(text, [&](char c) { return first[static_cast<std::uint8_t>(c)]; });
    if (found != text.begin()) {
        before_ = 0xFFFD;  // an expression that has such bytes does not begin by looking back
        is_begin_ = false;
        at_ += static_cast<std::size_t>(found - text.begin());
    }
    return found != text.end();
}

RegexSearch::State RegexSearch::run(std::string_view text, std::size_t base, bool is_last, std::size_t limit) {
    if (is_done_) return State::found;
    const std::size_t end = base + text.size();
    while (true) {
        if (threads_.empty() && is_matched_) {
            is_done_ = true;
            start_ = match_[0];
            return State::found;
        }
        if (!is_matched_ && (threads_.empty() ? at_ : threads_.front().slots[0]) > limit) return State::none;
        if (threads_.empty() && !is_matched_ && !is_expanded_ && !skip(text.substr(at_ - base))) return State::none;
        const bool is_end = at_ == end;
        const DecodedChar next = is_end ? DecodedChar{0, 0} : decode_char(text.substr(at_ - base));
        if (!is_expanded_) {
            if (!is_last && regex_.looks_ahead() && (is_end || (next.c == '\n' && at_ + 1 == end))) {
                return stop(threads_.empty() ? at_ : threads_.front().slots[0]);
            }
            expand({.is_end = is_end, .is_last_feed = next.c == '\n' && at_ + 1 == end, .c = next.c});
        }
        if (threads_.empty() && is_matched_) continue;
        if (is_end && !is_last) return threads_.empty() ? State::none : stop(threads_.front().slots[0]);
        if (is_end) {
            threads_.clear();
            if (!is_matched_) return State::none;
            continue;
        }
        next_.clear();
        for (Thread& thread : threads_) {
            if (at_ + next.size - thread.slots[0] > kMaxMatch) continue;
            const Regex::Instruction& instruction = regex_.program()[thread.at];
            if (!regex_.set(instruction.x).contains(next.c)) continue;
            next_.push_back(thread);
            ++next_.back().at;
        }
        threads_.swap(next_);
        at_ += next.size;
        before_ = next.c;
        is_begin_ = false;
        is_expanded_ = false;
    }
}

/// Follow every thread to where it needs a character; the one that matches ends those behind it. Another begins here.
void RegexSearch::expand(const Next& next) {
    ++round_;
    next_.clear();
    const bool was_matched = is_matched_;
    bool is_cut = false;
    for (Thread& thread : threads_) {
        const std::uint32_t at = thread.at;
        const bool had = is_matched_;
        is_matched_ = false;
        follow(at, thread, next);
        is_cut = is_matched_;
        is_matched_ = is_matched_ || had;
        if (is_cut) break;
    }
    if (!was_matched && !is_matched_) {
        Thread thread{};
        std::ranges::fill(thread.slots, kNowhere);
        follow(0, thread, next);
    }
    threads_.swap(next_);
    is_expanded_ = true;
}

void RegexSearch::follow(std::uint32_t at, Thread& thread, const Next& next) {
    if (is_matched_ || seen_[at] == round_) return;
    seen_[at] = round_;
    const Regex::Instruction& instruction = regex_.program()[at];
    switch (instruction.op) {
        case Regex::Op::set:
            thread.at = at;
            next_.push_back(thread);
            break;
        case Regex::Op::split:
            follow(instruction.x, thread, next);
            follow(instruction.y, thread, next);
            break;
        case Regex::Op::save:
        case Regex::Op::save_once: {
            std::size_t& slot = thread.slots[instruction.x];
            const std::size_t before = slot;
            if (instruction.op == Regex::Op::save || slot == kNowhere) slot = at_;
            follow(at + 1, thread, next);
            slot = before;
            break;
        }
        case Regex::Op::match:
            std::ranges::copy(thread.slots, std::begin(match_));
            is_matched_ = true;
            break;
        default:
            if (holds(instruction, next)) follow(at + 1, thread, next);
    }
}

bool RegexSearch::holds(const Regex::Instruction& check, const Next& next) const noexcept {
    switch (check.op) {
        case Regex::Op::begin: return is_begin_;
        case Regex::Op::end: return next.is_end || next.is_last_feed;
        case Regex::Op::very_end: return next.is_end;
        default: {
            const bool is_word = before_ != 0 && is_regex_word(before_);
            const bool is_next_word = !next.is_end && is_regex_word(next.c);
            return (is_word != is_next_word) == (check.x == 0);
        }
    }
}

}  // namespace fastfront
