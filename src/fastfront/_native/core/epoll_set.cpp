// SPDX-License-Identifier: Apache-2.0
#include "epoll_set.hpp"

#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>

namespace fastfront {

EpollSet::~EpollSet() {
    for (const int fd : {timer_fd_, epoll_fd_}) {
        if (fd >= 0) {
            ::close(fd);
        }
    }
}

Errc EpollSet::open(std::uint64_t timer) noexcept {
    epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
    timer_fd_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    return epoll_fd_ < 0 || timer_fd_ < 0 ? Errc::system : add(timer_fd_, EPOLLIN, timer);
}

int EpollSet::wait(std::span<epoll_event> events, int timeout_ms) noexcept {
    return ::epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), timeout_ms);
}

void EpollSet::wake_at(Clock::time_point when) noexcept {
    if (when >= timer_at_) {
        return;
    }
    timer_at_ = when;
    const auto left = std::max(when - Clock::now(), Clock::duration{1});
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    itimerspec spec{};
    spec.it_value.tv_sec = static_cast<time_t>(seconds.count());
    spec.it_value.tv_nsec = static_cast<long>(std::chrono::nanoseconds(left - seconds).count());
    ::timerfd_settime(timer_fd_, 0, &spec, nullptr);
}

void EpollSet::quiet_timer() noexcept {
    std::uint64_t expirations = 0;
    [[maybe_unused]] const ssize_t size = ::read(timer_fd_, &expirations, sizeof expirations);
    timer_at_ = Clock::time_point::max();
}

Errc EpollSet::control(int operation, int fd, std::uint32_t events, std::uint64_t data) noexcept {
    epoll_event event{};
    event.events = events;
    event.data.u64 = data;
    return ::epoll_ctl(epoll_fd_, operation, fd, &event) == 0 ? Errc::ok : Errc::system;
}

}  // namespace fastfront
