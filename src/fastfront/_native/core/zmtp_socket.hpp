// SPDX-License-Identifier: Apache-2.0
// A listening ZMTP socket: accepts peers, greets them, hands their messages on, and says when one is gone. One thread
// owns it. Nothing that connects can hurt: half-open connections are bounded in number and time, buffers in size, and
// whoever does not keep to the protocol is sent away. Must not know what messages mean.
#pragma once

#include <functional>
#include <set>
#include <unordered_map>
#include <vector>

#include "epoll_set.hpp"
#include "listener.hpp"
#include "zmtp_connection.hpp"

namespace fastfront {

struct ZmtpSocketOptions {
    zmtp::SocketType type = zmtp::SocketType::pull;
    /// A peer that sends a longer frame is sent away.
    std::size_t max_frame_bytes = std::size_t{1} << 30;
    /// Received at once per connection.
    std::size_t buffer_bytes = 64 * 1024;
    /// A peer for which more has to wait counts as lost.
    std::size_t backlog_limit = std::size_t{1} << 30;
    /// Connections that have not finished the handshake: one more, and the oldest goes.
    std::size_t max_half_open = 256;
    std::size_t max_connections = 4096;
    ZmtpTiming timing;
};

class ZmtpSocket {
  public:
    using Id = std::uint64_t;  // never used again

    /// Called from poll() and drain(). They may call send(), queue() and close_peer().
    struct Callbacks {
        std::function<void(Id, std::string_view identity)> ready;
        /// A message: its first frame, and the others as zmtp::next_part() reads them. There only during the call.
        std::function<void(Id, std::span<const std::uint8_t> first, std::span<const std::uint8_t> rest)> message;
        /// A peer that was ready is gone, all that it said has been handed on. Not called after close_peer().
        std::function<void(Id)> lost;
        /// Somebody was sent away. Called for the first time, the second, the fourth, the eighth and so on.
        std::function<void(std::string_view why, std::uint64_t times)> refused;
    };

    ZmtpSocket(ZmtpSocketOptions options, Callbacks callbacks) noexcept
        : options_(options), callbacks_(std::move(callbacks)) {}
    ZmtpSocket(const ZmtpSocket&) = delete;
    ZmtpSocket& operator=(const ZmtpSocket&) = delete;
    ~ZmtpSocket() { close(); }

    /// Make the descriptors. Once, before anything else.
    [[nodiscard]] Errc open() noexcept;
    /// Accept peers on a listening descriptor (AF_UNIX or TCP), which is the socket's from now on.
    [[nodiscard]] Errc listen(int fd) noexcept;
    /// Let poll() wait for a foreign descriptor, too; `tag` (below 32) is its bit in `woken`.
    [[nodiscard]] Errc watch(int fd, unsigned tag) noexcept;
    /// Greet peers, but take no messages: they wait with the peer. Before anybody has come.
    void pause() noexcept { paused_ = true; }
    void resume() noexcept;

    /// Readable when poll() has something to do.
    [[nodiscard]] int fd() const noexcept { return epoll_.fd(); }
    /// Wait for something to happen, up to `timeout_ms` (-1: for ever), and handle some of it: one read and a few
    /// messages per connection. Sets the bits of the foreign descriptors that are readable.
    [[nodiscard]] Errc poll(int timeout_ms, std::uint32_t& woken) noexcept;
    /// Whether messages were received and not handed on yet: poll() will not wait.
    [[nodiscard]] bool pending() const noexcept { return !pending_.empty(); }
    /// Take everything that peers have sent until now.
    void drain() noexcept;

    /// Send a message of two frames, the first of at most 255 bytes. False: there is no such peer.
    bool send(Id id, std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) noexcept {
        return write(id, [&](ZmtpConnection& connection) { connection.send(first, second); });
    }
    /// The same with any number of frames, one at least.
    bool send(Id id, std::span<const std::span<const std::uint8_t>> frames) noexcept {
        return write(id, [&](ZmtpConnection& connection) { connection.send(frames); });
    }
    /// The first of these with the next flush(), or before if the message is large or many wait.
    bool queue(Id id, std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) noexcept;
    void flush() noexcept;
    /// Bytes that wait for peers to take them.
    [[nodiscard]] std::size_t backlog() const noexcept;

    void close_peer(Id id) noexcept;
    /// Close the listener and every connection, without a word.
    void close() noexcept;
    [[nodiscard]] std::size_t connections() const noexcept { return connections_.size(); }
    /// How many have been sent away.
    [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

  private:
    void accept_some() noexcept;
    void add(int fd) noexcept;
    void on_event(Id id, std::uint32_t events) noexcept;
    void on_received(ZmtpConnection::Received received, ZmtpConnection& connection) noexcept;
    /// Hand on up to `limit` messages of what was received; ends the connection when there is nothing more to come.
    void take(Id id, std::size_t limit) noexcept;
    void take_pending() noexcept;
    void on_ready(Id id, ZmtpConnection& connection) noexcept;
    void refuse(Id id, std::string_view why) noexcept;
    void end(Id id) noexcept;
    void answer(Id id, ZmtpConnection& connection) noexcept;
    void after_write(Id id, ZmtpConnection& connection) noexcept;
    [[nodiscard]] ZmtpConnection* find(Id id) noexcept;
    /// Call `send` with the peer's connection and see to what it leaves. False: there is no such peer.
    template <typename Send>
    bool write(Id id, Send send) noexcept {
        ZmtpConnection* connection = find(id);
        if (connection == nullptr) {
            return false;
        }
        send(*connection);
        after_write(id, *connection);
        return true;
    }
    void on_timer() noexcept;

    EpollSet epoll_;
    Listener listener_;
    ZmtpSocketOptions options_;
    Callbacks callbacks_;
    std::unordered_map<Id, std::unique_ptr<ZmtpConnection>> connections_;
    Id next_id_ = 64;  // smaller numbers are for what else is waited for
    std::uint64_t closings_ = 0;
    std::set<Id> half_open_;  // the oldest one first
    std::uint64_t refused_ = 0;
    std::vector<Id> pending_;
    std::vector<Id> taking_;
    std::vector<Id> dirty_;
    std::size_t queued_ = 0;  // messages since the last flush
    std::string scratch_;
    bool paused_ = false;
    bool listener_rests_ = false;  // no descriptors are left: no use in asking again at once
};

}  // namespace fastfront
