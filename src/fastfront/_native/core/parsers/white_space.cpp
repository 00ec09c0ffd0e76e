// SPDX-License-Identifier: Apache-2.0
#include "white_space.hpp"

#include <cstdint>

namespace fastfront {

std::size_t TrailingSpace::surplus() const noexcept {
    std::size_t size = held_.size() > kMost ? held_.size() - kMost : 0;
    while (size < held_.size() && (static_cast<std::uint8_t>(held_[size]) & 0xC0U) == 0x80) ++size;
    return size;
}

}  // namespace fastfront
