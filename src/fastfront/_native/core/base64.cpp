// SPDX-License-Identifier: Apache-2.0
#include "base64.hpp"

#include <array>
#include <string_view>

namespace fastfront {

namespace {

constexpr std::uint32_t kNone = 0xFF;

constexpr std::array<std::uint8_t, 256> make_values() noexcept {
    std::array<std::uint8_t, 256> values{};
    values.fill(kNone);
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (std::size_t i = 0; i < alphabet.size(); ++i) {
        values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
    }
    return values;
}

constexpr std::array<std::uint8_t, 256> kValues = make_values();

}  // namespace

bool decode_base64(std::span<const std::uint8_t> text, std::span<std::uint8_t> out, std::size_t& size) noexcept {
    size = 0;
    if (text.size() % 4 != 0 || out.size() < max_decoded_base64(text.size())) {
        return false;
    }
    if (text.empty()) {
        return true;
    }
    const std::size_t padding = text.back() != '=' ? 0 : text[text.size() - 2] != '=' ? 1 : 2;
    const std::size_t whole = text.size() - (padding == 0 ? 0 : 4);
    std::uint8_t* to = out.data();
    std::uint32_t seen = 0;  // a value that is none sets the highest bit, and it stays
    for (std::size_t i = 0; i < whole; i += 4) {
        const std::uint32_t a = kValues[text[i]];
        const std::uint32_t b = kValues[text[i + 1]];
        const std::uint32_t c = kValues[text[i + 2]];
        const std::uint32_t d = kValues[text[i + 3]];
        seen |= a | b | c | d;
        const std::uint32_t bits = a << 18 | b << 12 | c << 6 | d;
        *to++ = static_cast<std::uint8_t>(bits >> 16);
        *to++ = static_cast<std::uint8_t>(bits >> 8);
        *to++ = static_cast<std::uint8_t>(bits);
    }
    if (padding != 0) {
        const std::uint32_t a = kValues[text[whole]];
        const std::uint32_t b = kValues[text[whole + 1]];
        const std::uint32_t c = padding == 2 ? 0 : kValues[text[whole + 2]];
        seen |= a | b | c;
        const std::uint32_t bits = a << 18 | b << 12 | c << 6;
        *to++ = static_cast<std::uint8_t>(bits >> 16);
        if (padding == 1) {
            *to++ = static_cast<std::uint8_t>(bits >> 8);
        }
    }
    size = static_cast<std::size_t>(to - out.data());
    return (seen & 0x80) == 0;
}

}  // namespace fastfront
