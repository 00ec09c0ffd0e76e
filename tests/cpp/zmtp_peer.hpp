// SPDX-License-Identifier: Apache-2.0
// A ZMTP peer made by hand: the bytes that an engine's socket sends, and a raw connection to send them on. Waits for
// what has to come, never for time.
#pragma once

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace peer {

inline constexpr int kPatienceMs = 10'000;

inline std::span<const std::uint8_t> span(const std::string& bytes) {
    return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

inline std::string text(std::span<const std::uint8_t> bytes) { return {bytes.begin(), bytes.end()}; }

inline std::string greeting(const std::string& mechanism = "NULL", char major = 3) {
    std::string bytes = std::string("\xff\0\0\0\0\0\0\0\1\x7f", 10) + major + '\1' + mechanism;
    bytes.resize(64);
    return bytes;
}

inline std::string property(const std::string& name, const std::string& value) {
    return static_cast<char>(name.size()) + name + std::string(3, '\0') + static_cast<char>(value.size()) + value;
}

inline std::string command(const std::string& name, const std::string& data) {
    const std::string body = static_cast<char>(name.size()) + name + data;
    return std::string{'\4', static_cast<char>(body.size())} + body;
}

inline std::string ready(const std::string& type, const std::string& identity = "") {
    return command("READY", property("Socket-Type", type) + property("Identity", identity));
}

/// A frame; `large` writes the size in eight bytes even where one would do.
inline std::string frame(const std::string& body, bool more = false, bool large = false) {
    large = large || body.size() > 255;
    std::string bytes(1, static_cast<char>((more ? 1 : 0) | (large ? 2 : 0)));
    for (int i = large ? 7 : 0; i >= 0; --i) {
        bytes.push_back(static_cast<char>(body.size() >> (8 * i)));
    }
    return bytes + body;
}

inline std::string hello(const std::string& type, const std::string& identity = "") {
    return greeting() + ready(type, identity);
}

/// A listening Unix socket under a name that the kernel chooses.
struct Listening {
    int fd;
    sockaddr_un name{};
    socklen_t size = sizeof name;

    Listening() : fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        name.sun_family = AF_UNIX;
        REQUIRE(::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof(sa_family_t)) == 0);
        REQUIRE(::listen(fd, 128) == 0);
        REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) == 0);
    }
};

/// A connection to it.
class Peer {
  public:
    explicit Peer(const Listening& to) : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        REQUIRE(::connect(fd_, reinterpret_cast<const sockaddr*>(&to.name), to.size) == 0);
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;
    ~Peer() { close(); }

    void send(const std::string& bytes) const {
        REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
    }
    /// What there is to read now.
    std::string read() const {
        std::string all;
        char buffer[65536];
        for (ssize_t got = 0; (got = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT)) > 0;) {
            all.append(buffer, static_cast<std::size_t>(got));
        }
        return all;
    }
    /// Whether the other end has closed, all that it sent being read.
    bool closed() const {
        char byte = 0;
        const ssize_t got = ::recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
        return got == 0 || (got < 0 && errno != EAGAIN);
    }
    void close() {
        if (fd_ >= 0) {
            ::close(fd_);
            fd_ = -1;
        }
    }
    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_;
};

inline bool readable(int fd, int timeout_ms = 0) {
    pollfd item{fd, POLLIN, 0};
    return ::poll(&item, 1, timeout_ms) == 1;
}

}  // namespace peer
