// SPDX-License-Identifier: Apache-2.0
// Writes one HTTP/1.1 response to the client's socket, from the pump thread, without the event loop or Python.
//
// Rules: nobody else writes on that connection from hand-over until delivered() or lost; the sink owns a duplicate of
// the descriptor (one per connection), so that a connection closed meanwhile can never become somebody else's; what a
// full socket does not take waits in a backlog with a bound.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "sink.hpp"

namespace fastfront {

/// How a response is framed: status line and headers without what the sink itself knows.
struct ResponseHead {
    std::string stream;  // up to and including the empty line; for a chunked event stream. Empty: a whole body
    std::string whole;   // `HTTP/1.1 200 OK\r\n…` up to where content-length goes
};

/// A descriptor that is closed with its last user.
class OwnedFd {
  public:
    explicit OwnedFd(int fd) noexcept : fd_(fd) {}
    OwnedFd(const OwnedFd&) = delete;
    OwnedFd& operator=(const OwnedFd&) = delete;
    ~OwnedFd();
    [[nodiscard]] int get() const noexcept { return fd_; }

  private:
    int fd_;
};

class SocketSink final : public Sink {
  public:
    /// `backlog_limit`: most bytes of a stream that may wait for the client.
    SocketSink(std::shared_ptr<const OwnedFd> fd, ResponseHead head, std::size_t backlog_limit) noexcept;

    [[nodiscard]] int fd() const noexcept { return fd_->get(); }
    [[nodiscard]] std::string& buffer() noexcept override { return events_; }
    [[nodiscard]] SinkState commit(bool last) noexcept override;

    /// Send the head of a stream before its first event. Nothing happens if it went out already.
    [[nodiscard]] SinkState send_head() noexcept;
    /// A failure before anything was sent becomes a status of its own. False: the head has gone out already.
    [[nodiscard]] bool send_error(int status, std::string_view json) noexcept;
    /// The socket is writable again.
    [[nodiscard]] SinkState flush() noexcept;

    /// All bytes of the whole response are in the kernel's hands.
    [[nodiscard]] bool delivered() const noexcept { return ended_ && backlog_.size() == backlog_sent_; }

  private:
    /// Send `bytes` behind what waits already.
    SinkState send(std::string_view bytes) noexcept;

    std::shared_ptr<const OwnedFd> fd_;
    ResponseHead head_;
    std::size_t backlog_limit_;
    std::string events_;
    std::string frame_;    // reused
    std::string backlog_;  // bytes that wait; those before backlog_sent_ have gone
    std::size_t backlog_sent_ = 0;
    bool head_sent_ = false;
    bool ended_ = false;
};

}  // namespace fastfront
