// SPDX-License-Identifier: Apache-2.0
// Checks that base64 is read as one character at a time reads it, and that nothing is read or written outside. Input:
// the text, in an alphabet of base64's and a few that are not.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "base64.hpp"

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool read_slowly(const std::vector<std::uint8_t>& text, std::vector<std::uint8_t>& out) {
    if (text.size() % 4 != 0) return false;
    std::size_t end = text.size();
    while (end > 0 && text.size() - end < 2 && text[end - 1] == '=') --end;
    std::uint32_t bits = 0;
    std::size_t count = 0;
    for (std::size_t i = 0; i < end; ++i) {
        const std::size_t value = kAlphabet.find(static_cast<char>(text[i]));
        if (value == kAlphabet.npos) return false;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out.push_back(static_cast<std::uint8_t>(bits >> count));
        }
    }
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::vector<std::uint8_t> text;
    for (std::size_t i = 0; i < size; ++i) {
        const std::uint8_t byte = data[i];
        text.push_back(byte < 0xF0 ? static_cast<std::uint8_t>(kAlphabet[byte % 64]) : byte < 0xFA ? '=' : byte);
    }
    std::vector<std::uint8_t> expected;
    const bool good = read_slowly(text, expected);
    std::vector<std::uint8_t> out(fastfront::max_decoded_base64(text.size()));
    std::size_t length = 0;
    require(fastfront::decode_base64(text, out, length) == good);
    if (!good) return 0;
    out.resize(length);
    require(out == expected);
    return 0;
}
