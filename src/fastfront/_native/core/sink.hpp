// SPDX-License-Identifier: Apache-2.0
// Where the finished bytes of one response go. A response calls its sink under its own lock, from one thread at a time.
// The Mailbox gathers bytes for an ASGI task; the SocketSink (socket_sink.hpp) writes them to the client itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace fastfront {

enum class SinkState : std::uint8_t {
    open,     ///< everything went where it should
    blocked,  ///< SocketSink: the socket is full; flush() when it is writable
    full,     ///< more waits than the sink may hold: the reader is too slow, the response has to be given up
    lost,     ///< SocketSink: the client has gone
    flying,   ///< SocketSink: a frame is with the SendRing; sent() tells what became of it
};

class Sink {
  public:
    virtual ~Sink() = default;
    /// The buffer that the response appends complete events, or a whole body, to.
    [[nodiscard]] virtual std::string& buffer() noexcept = 0;
    /// What was appended may go out; `last`: nothing follows.
    [[nodiscard]] virtual SinkState commit(bool last) noexcept = 0;
};

/// Gathers bytes until the response's reader takes them.
class Mailbox final : public Sink {
  public:
    /// `limit`: most bytes that may wait, checked after each commit; 0 = no limit.
    explicit Mailbox(std::size_t limit) noexcept : limit_(limit) {}

    [[nodiscard]] std::string& buffer() noexcept override { return bytes_; }
    [[nodiscard]] SinkState commit(bool /*last*/) noexcept override {
        return limit_ == 0 || bytes_.size() <= limit_ ? SinkState::open : SinkState::full;
    }

  private:
    std::string bytes_;
    std::size_t limit_;
};

}  // namespace fastfront
