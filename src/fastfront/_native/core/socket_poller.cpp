// SPDX-License-Identifier: Apache-2.0
#include "socket_poller.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>

namespace fastfront {

SocketPoller::~SocketPoller() {
    if (epoll_fd_ >= 0) {
        ::close(epoll_fd_);
    }
}

Errc SocketPoller::open() noexcept {
    epoll_fd_ = ::epoll_create1(EPOLL_CLOEXEC);
    return epoll_fd_ >= 0 ? Errc::ok : Errc::system;
}

void SocketPoller::watch(const std::shared_ptr<Response>& response) {
    const int fd = response->socket_fd();
    epoll_event event{};
    event.events = EPOLLOUT | EPOLLONESHOT;
    event.data.u64 = response->key();
    const std::lock_guard lock(mutex_);
    const bool known = !entries_.try_emplace(response->key(), Entry{response, fd}).second;
    // A connection has one response at a time, so its descriptor is in the set at most once.
    ::epoll_ctl(epoll_fd_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
}

void SocketPoller::unwatch(const Response& response) {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(response.key()); found != entries_.end()) {
        // Out of the set before the descriptor may be closed: epoll would go on reporting a duplicate of it.
        ::epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, found->second.fd, nullptr);
        entries_.erase(found);
    }
}

void SocketPoller::take_writable(std::vector<std::shared_ptr<Response>>& writable) {
    std::array<epoll_event, 64> events;
    const int count = ::epoll_wait(epoll_fd_, events.data(), static_cast<int>(events.size()), 0);
    const std::lock_guard lock(mutex_);
    for (int i = 0; i < count; ++i) {
        if (const auto found = entries_.find(events[static_cast<std::size_t>(i)].data.u64); found != entries_.end()) {
            writable.push_back(found->second.response);
        }
    }
}

std::size_t SocketPoller::size() {
    const std::lock_guard lock(mutex_);
    return entries_.size();
}

}  // namespace fastfront
