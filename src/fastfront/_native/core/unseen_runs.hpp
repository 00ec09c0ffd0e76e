// SPDX-License-Identifier: Apache-2.0
// What of a split text has to be tokenized, in stretches that go over special tokens: a tokenizer is called once for a
// whole chat rather than once a message, and its ids are dealt out to the pieces by the special ids among them. Knows
// pieces and ids, and no tokenizer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "segment_cache.hpp"

namespace fastfront {

/// Pieces from `first` to before `last`, of which the first and the last are texts without ids.
struct UnseenRun {
    std::size_t first;
    std::size_t last;
};

/// A text that has ids and is no longer than this is tokenized again with what is around it: the line feed between two
/// messages.
inline constexpr std::size_t kRunGapBytes = 64;

/// All texts without ids, in runs. A run goes on over special tokens and short texts until it has `max_bytes`; 0: each
/// text by itself.
[[nodiscard]] std::vector<UnseenRun> unseen_runs(std::span<const Piece> pieces, std::size_t max_bytes);

/// The ids of each of a run's pieces, where `ids` are those of all its text. Empty if the special tokens among them are
/// not those of the pieces, in their order.
[[nodiscard]] std::vector<std::span<const std::uint32_t>> deal_out(std::span<const Piece> run,
                                                                   std::span<const std::uint32_t> ids);

}  // namespace fastfront
