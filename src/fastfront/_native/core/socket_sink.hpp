// SPDX-License-Identifier: Apache-2.0
// Writes one HTTP/1.1 response to the client's socket, from the pump thread, without the event loop or Python.
//
// Rules: nobody else writes on that connection from hand-over until delivered() or lost; the sink owns a duplicate of
// the descriptor (one per connection), so that a connection closed meanwhile can never become somebody else's; what a
// full socket does not take waits in a backlog with a bound; while a frame flies (a SendRing has it) nothing else of
// the response is sent: it waits in the backlog behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "send_ring.hpp"
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
    [[nodiscard]] std::string& buffer() noexcept override;
    [[nodiscard]] SinkState commit(bool last) noexcept override { return commit(last, nullptr); }
    /// With a ring that is usable and not full the bytes are pushed there, and the sink stays where it is until sent().
    [[nodiscard]] SinkState commit(bool last, SendRing* ring) noexcept;
    /// Write the next events into memory of the ring's.
    void borrow(SendRing& ring) noexcept;
    /// What became of the frame that was pushed: bytes or -errno.
    [[nodiscard]] SinkState sent(std::int32_t result, SendRing& ring) noexcept;

    /// Send the head of a stream before its first event. Nothing happens if it went out already.
    [[nodiscard]] SinkState send_head() noexcept;
    /// A failure before anything was sent becomes a status of its own. False: the head has gone out already.
    [[nodiscard]] bool send_error(int status, std::string_view json) noexcept;
    /// The socket is writable again.
    [[nodiscard]] SinkState flush() noexcept;

    /// The content-length that was written; 0 for a stream, which has none.
    [[nodiscard]] std::size_t content_length() const noexcept { return content_length_; }
    /// All bytes of the whole response are in the kernel's hands.
    [[nodiscard]] bool delivered() const noexcept { return ended_ && !flying_ && backlog_.size() == backlog_sent_; }

  private:
    /// Room before the events for a chunk's size line: 16 digits and the line's end.
    static constexpr std::size_t kGap = 18;

    /// Turn the events into what goes over the wire; where in events_ that begins.
    std::size_t frame(bool last);
    std::size_t frame_chunk(bool last);
    /// Send what events_ has from `begin` on, behind what waits already.
    SinkState send(std::size_t begin, SendRing* ring) noexcept;
    /// Put bytes that could not be sent into the backlog.
    SinkState keep(std::string_view bytes) noexcept;

    std::shared_ptr<const OwnedFd> fd_;
    ResponseHead head_;
    std::size_t backlog_limit_;
    std::string events_;  // the gap, then events; empty between two commits
    std::string frame_;   // what flies, from frame_begin_ on; had been events_
    std::size_t frame_begin_ = 0;
    std::string backlog_;  // bytes that wait; those before backlog_sent_ have gone
    std::size_t backlog_sent_ = 0;
    std::size_t content_length_ = 0;
    bool flying_ = false;
    bool head_sent_ = false;
    bool ended_ = false;
};

}  // namespace fastfront
