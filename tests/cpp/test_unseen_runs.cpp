// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "unseen_runs.hpp"

using fastfront::deal_out;
using fastfront::IdRun;
using fastfront::kRunGapBytes;
using fastfront::Piece;
using fastfront::unseen_runs;
using fastfront::UnseenRun;

namespace {

using Ids = std::vector<std::uint32_t>;
using Runs = std::vector<std::pair<std::size_t, std::size_t>>;

/// Pieces of some lengths, one after the other: 's' is special (its id: 1000), 'u' unseen, 'k' known.
std::vector<Piece> pieces_of(const std::vector<std::pair<char, std::size_t>>& kinds) {
    std::vector<Piece> pieces;
    std::size_t at = 0;
    for (const auto& [kind, size] : kinds) {
        Piece piece{.begin = at, .end = at + size, .hash = 0, .ids = {}};
        piece.special = kind == 's';
        piece.special_id = kind == 's' ? 1000 : 0;
        if (kind == 'k') {
            piece.ids = IdRun::of(Ids{1});
        }
        pieces.push_back(piece);
        at += size;
    }
    return pieces;
}

Runs runs_of(const std::vector<Piece>& pieces, std::size_t max_bytes) {
    Runs runs;
    for (const UnseenRun& run : unseen_runs(pieces, max_bytes)) {
        runs.emplace_back(run.first, run.last);
    }
    return runs;
}

std::vector<Ids> dealt(const std::vector<Piece>& pieces, const Ids& ids) {
    std::vector<Ids> found;
    for (const auto& some : deal_out(pieces, ids)) {
        found.emplace_back(some.begin(), some.end());
    }
    return found;
}

}  // namespace

TEST_CASE("a run goes over special tokens and short texts that are known") {
    const auto pieces = pieces_of({{'s', 5}, {'u', 10}, {'s', 5}, {'k', 1}, {'s', 5}, {'u', 10}, {'s', 5}, {'k', 1}});
    CHECK(runs_of(pieces, 1000) == Runs{{1, 6}});
}

TEST_CASE("a run ends before a long text that is known") {
    CHECK(runs_of(pieces_of({{'u', 9}, {'s', 1}, {'k', kRunGapBytes}, {'u', 9}}), 1000) == Runs{{0, 4}});
    CHECK(runs_of(pieces_of({{'u', 9}, {'s', 1}, {'k', kRunGapBytes + 1}, {'u', 9}}), 1000) == Runs{{0, 1}, {3, 4}});
}

TEST_CASE("a run has as many bytes as it may, and one text at least") {
    const auto pieces = pieces_of({{'u', 10}, {'s', 5}, {'u', 10}, {'s', 5}, {'u', 100}, {'s', 5}, {'u', 1}});
    CHECK(runs_of(pieces, 25) == Runs{{0, 3}, {4, 5}, {6, 7}});
    CHECK(runs_of(pieces, 24) == Runs{{0, 1}, {2, 3}, {4, 5}, {6, 7}});
    CHECK(runs_of(pieces, 0) == Runs{{0, 1}, {2, 3}, {4, 5}, {6, 7}});
}

TEST_CASE("without unseen texts there is no run") {
    CHECK(runs_of(pieces_of({{'s', 5}, {'k', 1}, {'s', 5}}), 1000).empty());
    CHECK(runs_of({}, 1000).empty());
}

TEST_CASE("ids are dealt out by the special ones among them") {
    const auto pieces = pieces_of({{'u', 10}, {'s', 5}, {'s', 5}, {'u', 10}, {'s', 5}, {'u', 9}});
    CHECK(dealt(pieces, {1, 2, 1000, 1000, 3, 1000, 999, 1001}) ==
          std::vector<Ids>{{1, 2}, {1000}, {1000}, {3}, {1000}, {999, 1001}});
    // A text may come to nothing.
    CHECK(dealt(pieces, {1000, 1000, 3, 1000, 4}) == std::vector<Ids>{{}, {1000}, {1000}, {3}, {1000}, {4}});
    CHECK(dealt(pieces_of({{'u', 10}}), {1, 2}) == std::vector<Ids>{{1, 2}});
}

TEST_CASE("special ids are found wherever they stand among many") {
    for (const std::size_t size : {1u, 31u, 32u, 33u, 64u, 100u}) {
        for (std::size_t at = 0; at < size; ++at) {
            Ids ids(size, 7);
            ids[at] = 1000;
            const auto parts = dealt(pieces_of({{'u', 10}, {'s', 5}, {'u', 10}}), ids);
            REQUIRE(parts.size() == 3);
            CHECK(parts[0].size() == at);
            CHECK(parts[2].size() == size - at - 1);
        }
    }
}

TEST_CASE("special ids other than the pieces' make nothing") {
    const auto pieces = pieces_of({{'u', 10}, {'s', 5}, {'u', 10}});
    CHECK(dealt(pieces, {1, 2}).empty());
    CHECK(dealt(pieces, {1, 1000, 2, 1000, 3}).empty());
    CHECK(dealt(pieces, {1, 1000, 1000}).empty());
    auto other = pieces;
    other.push_back(other[1]);
    other.back().special_id = 5;
    CHECK(dealt(other, {1, 1000, 2, 5}) == std::vector<Ids>{{1}, {1000}, {2}, {5}});
    CHECK(dealt(other, {1, 5, 2, 1000}).empty());
    CHECK(dealt(other, {1, 1000, 2}).empty());
}
