// SPDX-License-Identifier: Apache-2.0
// A kernel's end of an io_uring for tests: the rings lie in a memfd, sends are made one by one with send(), and a test
// decides what goes wrong. It is what lets something happen "while a frame flies" at a known moment.
#pragma once

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <map>
#include <string_view>
#include <vector>

#include "send_ring.hpp"

namespace fake_uring {

struct Kernel {
    int setup_error = 0;
    std::uint32_t features = fastfront::uring::kFeatureSingleMmap;
    /// The result of one send; none: send() itself.
    std::function<std::int32_t(int fd, std::string_view bytes)> on_send;
    /// Called first in every enter: a negative errno to fail with, or how many requests to take at most.
    std::function<int(unsigned to_submit)> on_enter;
    bool backwards = false;  // completions come in the opposite order
    int late = 0;            // so many calls take requests without completing any
    int calls = 0;
    std::size_t sends = 0;
};

inline Kernel kernel;

struct Ring {
    char* base;
    std::uint32_t entries;
    std::vector<fastfront::uring::Completion> held;
    [[nodiscard]] std::atomic<std::uint32_t>& word(std::size_t i) const {
        return reinterpret_cast<std::atomic<std::uint32_t>*>(base)[i];
    }
};

inline std::map<int, Ring> rings;

// Where things lie: words 0 … 6 are heads, tails and masks, then the array, then the completions.
inline constexpr std::uint32_t kArray = 64;

inline std::int32_t send_result(const fastfront::uring::Request& request) {
    const std::string_view bytes(reinterpret_cast<const char*>(request.address), request.length);
    if (kernel.on_send) {
        return kernel.on_send(request.fd, bytes);
    }
    const ssize_t sent = ::send(request.fd, bytes.data(), bytes.size(), static_cast<int>(request.msg_flags));
    return sent < 0 ? -errno : static_cast<std::int32_t>(sent);
}

inline int setup(unsigned entries, fastfront::uring::Params* params) noexcept {
    if (kernel.setup_error != 0) {
        return -kernel.setup_error;
    }
    const int fd = ::memfd_create("ring", MFD_CLOEXEC);
    const std::uint32_t completions = kArray + entries * 4;
    const std::size_t size = fastfront::uring::kOffsetRequests + entries * sizeof(fastfront::uring::Request);
    if (fd < 0 || ::ftruncate(fd, static_cast<off_t>(size)) != 0) {
        return -ENOMEM;
    }
    void* const base = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    rings[fd] = {static_cast<char*>(base), entries, {}};
    params->sq_entries = entries;
    params->cq_entries = 2 * entries;
    params->features = kernel.features;
    params->sq_off = {.head = 0,
                      .tail = 4,
                      .ring_mask = 8,
                      .ring_entries = 12,
                      .flags = 0,
                      .dropped = 0,
                      .array = kArray,
                      .reserved = 0,
                      .user_addr = 0};
    params->cq_off = {.head = 16,
                      .tail = 20,
                      .ring_mask = 24,
                      .ring_entries = 28,
                      .overflow = 0,
                      .cqes = completions,
                      .flags = 0,
                      .reserved = 0,
                      .user_addr = 0};
    rings[fd].word(2) = entries - 1;
    rings[fd].word(6) = 2 * entries - 1;
    return fd;
}

inline int enter(int fd, unsigned to_submit, unsigned /*min_complete*/, unsigned /*flags*/) noexcept {
    Ring& ring = rings.at(fd);
    ++kernel.calls;
    const int most = kernel.on_enter ? kernel.on_enter(to_submit) : static_cast<int>(to_submit);
    if (most < 0) {
        return most;
    }
    const auto* array = reinterpret_cast<const std::uint32_t*>(ring.base + kArray);
    const auto* requests =
        reinterpret_cast<const fastfront::uring::Request*>(ring.base + fastfront::uring::kOffsetRequests);
    auto* completions = reinterpret_cast<fastfront::uring::Completion*>(ring.base + kArray + ring.entries * 4);
    std::uint32_t head = ring.word(0);
    int taken = 0;
    for (; taken < most && head != ring.word(1); ++head, ++taken) {
        const fastfront::uring::Request request = requests[array[head & ring.word(2)]];
        ++kernel.sends;
        ring.held.push_back({request.user_data, send_result(request), 0});
    }
    ring.word(0) = head;
    if (kernel.late > 0 && taken > 0) {
        --kernel.late;
        return taken;
    }
    if (kernel.backwards) {
        std::reverse(ring.held.begin(), ring.held.end());
    }
    std::uint32_t tail = ring.word(5);
    for (const auto& completion : ring.held) {
        completions[tail++ & ring.word(6)] = completion;
    }
    ring.held.clear();
    ring.word(5) = tail;
    return taken;
}

/// A kernel that behaves, until the test changes `kernel`.
inline fastfront::UringCalls fresh() {
    kernel = {};
    for (const auto& [fd, ring] : rings) {
        ::munmap(ring.base, fastfront::uring::kOffsetRequests + ring.entries * sizeof(fastfront::uring::Request));
    }
    rings.clear();
    return {setup, enter};
}

}  // namespace fake_uring
