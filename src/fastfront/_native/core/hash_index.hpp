// SPDX-License-Identifier: Apache-2.0
// Which of some numbered things has a hash: a table without pointers, so that a look is a matter of one line of memory.
// Hashes are good ones, and no client can choose them. Knows only hashes and numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace fastfront {

class HashIndex {
  public:
    /// The thing of this hash for which `matches(thing)`; it is asked for the few whose hashes are alike.
    template <typename Matches>
    [[nodiscard]] std::optional<std::uint32_t> find(std::uint64_t hash, Matches matches) const {
        if (cells_.empty()) {
            return std::nullopt;
        }
        for (std::size_t at = home(mark(hash));; at = next(at)) {
            const Cell& cell = cells_[at];
            if (cell.mark == kFree) {
                return std::nullopt;
            }
            if (cell.mark == mark(hash) && matches(cell.thing)) {
                return cell.thing;
            }
        }
    }

    /// Add a thing that is not there.
    void insert(std::uint64_t hash, std::uint32_t thing) {
        if (2 * (size_ + 1) > cells_.size()) {
            grow();
        }
        place({mark(hash), thing});
        ++size_;
    }

    /// Take away a thing that is there.
    void erase(std::uint64_t hash, std::uint32_t thing) noexcept {
        std::size_t at = home(mark(hash));
        while (cells_[at].thing != thing || cells_[at].mark != mark(hash)) {
            at = next(at);
        }
        // Whoever stands behind it may have had to make way for it: no gap is left between a cell and its home.
        for (std::size_t later = next(at); cells_[later].mark != kFree; later = next(later)) {
            const std::size_t from_home = (later - home(cells_[later].mark)) & (cells_.size() - 1);
            if (from_home >= ((later - at) & (cells_.size() - 1))) {
                cells_[std::exchange(at, later)] = cells_[later];
            }
        }
        cells_[at] = {};
        --size_;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }

  private:
    static constexpr std::uint32_t kFree = 0;
    static constexpr std::size_t kFewest = 64;

    struct Cell {
        std::uint32_t mark = kFree;
        std::uint32_t thing = 0;
    };

    [[nodiscard]] static std::uint32_t mark(std::uint64_t hash) noexcept {
        return static_cast<std::uint32_t>(hash) | 1u << 31;  // never kFree
    }
    [[nodiscard]] std::size_t home(std::uint32_t mark) const noexcept { return mark & (cells_.size() - 1); }
    [[nodiscard]] std::size_t next(std::size_t at) const noexcept { return (at + 1) & (cells_.size() - 1); }

    void place(Cell cell) noexcept {
        std::size_t at = home(cell.mark);
        while (cells_[at].mark != kFree) {
            at = next(at);
        }
        cells_[at] = cell;
    }

    void grow() {
        std::vector<Cell> made(cells_.empty() ? kFewest : cells_.size() * 2);
        const std::vector<Cell> before = std::exchange(cells_, std::move(made));
        for (const Cell& cell : before) {
            if (cell.mark != kFree) {
                place(cell);
            }
        }
    }

    std::vector<Cell> cells_;  // a power of two of them, half of them free at least
    std::size_t size_ = 0;
};

}  // namespace fastfront
