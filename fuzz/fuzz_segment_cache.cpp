// SPDX-License-Identifier: Apache-2.0
// Any text, split at special tokens: the pieces are the text, special tokens are where they stand, and what was
// remembered of one text is right for every other. What is unseen is tokenized in runs, whose ids come back to the
// pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "segment_cache.hpp"
#include "unseen_runs.hpp"

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
    }
    const std::size_t run_bytes = size == 0 ? 0 : data[0];
    for (const auto& run : fastfront::unseen_runs(pieces, run_bytes)) {
        const std::span run_pieces = std::span(pieces).subspan(run.first, run.last - run.first);
        check(!run_pieces.front().special && !run_pieces.front().ids && !run_pieces.back().special);
        check(run_pieces.size() == 1 || run_pieces.back().end - run_pieces.front().begin <= run_bytes);
        std::vector<std::uint32_t> ids;
        for (const Piece& piece : run_pieces) {
            const auto some = piece.special ? std::vector{piece.special_id}
                                            : ids_of(text.substr(piece.begin, piece.end - piece.begin));
            ids.insert(ids.end(), some.begin(), some.end());
        }
        const auto dealt = fastfront::deal_out(run_pieces, ids);
        check(dealt.size() == run_pieces.size());
        for (std::size_t i = 0; i < dealt.size(); ++i) {
            Piece& piece = run_pieces[i];
            if (!piece.special && !piece.ids) {
                cache.remember(piece, text.substr(piece.begin, piece.end - piece.begin), dealt[i]);
            }
        }
        // Special ids that are not the pieces', or not where they are.
        ids.push_back(run_pieces.size() > 1 ? std::uint32_t{1000} : ids.back());
        check(run_pieces.size() == 1 || fastfront::deal_out(run_pieces, ids).empty() ||
              std::ranges::none_of(run_pieces, [](const Piece& piece) { return piece.special_id == 1000; }));
    }
    made.append(pieces);
    check(at == text.size());
    check(made.ids() == expected && made.count == expected.size());
    const auto tail = static_cast<std::ptrdiff_t>(std::min(expected.size(), EncodedIds::kTail));
    check(made.tail == std::vector<std::uint32_t>(expected.end() - tail, expected.end()));
    check(cache.bytes() <= 4096);
    return 0;
}
