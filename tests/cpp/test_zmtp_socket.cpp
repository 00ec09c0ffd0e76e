// SPDX-License-Identifier: Apache-2.0
// A listening socket before peers made by hand: who is let in, whose turn it is, and who is sent away.
#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <memory>

#include "zmtp_peer.hpp"
#include "zmtp_socket.hpp"

using namespace fastfront;

namespace {

struct Fixture {
    peer::Listening listening;
    std::vector<std::string> seen;  // in order: "ready NAME", "NUMBER: BODY", "lost NUMBER", "refused WHY"
    std::vector<ZmtpSocket::Id> ids;
    ZmtpSocket socket;

    explicit Fixture(ZmtpSocketOptions options = {})
        : socket(options, {
                              .ready =
                                  [this](ZmtpSocket::Id id, std::string_view identity) {
                                      ids.push_back(id);
                                      seen.push_back("ready " + std::string(identity));
                                  },
                              .message =
                                  [this](ZmtpSocket::Id id, std::span<const std::uint8_t> body,
                                         std::span<const std::uint8_t> rest) {
                                      seen.push_back(number(id) + (rest.empty() ? ": " : "+: ") + peer::text(body));
                                  },
                              .lost = [this](ZmtpSocket::Id id) { seen.push_back("lost " + number(id)); },
                              .refused = [this](std::string_view why,
                                                std::uint64_t) { seen.push_back("refused " + std::string(why)); },
                          }) {
        REQUIRE(socket.open() == Errc::ok);
        REQUIRE(socket.listen(listening.fd) == Errc::ok);
    }

    [[nodiscard]] std::string number(ZmtpSocket::Id id) const {
        return std::to_string(std::find(ids.begin(), ids.end(), id) - ids.begin());
    }
    /// Let the socket work until `done`.
    template <typename Done>
    void until(Done done) {
        while (!done()) {
            REQUIRE((socket.pending() || peer::readable(socket.fd(), peer::kPatienceMs)));
            poll();
        }
    }
    void until_seen(std::size_t count) {
        until([&] { return seen.size() >= count; });
    }
    std::uint32_t poll() {
        std::uint32_t woken = 0;
        REQUIRE(socket.poll(0, woken) == Errc::ok);
        return woken;
    }
    /// Everything that can be done now.
    void settle() {
        while (socket.pending() || peer::readable(socket.fd())) {
            poll();
        }
    }
};

ZmtpSocketOptions with(std::size_t half_open, std::size_t connections) {
    ZmtpSocketOptions options;
    options.max_half_open = half_open;
    options.max_connections = connections;
    return options;
}

const std::string kReady = peer::command("READY", peer::property("Socket-Type", "PULL"));
using Seen = std::vector<std::string>;

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a peer is greeted at once, and answered READY when it has greeted") {
    const peer::Peer engine(listening);
    settle();
    CHECK(engine.read() == peer::greeting());
    engine.send(peer::greeting());
    settle();
    CHECK(engine.read() == kReady);
    engine.send(peer::ready("PUSH", "me"));
    settle();
    CHECK(seen == Seen{"ready me"});
}

TEST_CASE_FIXTURE(Fixture, "messages are handed on in order, and the loss of the peer after them") {
    {
        const peer::Peer engine(listening);
        engine.send(peer::hello("PUSH") + peer::frame("a") + peer::frame("b", true) + peer::frame("x"));
        settle();
        engine.send(peer::frame("c"));
    }
    until_seen(5);
    CHECK(seen == Seen{"ready ", "0: a", "0+: b", "0: c", "lost 0"});
    CHECK(socket.connections() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a PING is answered with its context") {
    const peer::Peer engine(listening);
    engine.send(peer::hello("PUSH") + peer::command("PING", std::string(2, '\0') + "abc"));
    settle();
    CHECK(engine.read() == peer::greeting() + kReady + peer::command("PONG", "abc"));
}

TEST_CASE_FIXTURE(Fixture, "peers take turns, however much one of them says") {
    const peer::Peer loud(listening);
    const peer::Peer quiet(listening);
    std::string noise = peer::hello("PUSH");
    for (int i = 0; i < 1000; ++i) {
        noise += peer::frame("x");
    }
    loud.send(noise);
    quiet.send(peer::hello("PUSH") + peer::frame("y"));
    until([&] { return std::find(seen.begin(), seen.end(), "1: y") != seen.end(); });
    CHECK(seen.size() < 100);
    CHECK(socket.pending());
    until_seen(1003);
    CHECK_FALSE(socket.pending());
}

TEST_CASE_FIXTURE(Fixture, "a peer that is gone has been heard out, though others have their turns between") {
    {
        const peer::Peer engine(listening);
        std::string bytes = peer::hello("PUSH");
        for (int i = 0; i < 100; ++i) {
            bytes += peer::frame("x");
        }
        engine.send(bytes);
    }
    until_seen(102);
    CHECK(std::count(seen.begin(), seen.end(), "0: x") == 100);
    CHECK(seen.back() == "lost 0");
}

TEST_CASE_FIXTURE(Fixture, "a peer that dies within a message is lost, and nothing is made of the piece") {
    {
        const peer::Peer engine(listening);
        engine.send(peer::hello("PUSH") + peer::frame("whole") + peer::frame(std::string(1000, 'x')).substr(0, 500));
    }
    until_seen(3);
    CHECK(seen == Seen{"ready ", "0: whole", "lost 0"});
}

TEST_CASE_FIXTURE(Fixture, "strangers are sent away and counted, and told of ever more rarely") {
    for (int i = 0; i < 8; ++i) {
        const peer::Peer stranger(listening);
        stranger.send("GET / HTTP/1.1\r\n\r\n");
        until([&] { return socket.refused() == static_cast<std::uint64_t>(i) + 1; });
        CHECK(stranger.read() == peer::greeting());
        CHECK(stranger.closed());
    }
    CHECK(seen.size() == 4);  // the first, second, fourth and eighth
    CHECK(seen[0] == "refused it does not speak ZMTP 3");
    CHECK(socket.connections() == 0);
}

TEST_CASE_FIXTURE(Fixture, "an engine that turns to rubbish is refused and lost; the others do not notice") {
    const peer::Peer engine(listening);
    const peer::Peer other(listening);
    engine.send(peer::hello("PUSH"));
    other.send(peer::hello("PUSH"));
    until_seen(2);
    engine.send("\xff\xff\xff\xff");
    until_seen(4);
    other.send(peer::frame("still here"));
    until_seen(5);
    CHECK(seen[2].starts_with("refused "));
    CHECK(seen[3] == "lost 0");
    CHECK(seen[4] == "1: still here");
}

TEST_CASE("of connections that never greet, the oldest makes room") {
    Fixture fixture(with(2, 100));
    const peer::Peer first(fixture.listening);
    const peer::Peer second(fixture.listening);
    fixture.settle();
    const peer::Peer engine(fixture.listening);
    fixture.settle();
    static_cast<void>(first.read());
    static_cast<void>(second.read());
    CHECK(first.closed());
    CHECK_FALSE(second.closed());
    engine.send(peer::hello("PUSH"));
    fixture.until_seen(2);
    CHECK(fixture.seen == Seen{"refused too many others have not finished the handshake", "ready "});
}

TEST_CASE("the number of connections is bounded") {
    Fixture fixture(with(10, 1));
    const peer::Peer engine(fixture.listening);
    engine.send(peer::hello("PUSH"));
    fixture.until_seen(1);
    const peer::Peer other(fixture.listening);
    fixture.until_seen(2);
    CHECK(fixture.seen == Seen{"ready ", "refused there are too many connections"});
    CHECK(other.closed());
}

TEST_CASE("a handshake that is not finished in time ends the connection") {
    ZmtpSocketOptions options;
    options.timing.handshake_timeout = std::chrono::milliseconds(1);
    Fixture fixture(options);
    const peer::Peer slow(fixture.listening);
    slow.send(peer::greeting());
    fixture.until_seen(1);
    CHECK(fixture.seen == Seen{"refused it did not finish the handshake"});
    static_cast<void>(slow.read());
    CHECK(slow.closed());
}

TEST_CASE("a paused socket greets peers, and takes what they say when it goes on") {
    Fixture fixture;
    fixture.socket.pause();
    const peer::Peer together(fixture.listening);
    const peer::Peer apart(fixture.listening);
    together.send(peer::hello("PUSH") + peer::frame("with READY"));
    apart.send(peer::hello("PUSH"));
    fixture.until_seen(2);
    apart.send(peer::frame("later"));
    CHECK_FALSE(peer::readable(fixture.socket.fd()));
    CHECK(together.read() == peer::greeting() + kReady);
    fixture.socket.resume();
    fixture.until_seen(4);
    CHECK(fixture.seen == Seen{"ready ", "ready ", "0: with READY", "1: later"});
}

TEST_CASE_FIXTURE(Fixture, "drain takes all that was sent, without limit") {
    const peer::Peer engine(listening);
    engine.send(peer::hello("PUSH"));
    until_seen(1);
    std::string bytes;
    for (int i = 0; i < 1000; ++i) {
        bytes += peer::frame("x");
    }
    engine.send(bytes);
    socket.drain();
    CHECK(seen.size() == 1001);
}

TEST_CASE_FIXTURE(Fixture, "a foreign descriptor is waited for, too") {
    const int fd = ::eventfd(1, EFD_CLOEXEC);
    REQUIRE(socket.watch(fd, 3) == Errc::ok);
    CHECK(poll() == 1U << 3);
    ::close(fd);
}

TEST_CASE_FIXTURE(Fixture, "a closed socket leaves nothing to wait for, even if the listener has a duplicate") {
    const int duplicate = ::dup(listening.fd);
    const peer::Peer engine(listening);
    settle();
    socket.close();
    static_cast<void>(engine.read());
    CHECK(engine.closed());
    const peer::Peer late(listening);
    CHECK_FALSE(peer::readable(socket.fd()));
    ::close(duplicate);
}

TEST_CASE("without descriptors the listener rests, and goes on when there are some") {
    Fixture fixture;
    const peer::Peer engine(fixture.listening);
    engine.send(peer::hello("PUSH"));
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit none{3, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    const bool woken = peer::readable(fixture.socket.fd(), peer::kPatienceMs);
    fixture.poll();
    const bool spins = peer::readable(fixture.socket.fd());
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(woken);
    CHECK_FALSE(spins);
    fixture.until_seen(1);
    CHECK(fixture.seen == Seen{"ready "});
}
