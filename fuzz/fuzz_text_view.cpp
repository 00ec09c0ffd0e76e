// SPDX-License-Identifier: Apache-2.0
// Checks that the searches, splits and strips of text_view.hpp give what std::u32string and plain loops give, in every
// width that holds the characters. Input: a byte for the needle's length, the needle, the text; few characters, so that
// there is something to find.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "text_view.hpp"

namespace {

using fastfront::Needle;
using fastfront::TextView;

void require(bool holds) {
    if (!holds) std::abort();
}

std::u32string decode(const std::uint8_t* data, std::size_t size, bool is_wide) {
    constexpr char32_t kChars[] = U"<a> \n\u0085/\u3C00\u2003\U0001F600";
    std::u32string text;
    for (std::size_t i = 0; i < size; ++i) text.push_back(kChars[data[i] % (is_wide ? 10 : 7)]);
    return text;
}

void check(const std::u32string& text, const std::u32string& wanted, std::uint8_t width) {
    // Of exactly that size, so that a sanitizer sees a read behind the end.
    std::vector<std::uint8_t> bytes(text.size() * width);
    for (std::size_t i = 0; i < text.size(); ++i) std::memcpy(bytes.data() + i * width, &text[i], width);
    const TextView view{bytes.data(), text.size(), width, 0};
    const Needle needle(wanted);
    const auto read = [](const TextView& part) {
        std::u32string out(part.size, U'\0');
        fastfront::copy_text(part, out.data(), 4);
        return out;
    };

    for (std::size_t from = 0; from <= text.size() + 1; from += 1 + from / 4) {
        require(fastfront::find(view, needle, from) == text.find(wanted, from));
    }
    require(fastfront::starts_with(view, needle) == text.starts_with(wanted));
    require(fastfront::ends_with(view, needle) == text.ends_with(wanted));
    require(fastfront::equals(view, needle) == (text == wanted));
    if (!wanted.empty()) {
        require(read(fastfront::before_first(view, needle)) == text.substr(0, text.find(wanted)));
        std::size_t begin = 0;
        for (std::size_t at = 0; (at = text.find(wanted, begin)) != text.npos;) begin = at + wanted.size();
        require(read(fastfront::after_last(view, needle)) == text.substr(begin));
    }
    const std::size_t left = std::min(text.find_first_not_of(wanted), text.size());
    require(read(fastfront::strip_left(view, &needle)) == text.substr(left));
    require(read(fastfront::strip_right(view, &needle)) == text.substr(0, text.find_last_not_of(wanted) + 1));
    require(read(view) == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const bool is_wide = data[0] >= 128;
    const std::size_t length = std::min<std::size_t>(data[0] % 6, size - 1);
    const std::u32string needle = decode(data + 1, length, is_wide);
    const std::u32string text = decode(data + 1 + length, size - 1 - length, is_wide);
    check(text, needle, 4);
    if (!is_wide) {
        check(text, needle, 1);
        check(text, needle, 2);
    }
    return 0;
}
