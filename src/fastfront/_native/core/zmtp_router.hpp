// SPDX-License-Identifier: Apache-2.0
// A ROUTER: messages to and from peers by their identity, and which of them are gone. A peer that comes back under an
// identity takes it over: the old connection is closed, and its end says nothing any more. One thread owns it. Must not
// know engines.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "zmtp_socket.hpp"

namespace fastfront {

class ZmtpRouter {
  public:
    /// What has happened, in order. A peer's loss comes once, after all that it said, if it has said anything.
    struct Event {
        enum class Kind : std::uint8_t { message, lost, refused };
        Kind kind;
        std::string identity;  // refused: why
        std::string body;      // message: its only frame
    };

    explicit ZmtpRouter(ZmtpSocketOptions options);

    [[nodiscard]] Errc open() noexcept { return socket_.open(); }
    /// Takes the listening descriptor.
    [[nodiscard]] Errc listen(int fd) noexcept { return socket_.listen(fd); }
    /// Readable when poll() has something to do.
    [[nodiscard]] int fd() const noexcept { return socket_.fd(); }
    /// Handle some of what has come and append it to `events`. Never waits. Messages of several frames are dropped.
    [[nodiscard]] Errc poll(std::vector<Event>& events) noexcept;
    /// Whether poll() has to be called again, though fd() may not say so.
    [[nodiscard]] bool pending() const noexcept { return socket_.pending(); }

    /// Send a message of two frames, the first of at most 255 bytes. False: nobody of that identity is connected.
    bool send(std::string_view identity, std::span<const std::uint8_t> first,
              std::span<const std::uint8_t> second) noexcept;
    /// The same with any number of frames, one at least.
    bool send(std::string_view identity, std::span<const std::span<const std::uint8_t>> frames) noexcept {
        return socket_.send(find(identity), frames);
    }
    /// A message of two frames with the next flush(), or before if the message is large or many wait.
    bool queue(std::string_view identity, std::span<const std::uint8_t> first,
               std::span<const std::uint8_t> second) noexcept;
    void flush() noexcept { socket_.flush(); }
    [[nodiscard]] std::size_t backlog() const noexcept { return socket_.backlog(); }
    void close() noexcept;

  private:
    struct Peer {
        std::string identity;
        bool spoken = false;
    };
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
    };

    void on_ready(ZmtpSocket::Id id, std::string_view identity);
    void on_message(ZmtpSocket::Id id, std::span<const std::uint8_t> body, bool more);
    void on_lost(ZmtpSocket::Id id);
    [[nodiscard]] ZmtpSocket::Id find(std::string_view identity) const noexcept;

    std::unordered_map<ZmtpSocket::Id, Peer> peers_;
    std::unordered_map<std::string, ZmtpSocket::Id, Hash, std::equal_to<>> by_identity_;
    std::vector<Event> events_;
    ZmtpSocket socket_;
};

}  // namespace fastfront
