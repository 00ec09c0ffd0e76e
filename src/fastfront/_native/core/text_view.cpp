// SPDX-License-Identifier: Apache-2.0
#include "text_view.hpp"

#include <algorithm>
#include <cstring>

namespace fastfront {
namespace {

/// Call `f` with the text's characters as a pointer of their type.
template <class F>
auto with_chars(const TextView& text, F f) noexcept {
    switch (text.width) {
        case 1: return f(static_cast<const std::uint8_t*>(text.data));
        case 2: return f(static_cast<const std::uint16_t*>(text.data));
        default: return f(static_cast<const std::uint32_t*>(text.data));
    }
}

/// First place in [from, end) that has `first`, and `last` so many characters on; or end. A whole block at a time,
/// which compilers make vector instructions of: as fast as memory, and a text full of one of the two does not slow it
/// down.
template <class Char>
std::size_t find_pair(const Char* chars, std::size_t from, std::size_t end, Char first, Char last,
                      std::size_t distance) noexcept {
    constexpr std::size_t kBlock = 64 / sizeof(Char);
    const Char* ahead = chars + distance;
    for (; end - from >= kBlock; from += kBlock) {
        Char found = 0;
        for (std::size_t i = from; i < from + kBlock; ++i) {
            found = static_cast<Char>(found | static_cast<Char>((chars[i] == first) & (ahead[i] == last)));
        }
        if (found != 0) break;
    }
    while (from < end && (chars[from] != first || ahead[from] != last)) ++from;
    return from;
}

template <class Char>
std::size_t find_in(const Char* chars, std::size_t size, const Char* needle, std::size_t length,
                    std::size_t from) noexcept {
    const std::size_t end = size - length + 1;  // of the places where it may begin
    for (; from < end; ++from) {
        from = find_pair(chars, from, end, needle[0], needle[length - 1], length - 1);
        if (from < end && std::memcmp(chars + from, needle, length * sizeof(Char)) == 0) return from;
    }
    return kNotFound;
}

/// The part [begin, end) of the text.
TextView window(const TextView& text, std::size_t begin, std::size_t end) noexcept {
    if (begin == 0 && end == text.size) return text;
    TextView part = text;
    part.data = static_cast<const std::uint8_t*>(text.data) + begin * text.width;
    part.size = end - begin;
    if (text.max_char > 0x7F) part.max_char = 0;
    return part;
}

bool is_in(char32_t c, const Needle* chars) noexcept {
    return chars == nullptr ? is_space(c) : chars->text().find(c) != std::u32string_view::npos;
}

template <class From, class To>
void copy_chars(const From* from, std::size_t size, To* to) noexcept {
    if constexpr (sizeof(From) == sizeof(To)) {
        if (size != 0) std::memcpy(to, from, size * sizeof(From));
    } else {
        for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<To>(from[i]);
    }
}

}  // namespace

Needle::Needle(std::u32string_view text) : text_(text), wide_(text.begin(), text.end()) {
    for (const char32_t c : text_) max_char_ = std::max(max_char_, c);
    if (max_char_ <= 0xFFFF) narrow_.assign(text.begin(), text.end());
    if (max_char_ <= 0xFF) bytes_.assign(text.begin(), text.end());
}

const void* Needle::data(std::uint8_t width) const noexcept {
    static constexpr std::uint32_t kNothing = 0;
    if (text_.empty()) return &kNothing;
    if (width == 1) return max_char_ <= 0xFF ? bytes_.data() : nullptr;
    if (width == 2) return max_char_ <= 0xFFFF ? narrow_.data() : nullptr;
    return wide_.data();
}

std::size_t find(const TextView& text, const Needle& needle, std::size_t from) noexcept {
    const void* wanted = needle.data(text.width);
    if (wanted == nullptr || from > text.size || needle.size() > text.size - from) return kNotFound;
    if (needle.size() == 0) return from;
    return with_chars(text, [&](const auto* chars) {
        using Chars = decltype(chars);
        return find_in(chars, text.size, static_cast<Chars>(wanted), needle.size(), from);
    });
}

bool starts_with(const TextView& text, const Needle& needle) noexcept {
    const void* wanted = needle.data(text.width);
    if (wanted == nullptr || needle.size() > text.size) return false;
    return needle.size() == 0 || std::memcmp(text.data, wanted, needle.size() * text.width) == 0;
}

bool ends_with(const TextView& text, const Needle& needle) noexcept {
    if (needle.size() > text.size) return false;
    return starts_with(window(text, text.size - needle.size(), text.size), needle);
}

bool equals(const TextView& text, const Needle& needle) noexcept {
    return text.size == needle.size() && starts_with(text, needle);
}

TextView before_first(const TextView& text, const Needle& needle) noexcept {
    const std::size_t at = find(text, needle);
    return at == kNotFound ? text : window(text, 0, at);
}

TextView after_last(const TextView& text, const Needle& needle) noexcept {
    std::size_t begin = 0;
    // From the left, as split goes: what overlaps an earlier match is none.
    for (std::size_t at = 0; (at = find(text, needle, begin)) != kNotFound;) begin = at + needle.size();
    return window(text, begin, text.size);
}

TextView strip_left(const TextView& text, const Needle* chars) noexcept {
    return with_chars(text, [&](const auto* data) {
        std::size_t begin = 0;
        while (begin < text.size && is_in(data[begin], chars)) ++begin;
        return window(text, begin, text.size);
    });
}

TextView strip_right(const TextView& text, const Needle* chars) noexcept {
    return with_chars(text, [&](const auto* data) {
        std::size_t end = text.size;
        while (end > 0 && is_in(data[end - 1], chars)) --end;
        return window(text, 0, end);
    });
}

bool is_space(char32_t c) noexcept {
    if (c <= 0x20) return c == 0x20 || (c >= 0x09 && c <= 0x0D) || c >= 0x1C;
    if (c < 0x1680) return c == 0x85 || c == 0xA0;
    return c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
           c == 0x3000;
}

char32_t char_range(const TextView& text) noexcept {
    if (text.max_char != 0) return text.max_char;
    const auto bits = with_chars(text, [&](const auto* chars) {
        std::uint32_t all = 0;
        for (std::size_t i = 0; i < text.size; ++i) all |= chars[i];
        return all;
    });
    return bits <= 0x7F ? 0x7F : bits <= 0xFF ? 0xFF : bits <= 0xFFFF ? 0xFFFF : 0x10FFFF;
}

void copy_text(const TextView& text, void* out, std::uint8_t width) noexcept {
    with_chars(text, [&](const auto* chars) {
        if (width == 1) {
            copy_chars(chars, text.size, static_cast<std::uint8_t*>(out));
        } else if (width == 2) {
            copy_chars(chars, text.size, static_cast<std::uint16_t*>(out));
        } else {
            copy_chars(chars, text.size, static_cast<std::uint32_t*>(out));
        }
    });
}

}  // namespace fastfront
