// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstring>
#include <string>
#include <vector>

#include "text_view.hpp"

using namespace fastfront;

namespace {

/// The text as characters of that width; what a character does not hold is cut off.
struct Stored {
    Stored(std::u32string_view text, std::uint8_t width) : bytes(text.size() * width) {
        for (std::size_t i = 0; i < text.size(); ++i) std::memcpy(&bytes[i * width], &text[i], width);
        view = {bytes.data(), text.size(), width, 0};
    }
    std::vector<unsigned char> bytes;
    TextView view;
};

std::u32string read(const TextView& view) {
    std::u32string text(view.size, U'\0');
    copy_text(view, text.data(), 4);
    return text;
}

const std::uint8_t kWidths[] = {1, 2, 4};

}  // namespace

TEST_CASE("a needle is found wherever it begins, in every width") {
    for (const std::uint8_t width : kWidths) {
        for (std::size_t before = 0; before < 150; ++before) {
            const Stored text(std::u32string(before, U'<') + U"</think>" + std::u32string(before % 7, U'>'), width);
            CHECK(find(text.view, Needle(U"</think>")) == before);
            CHECK(find(text.view, Needle(U"</think>"), before + 1) == kNotFound);
        }
    }
}

TEST_CASE("a needle that a text's width cannot hold is not found") {
    const Stored bytes(U"\x3C\x3D", 1);
    CHECK(find(bytes.view, Needle(U"\u3C3D")) == kNotFound);
    CHECK_FALSE(starts_with(bytes.view, Needle(U"\u013C")));
    const Stored narrow(U"\uF600", 2);
    CHECK(find(narrow.view, Needle(U"\U0001F600")) == kNotFound);
    CHECK_FALSE(ends_with(narrow.view, Needle(U"\U0001F600")));
}

TEST_CASE("characters are compared whole, never a half of one and a half of the next") {
    const Stored text(U"\u3C00\u3C00\u3C00", 2);
    CHECK(find(text.view, Needle(U"\u003C")) == kNotFound);
}

TEST_CASE("a needle longer than the text, and the empty needle") {
    const Stored text(U"ab", 1);
    CHECK(find(text.view, Needle(U"abc")) == kNotFound);
    CHECK(find(text.view, Needle(U"")) == 0);
    CHECK(find(text.view, Needle(U""), 2) == 2);
    CHECK(find(text.view, Needle(U""), 3) == kNotFound);
    CHECK(starts_with(text.view, Needle(U"")));
    CHECK(ends_with(text.view, Needle(U"")));
    CHECK(equals(Stored(U"", 1).view, Needle(U"")));
    CHECK_FALSE(equals(text.view, Needle(U"a")));
}

TEST_CASE("starts, ends and equality in every width") {
    for (const std::uint8_t width : kWidths) {
        const Stored text(U"abcab", width);
        CHECK(starts_with(text.view, Needle(U"abc")));
        CHECK_FALSE(starts_with(text.view, Needle(U"cab")));
        CHECK(ends_with(text.view, Needle(U"cab")));
        CHECK_FALSE(ends_with(text.view, Needle(U"abc")));
        CHECK(equals(text.view, Needle(U"abcab")));
    }
}

TEST_CASE("splitting keeps the first and the last part, from the left where separators overlap") {
    for (const std::uint8_t width : kWidths) {
        const Stored text(U"xaaay", width);
        CHECK(read(before_first(text.view, Needle(U"aa"))) == U"x");
        CHECK(read(after_last(text.view, Needle(U"aa"))) == U"ay");
        CHECK(read(after_last(text.view, Needle(U"b"))) == U"xaaay");
        CHECK(read(before_first(text.view, Needle(U"b"))) == U"xaaay");
        CHECK(read(after_last(text.view, Needle(U"y"))).empty());
    }
}

TEST_CASE("whitespace or given characters are stripped, up to the whole text") {
    for (const std::uint8_t width : kWidths) {
        const Stored text(U" \n\u00a0a b\x1c\u0085", width);
        CHECK(read(strip_left(text.view, nullptr)) == U"a b\x1c\u0085");
        CHECK(read(strip_right(text.view, nullptr)) == U" \n\u00a0a b");
        const Needle chars(U"\n ");
        CHECK(read(strip_left(text.view, &chars)) == U"\u00a0a b\x1c\u0085");
        CHECK(strip_right(Stored(U"\n \n", width).view, &chars).size == 0);
    }
}

TEST_CASE("the range of a part is that of its own characters") {
    const Stored text(U"\U0001F600 abc", 4);
    CHECK(char_range(text.view) == 0x10FFFF);
    CHECK(char_range(after_last(text.view, Needle(U" "))) == 0x7F);
    CHECK(char_range(Stored(U"a\u00e9", 2).view) == 0xFF);
    CHECK(char_range(Stored(U"a\u65e5", 2).view) == 0xFFFF);
}
