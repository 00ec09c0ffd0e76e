// SPDX-License-Identifier: Apache-2.0
// A vocabulary for tests: token id = byte, so that a text is its own token sequence; and two special tokens.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "vocab.hpp"

namespace letters {

inline constexpr std::uint32_t kMark = 200;   // the special token <mark>
inline constexpr std::uint32_t kOther = 201;  // the special token <other>

inline std::shared_ptr<const fastfront::Vocab> vocab() {
    fastfront::VocabBuilder builder(fastfront::DecoderFamily::byte_level, false);
    for (std::uint32_t id = 33; id < 127; ++id) {  // the printable characters that ByteLevel maps to themselves
        (void)builder.add_token(id, std::string(1, static_cast<char>(id)));
    }
    (void)builder.add_token(32, "\xc4\xa0");  // Ġ: a space
    (void)builder.add_added_token(kMark, "<mark>", "<mark>", true);
    (void)builder.add_added_token(kOther, "<other>", "<other>", true);
    return builder.build();
}

inline std::vector<std::uint32_t> tokens(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace letters
