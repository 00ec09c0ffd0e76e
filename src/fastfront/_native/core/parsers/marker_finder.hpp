// SPDX-License-Identifier: Apache-2.0
// Finds the first of a few literal markers in text that comes in pieces. Keeps nothing: the caller keeps what may
// become one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fastfront {

struct Marker {
    std::string_view text;
    std::uint8_t role = 0;  ///< what it means to the caller
};

struct FoundMarker {
    static constexpr std::size_t kNone = static_cast<std::size_t>(-1);

    std::size_t begin;          ///< where it begins, or may begin; the text's size: nowhere
    std::size_t index = kNone;  ///< which one is complete; kNone: more text has to tell
};

class MarkerFinder {
  public:
    /// The markers stay the caller's. Of two that begin at one place the longer counts.
    explicit MarkerFinder(std::span<const Marker> markers) noexcept;

    [[nodiscard]] FoundMarker find(std::string_view text) const noexcept;
    /// Where a marker's first byte first is; the text's size: nowhere.
    [[nodiscard]] std::size_t candidate(std::string_view text, std::size_t from) const noexcept;

  private:
    std::span<const Marker> markers_;
    char first_[8] = {};  // the first bytes, each once
    std::size_t firsts_ = 0;
};

}  // namespace fastfront
