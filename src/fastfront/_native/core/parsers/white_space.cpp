// SPDX-License-Identifier: Apache-2.0
#include "white_space.hpp"

#include <array>
#include <cstdint>

namespace fastfront {

namespace {

/// The white space beyond ASCII: U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000.
constexpr std::array<std::string_view, 19> kWide = {
    "\xC2\x85",     "\xC2\xA0",     "\xE1\x9A\x80", "\xE2\x80\x80", "\xE2\x80\x81", "\xE2\x80\x82", "\xE2\x80\x83",
    "\xE2\x80\x84", "\xE2\x80\x85", "\xE2\x80\x86", "\xE2\x80\x87", "\xE2\x80\x88", "\xE2\x80\x89", "\xE2\x80\x8A",
    "\xE2\x80\xA8", "\xE2\x80\xA9", "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};

constexpr bool is_narrow(char byte) noexcept {
    const auto value = static_cast<std::uint8_t>(byte);
    return value == 0x20 || (value >= 0x09 && value <= 0x0D) || (value >= 0x1C && value <= 0x1F);
}

}  // namespace

std::size_t trailing_white_space(std::string_view text) noexcept {
    std::size_t end = text.size();
    while (end > 0) {
        if (is_narrow(text[end - 1])) {
            --end;
            continue;
        }
        if (static_cast<std::uint8_t>(text[end - 1]) < 0x80) break;
        std::size_t size = 0;
        for (const std::string_view space : kWide) {
            if (text.substr(0, end).ends_with(space)) size = space.size();
        }
        if (size == 0) break;
        end -= size;
    }
    return text.size() - end;
}

std::size_t leading_white_space(std::string_view text) noexcept {
    std::size_t begin = 0;
    while (begin < text.size()) {
        if (is_narrow(text[begin])) {
            ++begin;
            continue;
        }
        if (static_cast<std::uint8_t>(text[begin]) < 0x80) break;
        std::size_t size = 0;
        for (const std::string_view space : kWide) {
            if (text.substr(begin).starts_with(space)) size = space.size();
        }
        if (size == 0) break;
        begin += size;
    }
    return begin;
}

std::size_t TrailingSpace::surplus() const noexcept {
    std::size_t size = held_.size() > kMost ? held_.size() - kMost : 0;
    while (size < held_.size() && (static_cast<std::uint8_t>(held_[size]) & 0xC0U) == 0x80) ++size;
    return size;
}

}  // namespace fastfront
