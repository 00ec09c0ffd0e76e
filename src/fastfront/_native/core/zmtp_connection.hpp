// SPDX-License-Identifier: Apache-2.0
// One ZMTP connection on a descriptor: a receive buffer in which frames are decoded where they lie, and what the socket
// has not taken yet. Knows recv and sendmsg; must not know who waits for the descriptor, or any other connection.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "zmtp.hpp"

namespace fastfront {

using Clock = std::chrono::steady_clock;

struct ZmtpTiming {
    /// A peer that takes longer is no engine.
    std::chrono::milliseconds handshake_timeout{30'000};
    /// Over TCP, a machine can vanish without a word: peers are asked for a sign of life.
    std::chrono::milliseconds ping_interval{10'000};
    /// Silence after which a peer is lost.
    std::chrono::milliseconds ping_timeout{60'000};
};

class ZmtpConnection {
  public:
    /// Takes the descriptor, which must not block. `buffer_bytes`: what is received at once, for ordinary messages.
    ZmtpConnection(int fd, zmtp::SocketType own, std::size_t max_frame_bytes, std::size_t buffer_bytes) noexcept
        : fd_(fd), buffer_bytes_(buffer_bytes), decoder_(own, max_frame_bytes) {}
    ZmtpConnection(const ZmtpConnection&) = delete;
    ZmtpConnection& operator=(const ZmtpConnection&) = delete;
    ~ZmtpConnection();

    [[nodiscard]] int fd() const noexcept { return fd_; }
    [[nodiscard]] const zmtp::Decoder& decoder() const noexcept { return decoder_; }

    enum class Received : std::uint8_t { nothing, partly, full, ended };
    /// One recv() behind what is there. `full`: there may be more. Invalidates what next() returned.
    [[nodiscard]] Received receive() noexcept;
    /// Bytes of the receive buffer.
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
    /// The next event of what was received; its body lies in the buffer until the next receive().
    [[nodiscard]] zmtp::Decoder::Step next() noexcept;

    /// Behind what already waits, append bytes that are complete frames.
    void queue(std::string_view bytes) noexcept;
    /// Append a message of two frames.
    void queue(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) noexcept;
    /// Send what waits.
    void flush() noexcept { transmit({}, {}); }
    /// Send what waits and a message of two frames, which is copied only if the socket does not take all of it.
    void send(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) noexcept;
    /// The same with any number of frames, one at least: all but the last are copied.
    void send(std::span<const std::span<const std::uint8_t>> frames) noexcept;
    /// Bytes that wait for the socket.
    [[nodiscard]] std::size_t backlog() const noexcept { return out_.size() - out_at_; }
    /// The peer hears nothing more; what it said can still be received. Leads to `ended`.
    void hang_up() noexcept;

    enum class Due : std::uint8_t { nothing, ping, handshake, silence };
    /// What it is time for: to send a PING, or to give up waiting for the handshake or for any word. `next` becomes
    /// when to look again, if that is sooner.
    [[nodiscard]] Due due(Clock::time_point now, const ZmtpTiming& timing, bool heartbeats,
                          Clock::time_point& next) noexcept;

    // For whoever waits for the descriptor.
    Clock::time_point opened_at{};
    Clock::time_point heard_at{};
    Clock::time_point pinged_at{};
    bool established = false;     // the handshake is done
    bool ended = false;           // nothing more will be received
    bool pending = false;         // the buffer holds events that nobody has taken yet
    bool waits_to_write = false;  // the socket was full
    bool watched_for_room = false;
    bool dirty = false;  // queued for the next flush

  private:
    [[nodiscard]] bool make_room() noexcept;
    [[nodiscard]] bool move_to(std::size_t capacity) noexcept;
    /// `head`: the frame headers and the first body; `body`: the second one.
    void transmit(std::span<const std::uint8_t> head, std::span<const std::uint8_t> body) noexcept;
    void keep(std::span<const std::uint8_t> bytes, std::size_t sent) noexcept;

    int fd_;
    std::size_t buffer_bytes_;
    zmtp::Decoder decoder_;

    std::unique_ptr<std::uint8_t[]> buffer_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;  // what was received and not decoded lies in [begin_, end_)
    std::size_t end_ = 0;
    std::size_t wanted_ = 0;

    std::string out_;
    std::size_t out_at_ = 0;
    bool broken_ = false;  // the peer takes nothing more
};

}  // namespace fastfront
