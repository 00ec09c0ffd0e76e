// SPDX-License-Identifier: Apache-2.0
// Any text, split at special tokens: the pieces are the text, special tokens are where they stand, and what was
// remembered of one text is right for every other.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "segment_cache.hpp"

using fastfront::EncodedIds;
using fastfront::Piece;
using fastfront::SegmentCache;
using fastfront::SpecialTokens;

namespace {

void check(bool condition) {
    if (!condition) {
        std::abort();
    }
}

std::vector<std::uint32_t> ids_of(std::string_view text) {
    std::vector<std::uint32_t> ids;
    for (const char c : text) {
        ids.push_back(static_cast<unsigned char>(c));
    }
    return ids;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // Kept from input to input: what one leaves behind is looked up by the next.
    static SegmentCache cache(SpecialTokens({{"<|", 1000}, {"<|a", 1001}, {"|>", 70000}, {"\n\n", 1002}}), 4096);
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    EncodedIds made;
    std::vector<std::uint32_t> expected;
    std::size_t at = 0;
    std::vector<Piece> pieces = cache.split(text);
    for (Piece& piece : pieces) {
        check(piece.begin == at && piece.begin < piece.end && piece.end <= text.size());
        at = piece.end;
        const std::string_view part = text.substr(piece.begin, piece.end - piece.begin);
        if (piece.special) {
            check(part == "<|" || part == "<|a" || part == "|>" || part == "\n\n");
            expected.push_back(piece.special_id);
            continue;
        }
        check(part.find("<|") == part.npos && part.find("|>") == part.npos && part.find("\n\n") == part.npos);
        const auto ids = ids_of(part);
        expected.insert(expected.end(), ids.begin(), ids.end());
        if (!piece.ids) {
            cache.remember(piece, part, ids);
        }
    }
    made.append(pieces);
    check(at == text.size());
    check(made.ids() == expected && made.count == expected.size());
    const auto tail = static_cast<std::ptrdiff_t>(std::min(expected.size(), EncodedIds::kTail));
    check(made.tail == std::vector<std::uint32_t>(expected.end() - tail, expected.end()));
    check(cache.bytes() <= 4096);
    return 0;
}
