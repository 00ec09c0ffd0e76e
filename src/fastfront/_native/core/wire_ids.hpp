// SPDX-License-Identifier: Apache-2.0
// The numbers by which the engine knows this process's requests. Knows no request.
#pragma once

#include <atomic>
#include <cstdint>
#include <random>

namespace fastfront {

/// Wire ids are unique among all frontends that may share an engine: a random start per process, then counting.
inline std::uint64_t next_wire_id() noexcept {
    static std::atomic<std::uint64_t> next{[] {
        std::random_device entropy;
        return (std::uint64_t{entropy()} << 32) | (std::uint64_t{entropy()} & 0xff000000u);
    }()};
    return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace fastfront
