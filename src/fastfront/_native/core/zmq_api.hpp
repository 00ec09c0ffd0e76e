// SPDX-License-Identifier: Apache-2.0
// The few libzmq functions that the pump calls, taken from the copy of libzmq that pyzmq has already loaded.
// Two copies of libzmq in one process must never share a socket, and building against libzmq's headers would
// break `pip install` on a bare machine: hence a table of function pointers, filled at start (design.md §4).
#pragma once

#include <cstddef>

#include "error.hpp"

namespace fastfront {

/// Same size and alignment as zmq_msg_t (zmq.h: 64 bytes, pointer-aligned).
struct ZmqMessage {
    alignas(void*) unsigned char opaque[64];
};

/// Same layout as zmq_pollitem_t on POSIX systems.
struct ZmqPollItem {
    void* socket;
    int fd;
    short events;
    short revents;
};

inline constexpr short kZmqPollIn = 1;
inline constexpr int kZmqDontWait = 1;

struct ZmqApi {
    int (*msg_init)(ZmqMessage*) = nullptr;
    int (*msg_recv)(ZmqMessage*, void* socket, int flags) = nullptr;
    int (*msg_close)(ZmqMessage*) = nullptr;
    void* (*msg_data)(ZmqMessage*) = nullptr;
    std::size_t (*msg_size)(const ZmqMessage*) = nullptr;
    int (*msg_more)(const ZmqMessage*) = nullptr;
    int (*poll)(ZmqPollItem*, int count, long timeout_ms) = nullptr;
    int (*get_errno)() = nullptr;
    const char* (*get_strerror)(int) = nullptr;
};

/// Fill the table from the shared library at `path`, which must be loaded already (RTLD_NOLOAD: never a second copy).
[[nodiscard]] Errc load_zmq_api(const char* path, ZmqApi& api) noexcept;

}  // namespace fastfront
