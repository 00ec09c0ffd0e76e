// SPDX-License-Identifier: Apache-2.0
// A client's connection for tests of the socket sink: a socket pair, and chunked framing undone.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>

#include "socket_sink.hpp"

struct Client {
    int fds[2];

    explicit Client(int buffer_bytes = 0) {
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
        if (buffer_bytes != 0) {
            ::setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
        }
    }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;
    ~Client() {
        close_end();
        ::close(fds[0]);
    }
    void close_end() {
        if (fds[1] >= 0) {
            ::close(fds[1]);
            fds[1] = -1;
        }
    }
    [[nodiscard]] std::shared_ptr<const fastfront::OwnedFd> handle() const {
        return std::make_shared<fastfront::OwnedFd>(::dup(fds[0]));
    }
    std::string read() const {
        std::string all;
        char buffer[4096];
        for (ssize_t got = 0; (got = ::read(fds[1], buffer, sizeof buffer)) > 0;) {
            all.append(buffer, static_cast<std::size_t>(got));
        }
        return all;
    }
};

/// Undo chunked framing; the text ends in "|" if the last chunk has come.
inline std::string unchunk(std::string_view bytes) {
    std::string out;
    while (!bytes.empty()) {
        const std::size_t line = bytes.find("\r\n");
        REQUIRE(line != std::string_view::npos);
        const std::size_t size = std::stoul(std::string(bytes.substr(0, line)), nullptr, 16);
        if (size == 0) {
            CHECK(bytes == "0\r\n\r\n");
            return out + "|";
        }
        REQUIRE(line + 2 + size + 2 <= bytes.size());
        out += bytes.substr(line + 2, size);
        CHECK(bytes.substr(line + 2 + size, 2) == "\r\n");
        bytes.remove_prefix(line + 2 + size + 2);
    }
    return out;
}

/// The text of a completion stream's chunks, joined.
inline std::string texts(std::string_view events) {
    constexpr std::string_view kBegin = R"("text":")";
    std::string out;
    for (std::size_t at = events.find(kBegin); at != std::string_view::npos; at = events.find(kBegin, at)) {
        at += kBegin.size();
        out += events.substr(at, events.find('"', at) - at);
    }
    return out;
}
