// SPDX-License-Identifier: Apache-2.0
#include "content_gate.hpp"

namespace fastfront {

namespace {

constexpr bool is_continuation(char c) noexcept { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; }

/// Bytes of the character at the beginning of `text`, which is not empty.
std::size_t char_size(std::string_view text) noexcept {
    std::size_t size = 1;
    while (size < text.size() && is_continuation(text[size])) ++size;
    return size;
}

/// Whether a character is a space to Python's str.strip().
bool is_space(std::string_view character) noexcept {
    const auto byte = [character](std::size_t i) { return static_cast<unsigned char>(character[i]); };
    if (character.size() == 1) return (byte(0) >= 9 && byte(0) <= 13) || (byte(0) >= 28 && byte(0) <= 32);
    if (character.size() == 2) return byte(0) == 0xc2 && (byte(1) == 0x85 || byte(1) == 0xa0);
    if (character.size() != 3) return false;
    const unsigned code = (byte(0) & 15U) << 12 | (byte(1) & 63U) << 6 | (byte(2) & 63U);
    return code == 0x1680 || (code >= 0x2000 && code <= 0x200a) || code == 0x2028 || code == 0x2029 || code == 0x202f ||
           code == 0x205f || code == 0x3000;
}

std::size_t spaces_at_begin(std::string_view text) noexcept {
    std::size_t end = 0;
    while (end < text.size()) {
        const std::size_t size = char_size(text.substr(end));
        if (!is_space(text.substr(end, size))) break;
        end += size;
    }
    return end;
}

/// Where the spaces at the end of `text` begin.
std::size_t without_spaces(std::string_view text) noexcept {
    std::size_t end = text.size();
    while (end > 0) {
        std::size_t begin = end - 1;
        while (begin > 0 && is_continuation(text[begin])) --begin;
        if (!is_space(text.substr(begin, end - begin))) break;
        end = begin;
    }
    return end;
}

}  // namespace

void ContentGate::text(std::string_view text, Pieces& out) {
    while (!text.empty() && !is_dropping()) text.remove_prefix(take(text, out));
}

/// Take the beginning of `text`; returns how much that was.
std::size_t ContentGate::take(std::string_view text, Pieces& out) {
    if (!has_text_ || markup_ || joint_) {
        const std::size_t spaces = spaces_at_begin(text);
        if (spaces > 0) return hold(text.substr(0, spaces), out);
    }
    std::size_t end = text.size();
    if (rules_.strip) {
        end = without_spaces(text);
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
    }
    has_text_ = true;
    markup_ = gap_ = false;
    out.add_content(held_);
    held_.clear();
}

}  // namespace fastfront
