// SPDX-License-Identifier: Apache-2.0
// Finds markers in text that arrives in pieces: the leftmost, of two at one place the longest. Knows no format: which
// markers count at the moment the caller says, as a set of bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fastfront {

class MarkerScanner {
  public:
    /// A set of markers: bit i is the marker added as number i. 32 markers at most.
    using Set = std::uint32_t;

    enum class What : std::uint8_t {
        nothing,  ///< no marker, nor the beginning of one at the end
        marker,   ///< a whole marker
        maybe,    ///< the text from here to its end may become a marker, or a longer one than it holds already
    };
    struct Found {
        What what = What::nothing;
        std::size_t begin = 0;    // nothing: the text's end
        std::size_t size = 0;     // marker: its bytes
        std::uint32_t index = 0;  // marker: its number
    };

    void add(std::string_view marker) { markers_.emplace_back(marker); }
    [[nodiscard]] std::string_view text(std::uint32_t index) const noexcept { return markers_[index]; }

    /// Look at the text from `from` on. `last`: nothing follows, so what is not whole is no marker.
    [[nodiscard]] Found find(std::string_view text, std::size_t from, Set active, bool last) const noexcept;

  private:
    /// The next place where an active marker's first byte is; npos: none.
    [[nodiscard]] std::size_t next_first_byte(std::string_view text, std::size_t from, Set active) const noexcept;

    std::vector<std::string> markers_;
};

}  // namespace fastfront
