// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base64.hpp"

using namespace fastfront;

namespace {

std::optional<std::string> decoded(std::string_view text) {
    const std::span given(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
    std::vector<std::uint8_t> out(max_decoded_base64(text.size()));
    std::size_t size = 0;
    if (!decode_base64(given, out, size)) {
        return std::nullopt;
    }
    return std::string(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size));
}

}  // namespace

TEST_CASE("base64 of any length is read") {
    CHECK(decoded("") == "");
    CHECK(decoded("aA==") == "h");
    CHECK(decoded("aGU=") == "he");
    CHECK(decoded("aGVs") == "hel");
    CHECK(decoded("aGVsbG8=") == "hello");
    CHECK(decoded("+/+/") == std::string("\xFB\xFF\xBF"));
}

TEST_CASE("bits behind the last byte are not looked at") { CHECK(decoded("aGVsbG9=") == "hello"); }

TEST_CASE("what is no base64 is refused") {
    for (const std::string_view text : {"a", "aG", "aGV", "aGVsbG8", "====", "a===", "aGVsbG8=\n", "aG sbG8=", "aG=s",
                                        "aGVsbG8=aGVs", "aGV-", "aGV_", "\xC3\xA9GVs", "!!!!", "aA=A"}) {
        CAPTURE(text);
        CHECK_FALSE(decoded(text).has_value());
    }
}

TEST_CASE("a buffer that is too small is not written to") {
    const std::string text = "aGVsbG8=";
    std::vector<std::uint8_t> out(max_decoded_base64(text.size()) - 1);
    std::size_t size = 1;
    CHECK_FALSE(decode_base64(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()), out, size));
    CHECK(size == 0);
}
