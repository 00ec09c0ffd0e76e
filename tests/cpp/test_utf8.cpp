// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "utf8.hpp"

using namespace fastfront;

namespace {

const std::string R(kReplacementCharacter);

std::string lossy(std::string_view bytes) {
    Utf8State state;
    std::string text;
    append_lossy(state, bytes, text);
    finish_lossy(state, text);
    return text;
}

/// What the encoding's bit pattern makes of a code point, surrogates and all.
std::string encode(std::uint32_t code) {
    const auto tail = [code](unsigned shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
    if (code < 0x80) return {static_cast<char>(code)};
    if (code < 0x800) return {static_cast<char>(0xC0 | code >> 6), tail(0)};
    if (code < 0x10000) return {static_cast<char>(0xE0 | code >> 12), tail(6), tail(0)};
    return {static_cast<char>(0xF0 | code >> 18), tail(12), tail(6), tail(0)};
}

}  // namespace

TEST_CASE("every code point but the surrogates is valid UTF-8, and its own lossy text") {
    for (std::uint32_t code = 0; code <= 0x10FFFF; ++code) {
        const std::string text = encode(code);
        const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
        REQUIRE(is_valid_utf8(text) == !surrogate);
        REQUIRE((lossy(text) == text) == !surrogate);
    }
    CHECK_FALSE(is_valid_utf8(encode(0x110000)));
}

TEST_CASE("an ill-formed part becomes one U+FFFD per maximal subpart") {
    // The Unicode Standard 15.0, tables 3-8 to 3-11.
    const std::vector<std::pair<std::string, std::string>> cases{
        {"\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", R + R + R + R + R + R + R + R + "A"},
        {"\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", R + R + R + R + R + R + R + R + "A"},
        {"\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", R + R + R + R + R + "A" + R + R + "B"},
        {"\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", R + R + R + R + "A"},
        {"\xE4\xBD\xE4\xBD\xA0", R + "\xE4\xBD\xA0"},
        {"a\xF0\x9F\x98", "a" + R},
    };
    for (const auto& [bytes, text] : cases) CHECK(lossy(bytes) == text);
}

TEST_CASE("lossy text does not depend on where the bytes are cut") {
    const std::string bytes =
        "a\xE4\xBD\xA0\xF0\x9F\x98\x80\xF0\x9F\x80z\xC3\xE4\xBD\xC3\xA9\x80\xF4\x90\xED\xA0\x80\xE0\x9F";
    const std::string expected = lossy(bytes);
    for (std::size_t i = 0; i <= bytes.size(); ++i) {
        for (std::size_t j = i; j <= bytes.size(); ++j) {
            Utf8State state;
            std::string text;
            append_lossy(state, bytes.substr(0, i), text);
            append_lossy(state, bytes.substr(i, j - i), text);
            append_lossy(state, bytes.substr(j), text);
            finish_lossy(state, text);
            REQUIRE(text == expected);
        }
    }
}

TEST_CASE("the state says how much of a character has been seen") {
    Utf8State state;
    CHECK(state.complete());
    std::size_t seen = 0;
    for (const int byte : {0xF0, 0x9F, 0x98}) {
        CHECK(state.feed(static_cast<std::uint8_t>(byte)));
        CHECK_FALSE(state.complete());
        CHECK(state.seen() == ++seen);
    }
    CHECK(state.feed(0x80));
    CHECK(state.complete());
    CHECK(state.seen() == 0);
    CHECK(state.feed(0xE4));
    CHECK_FALSE(state.feed('a'));  // and the state is as at the start
    CHECK(state.complete());
    CHECK(state.seen() == 0);
}
