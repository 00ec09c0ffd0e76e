// SPDX-License-Identifier: Apache-2.0
// What comes out of a listening descriptor, and what it says when nothing does.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "listener.hpp"
#include "zmtp_peer.hpp"

using namespace fastfront;
using Accepted = Listener::Accepted;

TEST_CASE("connections do not block, and are not handed to other programs") {
    const peer::Listening listening;
    Listener listener;
    REQUIRE(listener.open(listening.fd) == Errc::ok);
    CHECK_FALSE(listener.tcp());
    int fd = -1;
    CHECK(listener.accept(fd) == Accepted::nothing);
    const peer::Peer engine(listening);
    REQUIRE(listener.accept(fd) == Accepted::connection);
    CHECK((::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    ::close(fd);
    CHECK(listener.accept(fd) == Accepted::nothing);
}

TEST_CASE("over TCP small messages leave at once") {
    const int listening = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof name;
    REQUIRE(::bind(listening, reinterpret_cast<const sockaddr*>(&name), size) == 0);
    REQUIRE(::listen(listening, 1) == 0);
    REQUIRE(::getsockname(listening, reinterpret_cast<sockaddr*>(&name), &size) == 0);
    Listener listener;
    REQUIRE(listener.open(listening) == Errc::ok);
    CHECK(listener.tcp());
    const int engine = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::connect(engine, reinterpret_cast<const sockaddr*>(&name), size) == 0);
    int fd = -1;
    REQUIRE(listener.accept(fd) == Accepted::connection);
    int on = 0;
    socklen_t length = sizeof on;
    REQUIRE(::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &length) == 0);
    CHECK(on != 0);
    ::close(fd);
    ::close(engine);
}

TEST_CASE("a descriptor that is no socket is refused, one that does not listen never accepts") {
    Listener file;
    CHECK(file.open(::open("/dev/null", O_RDONLY | O_CLOEXEC)) == Errc::system);
    Listener idle;
    REQUIRE(idle.open(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) == Errc::ok);
    int fd = -1;
    CHECK(idle.accept(fd) == Accepted::closed);
}
