// SPDX-License-Identifier: Apache-2.0
// One connection over a real socket pair: the receive buffer, and what waits when the socket is full.
#include <doctest/doctest.h>

#include <array>
#include <vector>

#include "zmtp_connection.hpp"
#include "zmtp_peer.hpp"

using namespace fastfront;
using Event = zmtp::Decoder::Event;
using Received = ZmtpConnection::Received;

namespace {

struct Pair {
    int fds[2];
    std::unique_ptr<ZmtpConnection> connection;

    explicit Pair(std::size_t buffer_bytes = 1024, int send_buffer = 0) {
        REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
        if (send_buffer != 0) {
            ::setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &send_buffer, sizeof send_buffer);
        }
        connection =
            std::make_unique<ZmtpConnection>(fds[0], zmtp::SocketType::router, std::size_t{1} << 24, buffer_bytes);
    }
    ~Pair() { hang_up(); }
    void hang_up() {
        if (fds[1] >= 0) {
            ::close(fds[1]);
            fds[1] = -1;
        }
    }
    /// Write as much as the socket takes; returns what it did not take.
    std::string write(const std::string& bytes) const {
        const ssize_t sent = ::send(fds[1], bytes.data(), bytes.size(), MSG_NOSIGNAL);
        return bytes.substr(sent < 0 ? 0 : static_cast<std::size_t>(sent));
    }
    std::string read() const {
        std::string all;
        char buffer[65536];
        for (ssize_t got = 0; (got = ::read(fds[1], buffer, sizeof buffer)) > 0;) {
            all.append(buffer, static_cast<std::size_t>(got));
        }
        return all;
    }
    /// All that is sent until nothing waits any more.
    std::string drain() const {
        std::string all;
        while (connection->backlog() > 0) {
            all += read();
            connection->flush();
        }
        return all + read();
    }
    void shake_hands() {
        CHECK(write(peer::hello("DEALER", "me")).empty());
        REQUIRE(connection->receive() == Received::partly);
        REQUIRE(connection->next().event == Event::greeted);
        REQUIRE(connection->next().event == Event::ready);
    }
};

}  // namespace

TEST_CASE("messages of any size come whole through a buffer that is smaller, larger, or just as large") {
    for (const std::size_t size : {0u, 1u, 255u, 256u, 1013u, 1014u, 1015u, 1016u, 5000u, 300'000u, 5'000'000u}) {
        CAPTURE(size);
        Pair pair;
        pair.shake_hands();
        std::string expected(size, 'x');
        for (std::size_t i = 0; i < size; i += 100) {
            expected[i] = static_cast<char>('a' + i / 100 % 26);
        }
        std::string left = peer::frame("before") + peer::frame(expected) + peer::frame("behind");
        std::vector<std::string> seen;
        while (seen.size() < 3) {
            left = pair.write(left);
            REQUIRE(pair.connection->receive() != Received::ended);
            for (auto step = pair.connection->next(); step.event != Event::incomplete; step = pair.connection->next()) {
                REQUIRE(step.event == Event::message);
                seen.push_back(peer::text(step.body));
            }
        }
        CHECK(seen[0] == "before");
        CHECK((seen[1] == expected));
        CHECK(seen[2] == "behind");
    }
}

TEST_CASE("a large promise takes no memory before it is kept") {
    Pair pair;
    pair.shake_hands();
    // 16 MiB are announced; what has come fits the small buffer.
    CHECK(pair.write(std::string("\2\0\0\0\0\1\0\0\0", 9) + "xyz").empty());
    CHECK(pair.connection->receive() == Received::partly);
    CHECK(pair.connection->next().event == Event::incomplete);
    CHECK(pair.connection->receive() == Received::nothing);
    CHECK(pair.connection->capacity() == 1024);
}

TEST_CASE("the buffer of a large message is given back") {
    Pair pair;
    pair.shake_hands();
    std::string left = peer::frame(std::string(200'000, 'x'));
    while (pair.connection->next().event == Event::incomplete) {
        left = pair.write(left);
        REQUIRE(pair.connection->receive() != Received::ended);
    }
    CHECK(pair.connection->capacity() >= 200'000);
    CHECK(pair.connection->receive() == Received::nothing);
    CHECK(pair.connection->capacity() == 1024);
}

TEST_CASE("the end of a peer comes after what it said") {
    Pair pair;
    pair.shake_hands();
    CHECK(pair.write(peer::frame("last words")).empty());
    pair.hang_up();
    CHECK(pair.connection->receive() == Received::partly);
    CHECK(peer::text(pair.connection->next().body) == "last words");
    CHECK(pair.connection->receive() == Received::ended);
}

TEST_CASE("a message leaves at once where the socket has room, and nothing waits") {
    Pair pair;
    pair.connection->send(peer::span("k"), peer::span("payload"));
    CHECK(pair.connection->backlog() == 0);
    CHECK(pair.read() == peer::frame("k", true) + peer::frame("payload"));
}

TEST_CASE("what a full socket does not take waits, in order, and not a byte is lost or doubled") {
    Pair pair(1024, 4096);
    std::string expected;
    for (int i = 0; i < 50; ++i) {
        const std::string body(static_cast<std::size_t>(i) * 331, static_cast<char>('a' + i % 26));
        expected += peer::frame("k", true) + peer::frame(body);
        if (i % 3 == 0) {
            pair.connection->queue(peer::span("k"), peer::span(body));
        } else {
            pair.connection->send(peer::span("k"), peer::span(body));
        }
    }
    CHECK(pair.connection->waits_to_write);
    CHECK(pair.connection->backlog() > 100'000);
    CHECK((pair.drain() == expected));
    CHECK_FALSE(pair.connection->waits_to_write);
}

TEST_CASE("a message of many frames leaves behind what is queued, and waits where the socket is full") {
    Pair pair(1024, 4096);
    const std::string large(300'000, 'x');
    const std::string small("12");
    const std::string kind("k");
    pair.connection->queue(peer::span("a"), peer::span("1"));
    const std::array frames{peer::span(kind), peer::span(small), peer::span(large)};
    pair.connection->send(frames);
    CHECK(pair.connection->waits_to_write);
    pair.connection->send(frames);
    pair.connection->send(std::array{peer::span("alone")});
    const std::string message = peer::frame(kind, true) + peer::frame(small, true) + peer::frame(large);
    const std::string expected = peer::frame("a", true) + peer::frame("1") + message + message + peer::frame("alone");
    CHECK((pair.drain() == expected));
}

TEST_CASE("queued messages leave together, before a message that is sent") {
    Pair pair;
    pair.connection->queue(peer::span("a"), peer::span("1"));
    pair.connection->queue(peer::span("b"), peer::span("2"));
    CHECK(pair.read().empty());
    pair.connection->send(peer::span("c"), peer::span("3"));
    CHECK(pair.read() == peer::frame("a", true) + peer::frame("1") + peer::frame("b", true) + peer::frame("2") +
                             peer::frame("c", true) + peer::frame("3"));
}

TEST_CASE("sending to a peer that is gone harms nobody, and its last words are still heard") {
    Pair pair;
    pair.shake_hands();
    CHECK(pair.write(peer::frame("last words")).empty());
    pair.hang_up();
    for (int i = 0; i < 3; ++i) {
        pair.connection->send(peer::span("k"), peer::span("nobody hears it"));
        CHECK(pair.connection->backlog() == 0);
        CHECK_FALSE(pair.connection->waits_to_write);
    }
    CHECK(pair.connection->receive() == Received::partly);
    CHECK(peer::text(pair.connection->next().body) == "last words");
    CHECK(pair.connection->receive() == Received::ended);
}

TEST_CASE("what a connection is due for") {
    const ZmtpTiming timing{std::chrono::milliseconds(100), std::chrono::milliseconds(200),
                            std::chrono::milliseconds(500)};
    const auto start = Clock::time_point(std::chrono::hours(1));
    const auto at = [&](int ms) { return start + std::chrono::milliseconds(ms); };
    Pair pair;
    ZmtpConnection& connection = *pair.connection;
    connection.opened_at = start;
    auto next = Clock::time_point::max();
    using Due = ZmtpConnection::Due;

    CHECK(connection.due(at(99), timing, true, next) == Due::nothing);
    CHECK(next == at(100));
    CHECK(connection.due(at(100), timing, true, next) == Due::handshake);

    connection.established = true;
    connection.heard_at = connection.pinged_at = start;
    next = Clock::time_point::max();
    CHECK(connection.due(at(1000), timing, false, next) == Due::nothing);
    CHECK(next == Clock::time_point::max());
    CHECK(connection.due(at(199), timing, true, next) == Due::nothing);
    CHECK(next == at(200));
    next = Clock::time_point::max();
    CHECK(connection.due(at(200), timing, true, next) == Due::ping);
    CHECK(next == at(400));
    CHECK(connection.due(at(201), timing, true, next) == Due::nothing);
    CHECK(connection.due(at(499), timing, true, next) == Due::ping);
    CHECK(connection.due(at(500), timing, true, next) == Due::silence);
    connection.heard_at = at(450);
    CHECK(connection.due(at(500), timing, true, next) == Due::nothing);
}
