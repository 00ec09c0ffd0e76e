// SPDX-License-Identifier: Apache-2.0
// The part of the kernel's io_uring interface that send_ring.cpp uses: layouts and numbers of linux/io_uring.h, which
// build machines with old kernel headers do not have. Knows nothing of what is sent.
#pragma once

#include <sys/syscall.h>

#include <cstdint>

namespace fastfront::uring {

// The same on every architecture that Linux numbers alike since 5.1 (all that Python wheels are built for).
#ifdef SYS_io_uring_setup
inline constexpr long kSysSetup = SYS_io_uring_setup;
inline constexpr long kSysEnter = SYS_io_uring_enter;
#else
inline constexpr long kSysSetup = 425;
inline constexpr long kSysEnter = 426;
#endif

struct SqOffsets {
    std::uint32_t head, tail, ring_mask, ring_entries, flags, dropped, array, reserved;
    std::uint64_t user_addr;
};

struct CqOffsets {
    std::uint32_t head, tail, ring_mask, ring_entries, overflow, cqes, flags, reserved;
    std::uint64_t user_addr;
};

struct Params {
    std::uint32_t sq_entries, cq_entries, flags, sq_thread_cpu, sq_thread_idle, features, wq_fd, reserved[3];
    SqOffsets sq_off;
    CqOffsets cq_off;
};

/// A request ("submission queue entry"); the members that a send uses.
struct Request {
    std::uint8_t opcode;
    std::uint8_t flags;
    std::uint16_t ioprio;
    std::int32_t fd;
    std::uint64_t offset;
    std::uint64_t address;
    std::uint32_t length;
    std::uint32_t msg_flags;
    std::uint64_t user_data;
    std::uint64_t unused[3];
};

/// How a request went ("completion queue entry").
struct Completion {
    std::uint64_t user_data;
    std::int32_t result;
    std::uint32_t flags;
};

static_assert(sizeof(Params) == 120 && sizeof(Request) == 64 && sizeof(Completion) == 16);

inline constexpr std::uint8_t kOpSend = 26;
inline constexpr std::uint32_t kEnterGetEvents = 1;
inline constexpr std::int64_t kOffsetRing = 0;  // both rings, since 5.4 (kFeatureSingleMmap)
inline constexpr std::int64_t kOffsetRequests = 0x10000000;
inline constexpr std::uint32_t kFeatureSingleMmap = 1;

}  // namespace fastfront::uring
