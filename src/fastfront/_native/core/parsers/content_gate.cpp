// SPDX-License-Identifier: Apache-2.0
#include "content_gate.hpp"

#include "py_text.hpp"

namespace fastfront {

namespace {

constexpr bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// Bytes of the character at the beginning of `text`, which is not empty.
std::size_t char_size(std::string_view text) noexcept {
    std::size_t size = 1;
    while (size < text.size() && is_continuation(text[size])) ++size;
    return size;
}

}  // namespace

void ContentGate::text(std::string_view text, Pieces& out) {
    while (!text.empty() && !is_dropping()) text.remove_prefix(take(text, out));
}

/// Take the beginning of `text`; returns how much that was.
std::size_t ContentGate::take(std::string_view text, Pieces& out) {
    if (!has_text_ || markup_ || joint_) {
        const std::size_t spaces = leading_space(text);
        if (spaces > 0) return hold(text.substr(0, spaces), out);
    }
    std::size_t end = text.size();
    if (rules_.strip || (rules_.layout && called_)) {
        end -= trailing_space(text);
    } else if (rules_.strip_newlines && !called_) {
        end = text.find_last_not_of('\n') + 1;
    }
    if (end == 0) return hold(text, out);
    release(out);
    out.add_content(text.substr(0, end));
    return end;
}

void ContentGate::raw(std::string_view text, Pieces& out) {
    keep_ = true;
    if (text.empty()) return;
    release(out);
    out.add_content(text);
}

void ContentGate::markup(std::string_view text) {
    if (is_dropping()) return;
    held_.append(text);
    markup_ = true;
    gap_ = text.empty();
}

void ContentGate::call() noexcept {
    if (rules_.join) joint_ = has_text_;
    if (rules_.layout) {
        held_.clear();
        markup_ = false;
        has_text_ = false;
    }
    // Spaces inside of a text that goes on behind the call stay; those before it go.
    if (rules_.drop_after || rules_.join || (rules_.strip && !has_text_)) {
        held_.clear();
        markup_ = false;
    }
    called_ = true;
}

void ContentGate::finish(Pieces& out) {
    if (!called_ && !gap_ && !rules_.trim) release(out);
    held_.clear();
}

/// Hold spaces back, character by character, so that how they come makes no difference to when they are too many: then
/// all go out. Returns how much was taken.
std::size_t ContentGate::hold(std::string_view spaces, Pieces& out) {
    std::size_t taken = 0;
    while (taken < spaces.size()) {
        const std::size_t size = char_size(spaces.substr(taken));
        held_.append(spaces.substr(taken, size));
        taken += size;
        if (held_.size() >= kMaxSpaces) {
            release(out);
            break;
        }
    }
    return taken;
}

void ContentGate::release(Pieces& out) {
    if (joint_) {
        held_ = "\n";
        joint_ = false;
    } else if (rules_.strip && !rules_.trim && !rules_.layout && called_ && !has_text_) {
        held_.clear();  // at the beginning of all text
    }
    has_text_ = true;
    markup_ = gap_ = false;
    out.add_content(held_);
    held_.clear();
}

}  // namespace fastfront
