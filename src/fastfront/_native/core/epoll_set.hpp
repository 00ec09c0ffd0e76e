// SPDX-License-Identifier: Apache-2.0
// An epoll set with one timer in it, so that whoever waits for the set's descriptor waits for both. One thread owns it.
// Must not know what the descriptors are.
#pragma once

#include <sys/epoll.h>

#include <chrono>
#include <cstdint>
#include <span>

#include "error.hpp"

namespace fastfront {

class EpollSet {
  public:
    using Clock = std::chrono::steady_clock;

    EpollSet() = default;
    EpollSet(const EpollSet&) = delete;
    EpollSet& operator=(const EpollSet&) = delete;
    ~EpollSet();

    /// `timer`: what the timer's events carry in data.u64.
    [[nodiscard]] Errc open(std::uint64_t timer) noexcept;
    /// Readable when something has happened.
    [[nodiscard]] int fd() const noexcept { return epoll_fd_; }

    [[nodiscard]] Errc add(int fd, std::uint32_t events, std::uint64_t data) noexcept {
        return control(EPOLL_CTL_ADD, fd, events, data);
    }
    void modify(int fd, std::uint32_t events, std::uint64_t data) noexcept {
        static_cast<void>(control(EPOLL_CTL_MOD, fd, events, data));
    }
    void remove(int fd) noexcept { static_cast<void>(control(EPOLL_CTL_DEL, fd, 0, 0)); }
    /// Fill `events` after at most `timeout_ms` (-1: for ever); returns their number, or -1 and errno.
    [[nodiscard]] int wait(std::span<epoll_event> events, int timeout_ms) noexcept;

    /// Have the timer's event come then, if it would not come before.
    void wake_at(Clock::time_point when) noexcept;
    /// The timer's event has come: it does not come again until wake_at().
    void quiet_timer() noexcept;

  private:
    [[nodiscard]] Errc control(int operation, int fd, std::uint32_t events, std::uint64_t data) noexcept;

    int epoll_fd_ = -1;
    int timer_fd_ = -1;
    Clock::time_point timer_at_ = Clock::time_point::max();
};

}  // namespace fastfront
