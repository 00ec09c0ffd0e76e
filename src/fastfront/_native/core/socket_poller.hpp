// SPDX-License-Identifier: Apache-2.0
// The clients' sockets that are full at the moment: an epoll set, and which response waits for which socket.
// The pump thread waits on fd(); any thread may add and remove.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "error.hpp"
#include "response.hpp"

namespace fastfront {

class SocketPoller {
  public:
    SocketPoller() = default;
    SocketPoller(const SocketPoller&) = delete;
    SocketPoller& operator=(const SocketPoller&) = delete;
    ~SocketPoller();

    [[nodiscard]] Errc open() noexcept;
    /// Readable when a socket has become writable.
    [[nodiscard]] int fd() const noexcept { return epoll_fd_; }

    /// Report the response once when its socket is writable. A response that is watched already is watched again.
    void watch(const std::shared_ptr<Response>& response);
    void unwatch(const Response& response);
    /// The responses whose sockets are writable now; they stay known until unwatched or watched again.
    void take_writable(std::vector<std::shared_ptr<Response>>& writable);
    [[nodiscard]] std::size_t size();

  private:
    struct Entry {
        std::shared_ptr<Response> response;
        int fd;
    };
    std::mutex mutex_;
    std::unordered_map<std::uint64_t, Entry> entries_;  // by the response's key
    int epoll_fd_ = -1;
};

}  // namespace fastfront
