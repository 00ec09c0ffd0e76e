// SPDX-License-Identifier: Apache-2.0
// Any text: nothing is read outside of it, and of a text that is an object no beginning and no continuation is one.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "printed_json.hpp"

using fastfront::is_printed_object;

namespace {

/// Bytes that make an object more often than any do.
constexpr std::string_view kPieces[] = {"{",    "}",    "[",        "]",        ", ", ": ",      "\"a\"",
                                        "\"",   "\\n",  "\\u001f",  "\\u00",    "0",  "12",      "-",
                                        "true", "null", "{\"a\": ", "\"b\": 1", " ",  "\xc3\xa9"};

void check(std::string_view text) {
    // In memory of its own size, whose end a sanitizer watches.
    const std::vector<char> exact(text.begin(), text.end());
    if (!is_printed_object({exact.data(), exact.size()})) {
        return;
    }
    for (std::size_t size = 0; size < exact.size(); ++size) {
        if (is_printed_object({exact.data(), size})) {
            std::abort();
        }
    }
    for (const std::string_view more : kPieces) {
        if (is_printed_object(std::string(text).append(more))) {
            std::abort();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check({reinterpret_cast<const char*>(data), size});
    std::string made = "{";
    for (std::size_t i = 0; i < size; ++i) {
        made += kPieces[data[i] % std::size(kPieces)];
        check(made + "}");
    }
    return 0;
}
