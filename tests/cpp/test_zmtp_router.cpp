// SPDX-License-Identifier: Apache-2.0
// A ROUTER: who is reached under which identity, what becomes of those that are gone, and what waits for the slow.
#include <doctest/doctest.h>

#include <array>
#include <optional>

#include "zmtp_peer.hpp"
#include "zmtp_router.hpp"

using namespace fastfront;

namespace {

ZmtpSocketOptions router_options() {
    ZmtpSocketOptions options;
    options.type = zmtp::SocketType::router;
    options.buffer_bytes = 4096;
    options.backlog_limit = 1 << 20;
    return options;
}

struct Fixture {
    peer::Listening listening;
    ZmtpRouter router{router_options()};
    std::vector<std::string> seen;  // "IDENTITY: BODY", "lost IDENTITY", "refused WHY"

    Fixture() {
        REQUIRE(router.open() == Errc::ok);
        REQUIRE(router.listen(listening.fd) == Errc::ok);
    }
    void poll() {
        std::vector<ZmtpRouter::Event> events;
        REQUIRE(router.poll(events) == Errc::ok);
        for (const auto& event : events) {
            switch (event.kind) {
                case ZmtpRouter::Event::Kind::message: seen.push_back(event.identity + ": " + event.body); break;
                case ZmtpRouter::Event::Kind::lost: seen.push_back("lost " + event.identity); break;
                case ZmtpRouter::Event::Kind::refused: seen.push_back("refused " + event.identity); break;
            }
        }
    }
    void settle() {
        while (router.pending() || peer::readable(router.fd())) {
            poll();
        }
    }
    bool send(const std::string& identity, const std::string& body) {
        return router.send(identity, peer::span("k"), peer::span(body));
    }
    bool queue(const std::string& identity, const std::string& body) {
        return router.queue(identity, peer::span("k"), peer::span(body));
    }
};

const std::string kReady = peer::ready("ROUTER");
using Seen = std::vector<std::string>;

std::string message(const std::string& body) { return peer::frame("k", true) + peer::frame(body); }

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a message reaches the peer of that identity, from the end of the handshake") {
    const peer::Peer one(listening);
    const peer::Peer two(listening);
    CHECK_FALSE(send("1", "x"));
    one.send(peer::hello("DEALER", "1"));
    two.send(peer::hello("DEALER", "2"));
    settle();
    CHECK(send("2", "x"));
    CHECK_FALSE(send("3", "x"));
    CHECK(one.read() == peer::greeting() + kReady);
    CHECK(two.read() == peer::greeting() + kReady + message("x"));
}

TEST_CASE_FIXTURE(Fixture, "a message of more frames than two reaches the peer, too") {
    const peer::Peer engine(listening);
    engine.send(peer::hello("DEALER", "1"));
    settle();
    const std::array<std::string, 3> bodies{"k", "a", "b"};
    const std::array frames{peer::span(bodies[0]), peer::span(bodies[1]), peer::span(bodies[2])};
    CHECK(router.send("1", frames));
    CHECK_FALSE(router.send("2", frames));
    CHECK(engine.read() ==
          peer::greeting() + kReady + peer::frame("k", true) + peer::frame("a", true) + peer::frame("b"));
}

TEST_CASE_FIXTURE(Fixture, "messages of one frame are reported; longer ones are not for us") {
    const peer::Peer engine(listening);
    engine.send(peer::hello("DEALER", "1") + peer::frame("a") + peer::frame("b", true) + peer::frame("c"));
    settle();
    CHECK(seen == Seen{"1: a"});
}

TEST_CASE_FIXTURE(Fixture, "the loss of a peer comes once, behind what it said") {
    {
        const peer::Peer engine(listening);
        engine.send(peer::hello("DEALER", "1") + peer::frame("a"));
        settle();
        engine.send(peer::frame("b"));
    }
    settle();
    CHECK(seen == Seen{"1: a", "1: b", "lost 1"});
    CHECK_FALSE(send("1", "x"));
}

TEST_CASE_FIXTURE(Fixture, "a peer that never said anything is not missed") {
    {
        const peer::Peer silent(listening);
    }
    {
        const peer::Peer silent(listening);
        silent.send(peer::hello("DEALER", "1"));
        settle();
    }
    settle();
    CHECK(seen.empty());
}

TEST_CASE_FIXTURE(Fixture, "who comes back takes over its identity, and the old connection's end says nothing more") {
    peer::Peer before(listening);
    before.send(peer::hello("DEALER", "1") + peer::frame("a"));
    settle();
    const peer::Peer after(listening);
    after.send(peer::hello("DEALER", "1"));
    settle();
    CHECK(seen == Seen{"1: a", "lost 1"});
    static_cast<void>(before.read());
    CHECK(before.closed());
    before.close();
    after.send(peer::frame("b"));
    settle();
    CHECK(seen == Seen{"1: a", "lost 1", "1: b"});
    CHECK(send("1", "x"));
    CHECK(after.read() == peer::greeting() + kReady + message("x"));
}

TEST_CASE_FIXTURE(Fixture, "peers without identity are told apart") {
    const peer::Peer one(listening);
    const peer::Peer two(listening);
    one.send(peer::hello("DEALER") + peer::frame("a"));
    two.send(peer::hello("DEALER") + peer::frame("a"));
    settle();
    REQUIRE(seen.size() == 2);
    CHECK(seen[0] != seen[1]);
}

TEST_CASE_FIXTURE(Fixture, "queued messages leave with flush, in order with those that are sent") {
    const peer::Peer engine(listening);
    engine.send(peer::hello("DEALER", "1"));
    settle();
    static_cast<void>(engine.read());
    CHECK(queue("1", "a"));
    CHECK(queue("1", "b"));
    CHECK_FALSE(queue("2", "c"));
    CHECK(engine.read().empty());
    router.flush();
    CHECK(engine.read() == message("a") + message("b"));
    CHECK(queue("1", "c"));
    CHECK(send("1", "d"));
    CHECK(engine.read() == message("c") + message("d"));
    router.flush();
    CHECK(engine.read().empty());
}

TEST_CASE_FIXTURE(Fixture, "many queued messages, or a large one, do not wait for flush") {
    const peer::Peer engine(listening);
    engine.send(peer::hello("DEALER", "1"));
    settle();
    static_cast<void>(engine.read());
    std::string expected;
    for (int i = 0; i < 16; ++i) {
        CHECK(engine.read().empty());
        CHECK(queue("1", "x"));
        expected += message("x");
    }
    CHECK(engine.read() == expected);
    const std::string large(50'000, 'y');
    CHECK(queue("1", "a"));
    CHECK(queue("1", large));
    CHECK((engine.read() == message("a") + message(large)));
}

TEST_CASE_FIXTURE(Fixture, "what a slow peer does not take waits for it and comes in order") {
    const peer::Peer engine(listening);
    engine.send(peer::hello("DEALER", "1"));
    settle();
    std::string expected = peer::greeting() + kReady;
    std::string body(60'000, 'x');
    while (router.backlog() < 500'000) {
        body[0] = static_cast<char>('a' + expected.size() % 26);
        CHECK(queue("1", body));
        CHECK(queue("1", "small"));
        router.flush();
        expected += message(body) + message("small");
    }
    std::string read;
    while (router.backlog() > 0) {
        read += engine.read();
        REQUIRE(peer::readable(router.fd(), peer::kPatienceMs));
        poll();
    }
    read += engine.read();
    CHECK((read == expected));
    CHECK_FALSE(peer::readable(router.fd()));
}

TEST_CASE_FIXTURE(Fixture, "a peer for which too much would wait is lost") {
    const peer::Peer engine(listening);
    engine.send(peer::hello("DEALER", "1") + peer::frame("a"));
    settle();
    const std::string body(100'000, 'x');
    for (int i = 0; i < 200; ++i) {
        send("1", body);
    }
    CHECK(router.backlog() == 0);
    settle();
    CHECK(seen == Seen{"1: a", "lost 1"});
}

TEST_CASE_FIXTURE(Fixture, "a message larger than its kind may be is refused, and the peer with it") {
    ZmtpSocketOptions options = router_options();
    options.max_frame_bytes = 100;
    ZmtpRouter strict(options);
    const peer::Listening elsewhere;
    REQUIRE(strict.open() == Errc::ok);
    REQUIRE(strict.listen(elsewhere.fd) == Errc::ok);
    const peer::Peer engine(elsewhere);
    engine.send(peer::hello("DEALER", "1") + peer::frame("a") + peer::frame(std::string(101, 'x')));
    std::vector<ZmtpRouter::Event> events;
    while (events.size() < 3) {
        REQUIRE(peer::readable(strict.fd(), peer::kPatienceMs));
        REQUIRE(strict.poll(events) == Errc::ok);
    }
    CHECK(events[1].kind == ZmtpRouter::Event::Kind::refused);
    CHECK(events[2].kind == ZmtpRouter::Event::Kind::lost);
}
