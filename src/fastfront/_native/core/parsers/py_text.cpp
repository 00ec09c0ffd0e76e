// SPDX-License-Identifier: Apache-2.0
#include "py_text.hpp"

#include <cstdint>

#include "text_view.hpp"

namespace fastfront {

namespace {

constexpr bool is_continuation(char c) noexcept { return (static_cast<std::uint8_t>(c) & 0xC0) == 0x80; }

/// The character that begins with this; ill-formed bytes give some character that is no space.
char32_t decode(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<std::uint8_t>(text[i])); };
    const char32_t lead = byte(0);
    if (lead < 0x80) return lead;
    if (lead < 0xE0 && text.size() > 1) return (lead & 0x1F) << 6 | (byte(1) & 0x3F);
    if (lead < 0xF0 && text.size() > 2) return (lead & 0x0F) << 12 | (byte(1) & 0x3F) << 6 | (byte(2) & 0x3F);
    return 0xFFFD;
}

/// Bytes of the character that begins the text, of a text that is not empty.
std::size_t width(std::string_view text) noexcept {
    std::size_t size = 1;
    while (size < text.size() && size < 4 && is_continuation(text[size])) ++size;
    return size;
}

}  // namespace

std::size_t leading_space(std::string_view text) noexcept {
    std::size_t at = 0;
    while (at < text.size() && is_space(decode(text.substr(at)))) at += width(text.substr(at));
    return at;
}

std::size_t trailing_space(std::string_view text) noexcept {
    std::size_t end = text.size();
    while (end > 0) {
        std::size_t begin = end - 1;
        while (begin > 0 && end - begin < 4 && is_continuation(text[begin])) --begin;
        if (!is_space(decode(text.substr(begin, end - begin)))) break;
        end = begin;
    }
    return text.size() - end;
}

std::string_view py_strip(std::string_view text) noexcept {
    text.remove_prefix(leading_space(text));
    text.remove_suffix(trailing_space(text));
    return text;
}

std::string py_lower_ascii(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

std::size_t TrailingSpace::surplus() const noexcept {
    std::size_t size = held_.size() > kMost ? held_.size() - kMost : 0;
    while (size < held_.size() && is_continuation(held_[size])) ++size;
    return size;
}

}  // namespace fastfront
