// SPDX-License-Identifier: Apache-2.0
#include "unseen_runs.hpp"

#include <algorithm>
#include <limits>

namespace fastfront {

namespace {

bool is_unseen(const Piece& piece) noexcept { return !piece.special && !piece.ids; }

/// The special ids of a run, to be found among many others.
class SpecialIds {
  public:
    explicit SpecialIds(std::span<const Piece> pieces) {
        for (const Piece& piece : pieces) {
            if (piece.special && std::ranges::find(ids_, piece.special_id) == ids_.end()) {
                ids_.push_back(piece.special_id);
                lowest_ = std::min(lowest_, piece.special_id);
                highest_ = std::max(highest_, piece.special_id);
            }
        }
    }

    /// Where the first of them stands at or behind `at`; the end if there is none.
    [[nodiscard]] std::size_t find(std::span<const std::uint32_t> ids, std::size_t at) const noexcept {
        while (true) {
            // Special ids are most often above all others. In blocks without a way out, which compilers vectorize.
            for (; ids.size() - at >= kBlock && !may_be_in(ids.subspan(at).first<kBlock>()); at += kBlock) {
            }
            const std::size_t end = std::min(ids.size(), at + kBlock);
            while (at < end && std::ranges::find(ids_, ids[at]) == ids_.end()) {
                ++at;
            }
            if (at < end || at == ids.size()) {
                return at;
            }
        }
    }

  private:
    static constexpr std::size_t kBlock = 32;

    [[nodiscard]] bool may_be_in(std::span<const std::uint32_t, kBlock> ids) const noexcept {
        bool found = false;
        for (const std::uint32_t id : ids) {
            found |= (id >= lowest_) & (id <= highest_);
        }
        return found;
    }

    std::vector<std::uint32_t> ids_;
    std::uint32_t lowest_ = std::numeric_limits<std::uint32_t>::max();
    std::uint32_t highest_ = 0;
};

}  // namespace

std::vector<UnseenRun> unseen_runs(std::span<const Piece> pieces, std::size_t max_bytes) {
    std::vector<UnseenRun> runs;
    bool goes_on = false;
    for (std::size_t n = 0; n < pieces.size(); ++n) {
        const Piece& piece = pieces[n];
        if (is_unseen(piece)) {
            if (goes_on && piece.end - pieces[runs.back().first].begin <= max_bytes) {
                runs.back().last = n + 1;
            } else {
                runs.push_back({n, n + 1});
                goes_on = true;
            }
        } else if (!piece.special && piece.end - piece.begin > kRunGapBytes) {
            goes_on = false;
        }
    }
    return runs;
}

std::vector<std::span<const std::uint32_t>> deal_out(std::span<const Piece> run, std::span<const std::uint32_t> ids) {
    const SpecialIds special(run);
    std::vector<std::span<const std::uint32_t>> dealt;
    dealt.reserve(run.size());
    std::size_t at = 0;
    for (const Piece& piece : run) {
        // A text's ids end where the next special one is, whichever it is: the piece behind it has to be that.
        const std::size_t end = piece.special ? at + 1 : special.find(ids, at);
        if (piece.special && (at == ids.size() || ids[at] != piece.special_id)) {
            return {};
        }
        dealt.push_back(ids.subspan(at, end - at));
        at = end;
    }
    return at == ids.size() ? dealt : std::vector<std::span<const std::uint32_t>>();
}

}  // namespace fastfront
