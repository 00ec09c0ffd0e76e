// SPDX-License-Identifier: Apache-2.0
// A listening descriptor, and the connections that come out of it, ready for messages: not blocking, not inherited,
// without TCP's delays. Must not know what is spoken on them.
#pragma once

#include "error.hpp"

namespace fastfront {

class Listener {
  public:
    Listener() = default;
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;
    ~Listener() { close(); }

    /// Own a listening descriptor (AF_UNIX or TCP) from now on, whatever is returned.
    [[nodiscard]] Errc open(int fd) noexcept;
    [[nodiscard]] int fd() const noexcept { return fd_; }
    [[nodiscard]] bool tcp() const noexcept { return tcp_; }

    enum class Accepted : unsigned char {
        connection,
        nothing,    ///< nobody waits
        exhausted,  ///< the system has no more descriptors: try again later
        closed,     ///< it will never accept again
    };
    /// The next connection, whose descriptor is the caller's.
    [[nodiscard]] Accepted accept(int& fd) noexcept;
    void close() noexcept;

  private:
    int fd_ = -1;
    bool tcp_ = false;
};

}  // namespace fastfront
