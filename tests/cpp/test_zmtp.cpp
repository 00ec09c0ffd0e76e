// SPDX-License-Identifier: Apache-2.0
// The ZMTP decoder at every split of its input, what it refuses, and the bytes that we send.
#include <doctest/doctest.h>

#include <functional>
#include <vector>

#include "zmtp.hpp"
#include "zmtp_peer.hpp"

using namespace fastfront;
using zmtp::Decoder;
using zmtp::SocketType;
using Event = Decoder::Event;

namespace {

constexpr std::size_t kLimit = 1 << 20;

/// Feed pieces as a receive buffer would, and write down what comes out.
struct Feed {
    Decoder decoder;
    std::string held;
    std::vector<std::string> seen;

    explicit Feed(SocketType own, std::size_t limit = kLimit) : decoder(own, limit) {}

    void operator()(const std::string& piece) {
        held += piece;
        while (true) {
            const auto step = decoder.next(peer::span(held));
            REQUIRE(step.consumed <= held.size());
            const std::string body = peer::text(step.body);
            std::string rest;
            auto frames = step.rest;
            for (std::span<const std::uint8_t> part; zmtp::next_part(frames, part);) {
                rest += " + " + peer::text(part);
            }
            held.erase(0, step.consumed);
            switch (step.event) {
                case Event::incomplete:
                    CHECK(step.wanted > held.size());  // or the buffer would have to make room for nothing
                    return;
                case Event::failed: seen.push_back("failed"); return;
                case Event::greeted: seen.push_back("greeted"); break;
                case Event::ready: seen.push_back("ready " + decoder.identity()); break;
                case Event::message: seen.push_back("message " + body + rest); break;
                case Event::ping: seen.push_back("ping " + body); break;
            }
        }
    }
};

std::vector<std::string> decode(SocketType own, const std::string& bytes, std::size_t limit = kLimit) {
    Feed feed(own, limit);
    feed(bytes);
    return feed.seen;
}

using Seen = std::vector<std::string>;

const std::string kEverything = peer::hello("DEALER", std::string("\1\0", 2)) + peer::frame("a") +
                                peer::frame("first", true) + peer::frame("", true) + peer::frame("last") +
                                peer::command("PING", std::string("\0\x0a", 2) + "ctx") + peer::frame("", false, true) +
                                peer::command("PONG", "x") + peer::frame(std::string(300, 'z'), true) +
                                peer::command("WHAT", "ever") + peer::frame(std::string(400, 'y')) + peer::frame("end");
const Seen kEverythingSeen{"greeted",
                           std::string("ready \1\0", 8),
                           "message a",
                           "message first +  + last",
                           "ping ctx",
                           "message ",
                           "message " + std::string(300, 'z') + " + " + std::string(400, 'y'),
                           "message end"};

}  // namespace

TEST_CASE("handshake, messages and commands come out, whatever the pieces") {
    CHECK(decode(SocketType::router, kEverything) == kEverythingSeen);
    for (std::size_t split = 0; split <= kEverything.size(); ++split) {
        Feed feed(SocketType::router);
        feed(kEverything.substr(0, split));
        feed(kEverything.substr(split));
        CHECK(feed.seen == kEverythingSeen);
    }
    for (std::size_t size = 1; size < 80; ++size) {
        Feed feed(SocketType::router);
        for (std::size_t at = 0; at < kEverything.size(); at += size) {
            feed(kEverything.substr(at, size));
        }
        CHECK(feed.seen == kEverythingSeen);
    }
}

TEST_CASE("a body lies in the input, not in a copy") {
    Feed feed(SocketType::pull);
    feed(peer::hello("PUSH"));
    const std::string bytes = peer::frame("abc");
    const auto step = feed.decoder.next(peer::span(bytes));
    CHECK(step.body.data() == peer::span(bytes).data() + 2);
}

TEST_CASE("an unfinished frame says how much it takes") {
    Feed feed(SocketType::pull);
    feed(peer::hello("PUSH"));
    const std::string bytes = peer::frame(std::string(1000, 'x'));
    CHECK(feed.decoder.next(peer::span(bytes).first(1)).wanted == 2);
    CHECK(feed.decoder.next(peer::span(bytes).first(2)).wanted == 9);
    CHECK(feed.decoder.next(peer::span(bytes).first(9)).wanted == 1009);
    CHECK(feed.decoder.next(peer::span(bytes)).body.size() == 1000);
}

TEST_CASE("a message of several frames waits for the last of them, and a PING inside is told before it") {
    Feed feed(SocketType::pull);
    feed(peer::hello("PUSH"));
    const std::string message = peer::frame("a", true) + peer::command("PING", std::string("\0\0c", 3)) +
                                peer::frame("b", true) + peer::command("PONG", "x") + peer::frame("c");
    for (const char byte : message.substr(0, message.size() - 1)) {
        feed(std::string(1, byte));
    }
    CHECK(feed.seen == Seen{"greeted", "ready ", "ping c"});
    feed(message.substr(message.size() - 1) + peer::frame("d"));
    CHECK(feed.seen == Seen{"greeted", "ready ", "ping c", "message a + b + c", "message d"});
}

TEST_CASE("the frames of a message share its limit") {
    const std::string hello = peer::hello("PUSH");
    const auto bytes = [](std::size_t size) { return peer::frame("a", true) + peer::frame(std::string(size, 'x')); };
    CHECK(decode(SocketType::pull, hello + bytes(297), 300).back() != "failed");
    CHECK(decode(SocketType::pull, hello + bytes(298), 300).back() == "failed");
}

TEST_CASE("a stranger is sent away at its first wrong byte") {
    const std::string good = peer::greeting();
    CHECK(decode(SocketType::pull, "G") == Seen{"failed"});
    for (const std::size_t at : {std::size_t{0}, std::size_t{9}, std::size_t{12}, std::size_t{15}, std::size_t{16}}) {
        std::string bytes = good.substr(0, at + 1);
        bytes[at] ^= 0x21;
        CHECK(decode(SocketType::pull, bytes) == Seen{"failed"});
    }
    CHECK(decode(SocketType::pull, peer::greeting("PLAIN")) == Seen{"failed"});
    CHECK(decode(SocketType::pull, peer::greeting("NULL", 2)) == Seen{"failed"});
    CHECK(decode(SocketType::pull, peer::greeting("NULL", 4)) == Seen{"greeted"});
}

TEST_CASE("a peer that does not keep to the protocol is refused, for good") {
    const std::string greeting = peer::greeting();
    const std::string hello = peer::hello("PUSH");
    const std::string huge = std::string("\2\x7f", 2) + std::string(7, '\xff');
    const std::vector<std::pair<std::string, std::string>> cases{
        {"a message before READY", greeting + peer::frame("x")},
        {"another command before READY", greeting + peer::command("PING", std::string(2, '\0'))},
        {"an error", greeting + peer::command("ERROR", "\1x")},
        {"a socket of another type", greeting + peer::ready("DEALER")},
        {"no type", greeting + peer::command("READY", "")},
        {"a name without end", greeting + peer::command("READY", "\x20x")},
        {"a nameless property", greeting + peer::command("READY", std::string(5, '\0'))},
        {"a value without end", greeting + peer::command("READY", std::string("\1x\0\0\0\5v", 7))},
        {"a command without name", hello + std::string("\4\0", 2)},
        {"a command with an empty name", hello + std::string("\4\2\0x", 4)},
        {"a command whose name is longer than it", hello + std::string("\4\2\3x", 4)},
        {"a PING without time", hello + peer::command("PING", "x")},
        {"reserved flags", hello + std::string("\x08\0", 2)},
        {"a command with more to come", hello + std::string("\5\0", 2)},
        {"a frame larger than memory", hello + huge},
        {"a command that is too long", hello + std::string("\6\0\0\0\0\0\0\x20\1", 9)},
        {"an error later", hello + peer::command("ERROR", "\1x")},
    };
    for (const auto& [what, bytes] : cases) {
        CAPTURE(what);
        Feed feed(SocketType::pull);
        feed(bytes);
        REQUIRE_FALSE(feed.seen.empty());
        CHECK(feed.seen.back() == "failed");
        CHECK_FALSE(feed.decoder.failure().empty());
        feed(peer::frame("x"));
        CHECK(feed.seen.back() == "failed");
        CHECK_FALSE(feed.decoder.ready());
    }
}

TEST_CASE("a frame may be as long as the limit, and no longer, wherever it is in its message") {
    const std::string hello = peer::hello("PUSH");
    CHECK(decode(SocketType::pull, hello + peer::frame(std::string(300, 'x')), 300).back() != "failed");
    CHECK(decode(SocketType::pull, hello + peer::frame(std::string(301, 'x')), 300).back() == "failed");
    CHECK(decode(SocketType::pull, hello + peer::frame("a", true) + peer::frame(std::string(301, 'x')), 300).back() ==
          "failed");
}

TEST_CASE("property names are the same in any case, unknown ones are nobody's business") {
    const auto ready = peer::command("READY", peer::property("X-Thing", "1") + peer::property("SOCKET-TYPE", "DEALER") +
                                                  peer::property("identity", "me"));
    CHECK(decode(SocketType::router, peer::greeting() + ready) == Seen{"greeted", "ready me"});
}

TEST_CASE("a PING's context is cut where the protocol ends it") {
    const auto ping = peer::command("PING", std::string(2, '\0') + std::string(40, 'c'));
    CHECK(decode(SocketType::pull, peer::hello("PUSH") + ping).back() == "ping " + std::string(16, 'c'));
}

TEST_CASE("what we send is what the specification says") {
    std::string out;
    zmtp::append_greeting(out);
    CHECK(out == peer::greeting());
    out.clear();
    zmtp::append_ready(SocketType::router, out);
    CHECK(out == peer::ready("ROUTER"));
    out.clear();
    zmtp::append_ready(SocketType::pull, out);
    CHECK(out == peer::command("READY", peer::property("Socket-Type", "PULL")));
    out.clear();
    zmtp::append_ping(out);
    CHECK(out == peer::command("PING", std::string(2, '\0')));
    out.clear();
    zmtp::append_pong(peer::span("ctx"), out);
    CHECK(out == peer::command("PONG", "ctx"));
}

TEST_CASE("frame headers are short up to 255 bytes and long from there") {
    for (const std::size_t size : {0u, 1u, 255u, 256u, 70'000u}) {
        for (const bool more : {false, true}) {
            std::array<std::uint8_t, zmtp::kMaxHeaderBytes> header{};
            const std::size_t length = zmtp::write_header(size, more, header);
            const std::string body(size, 'x');
            CHECK(peer::text(std::span(header).first(length)) + body == peer::frame(body, more));
        }
    }
}
