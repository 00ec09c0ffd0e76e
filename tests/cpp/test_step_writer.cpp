// SPDX-License-Identifier: Apache-2.0
// Steps with many outputs: sent with one system call, dealt out among threads. What may happen while a frame flies.
#include <doctest/doctest.h>

#include <atomic>
#include <deque>
#include <string>
#include <thread>
#include <vector>

#include "client.hpp"
#include "fake_uring.hpp"
#include "letters.hpp"
#include "pump.hpp"
#include "wire.hpp"

using namespace fastfront;

namespace {

const ResponseHead kHead{"HTTP/1.1 200 OK\r\nx: s\r\n\r\n", "HTTP/1.1 200 OK\r\nx: w\r\n"};

/// Enough outputs in a step for a ring to be used.
constexpr std::size_t kMany = 40;

struct Fixture {
    UringCalls calls = fake_uring::fresh();
    Pump pump;
    std::deque<Client> clients;
    std::vector<std::shared_ptr<Response>> responses;

    Fixture() { REQUIRE(pump.open() == Errc::ok); }

    std::shared_ptr<Response> add(std::size_t n = 1) {
        ResponseSpec spec;
        spec.options.kind = ResponseKind::completion_stream;
        spec.pipeline = std::make_shared<PipelineOptions>();
        spec.n = n;
        PromptInfo prompt;
        REQUIRE(prompt.prime(letters::vocab(), {}, {}, true));
        spec.prompts.push_back(prompt);
        auto response = std::make_shared<Response>(std::move(spec));
        pump.hub().add(response);
        responses.push_back(response);
        return response;
    }
    /// Streams that write to clients of their own.
    void add_streams(std::size_t count, int buffer_bytes = 0, std::size_t limit = 1 << 20) {
        for (std::size_t i = 0; i < count; ++i) {
            clients.emplace_back(buffer_bytes);
            REQUIRE(pump.hand_over(add(), std::make_unique<SocketSink>(clients.back().handle(), kHead, limit)));
        }
    }
    void with_ring() {
        REQUIRE(pump.set_writers(0, true, calls) == Errc::ok);
        REQUIRE(pump.has_ring());
        fake_uring::kernel.calls = 0;
        fake_uring::kernel.sends = 0;
    }
    /// One token for every choice of every response.
    void step(std::uint32_t token, std::string_view finish = {}) {
        std::vector<std::string> outputs;
        for (const auto& response : responses) {
            for (std::size_t choice = 0; choice < response->choice_count(); ++choice) {
                outputs.push_back(wire::output(response->wire_id(choice), {token}, finish));
            }
        }
        const std::string message = wire::message(outputs);
        pump.process(wire::span(message));
    }
    /// What a client has read, without head and framing; "|" at the end if it is complete.
    std::string events(std::size_t i) {
        const std::string all = clients[i].read();
        return unchunk(std::string_view(all).substr(all.starts_with("HTTP/") ? all.find("\r\n\r\n") + 4 : 0));
    }
    ResponseHub::Batch take() {
        ResponseHub::Batch batch;
        pump.hub().take(batch);
        return batch;
    }
    /// Run `act` once, while the frame of the first response flies.
    void while_flying(std::function<void()> act) {
        fake_uring::kernel.on_send = [act = std::move(act), done = false](int fd, std::string_view bytes) mutable {
            if (!done) {
                done = true;
                act();
            }
            return static_cast<std::int32_t>(::send(fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL));
        };
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a step that is larger than the ring leaves in few system calls, every stream whole") {
    with_ring();
    add_streams(300);
    for (const char token : std::string_view("abc")) {
        step(static_cast<std::uint32_t>(token));
    }
    step('d', "\x01");
    CHECK(fake_uring::kernel.sends == 4 * 300);
    CHECK(fake_uring::kernel.calls == 4 * 2);
    for (std::size_t i = 0; i < clients.size(); ++i) {
        const std::string all = events(i);
        REQUIRE(texts(all) == "abcd");
        REQUIRE(all.ends_with("[DONE]\n\n|"));
        REQUIRE(responses[i]->delivered());
    }
    CHECK(take().ready.size() == 300);
    CHECK(pump.hub().waiting_ids() == 0);
}

TEST_CASE_FIXTURE(Fixture, "over the kernel's own ring it is the same, where there is one") {
    REQUIRE(pump.set_writers(0, true) == Errc::ok);
    add_streams(300);
    step('a');
    step('b', "\x01");
    for (std::size_t i = 0; i < clients.size(); ++i) {
        REQUIRE(texts(events(i)) == "ab");
        REQUIRE(responses[i]->delivered());
    }
}

TEST_CASE_FIXTURE(Fixture, "where the kernel refuses, and in a small step, each stream is sent for itself") {
    fake_uring::kernel.setup_error = EPERM;
    REQUIRE(pump.set_writers(0, true, calls) == Errc::ok);
    CHECK_FALSE(pump.has_ring());
    add_streams(kMany);
    step('a');
    CHECK(texts(events(kMany - 1)) == "a");

    Fixture small;
    small.with_ring();
    small.add_streams(3);
    small.step('a');
    CHECK(fake_uring::kernel.sends == 0);
    CHECK(texts(small.events(2)) == "a");
}

TEST_CASE_FIXTURE(Fixture, "a kernel that refuses in the middle of a step costs no byte") {
    with_ring();
    add_streams(300);
    fake_uring::kernel.on_enter = [](unsigned) { return fake_uring::kernel.calls == 1 ? 7 : -ENOMEM; };
    step('a');
    step('b', "\x01");
    CHECK_FALSE(pump.has_ring());
    for (std::size_t i = 0; i < clients.size(); ++i) {
        REQUIRE(texts(events(i)) == "ab");
        REQUIRE(responses[i]->delivered());
    }
}

TEST_CASE_FIXTURE(Fixture, "what full sockets do not take waits, and nothing is lost, doubled or reordered") {
    with_ring();
    add_streams(kMany, 4096);
    std::string expected;
    for (int i = 0; i < 100; ++i) {
        step('a' + static_cast<std::uint32_t>(i % 26));
        expected.push_back(static_cast<char>('a' + i % 26));
    }
    step('!', "\x01");
    CHECK(pump.blocked() == kMany);
    std::vector<std::string> read(kMany);
    for (std::size_t i = 0; i < kMany; ++i) {
        while (!responses[i]->delivered()) {
            read[i] += clients[i].read();
            pump.flush_writable();
        }
        read[i] += clients[i].read();
        REQUIRE(texts(unchunk(read[i].substr(kHead.stream.size()))) == expected + "!");
    }
    CHECK(pump.blocked() == 0);
    CHECK(take().ready.size() == kMany);
}

TEST_CASE_FIXTURE(Fixture, "a frame that goes out in part is followed by its rest") {
    with_ring();
    add_streams(kMany);
    fake_uring::kernel.on_send = [](int fd, std::string_view bytes) {
        return static_cast<std::int32_t>(::send(fd, bytes.data(), bytes.size() / 2, MSG_DONTWAIT | MSG_NOSIGNAL));
    };
    step('a');
    step('b', "\x01");
    for (std::size_t i = 0; i < kMany; ++i) {
        REQUIRE(texts(events(i)) == "ab");
        REQUIRE(responses[i]->delivered());
    }
}

TEST_CASE_FIXTURE(Fixture, "a client that has gone is noticed; the others of the step are not hurt") {
    with_ring();
    add_streams(kMany);
    clients[5].close_end();
    step('a');
    CHECK(responses[5]->lost());
    CHECK(take().to_abort == std::vector<std::uint64_t>{responses[5]->wire_id(0)});
    CHECK(texts(events(6)) == "a");
}

TEST_CASE_FIXTURE(Fixture,
                  "while the last frame flies a response is not delivered; then it is, and its reader hears once") {
    with_ring();
    add_streams(kMany);
    bool delivered_in_flight = true;
    bool over_in_flight = true;
    while_flying([&] {
        delivered_in_flight = responses[0]->delivered();
        over_in_flight = responses[0]->over();
    });
    step('a', "\x01");
    CHECK_FALSE(delivered_in_flight);
    CHECK_FALSE(over_in_flight);
    CHECK(responses[0]->delivered());
    CHECK(take().ready.size() == kMany);
}

TEST_CASE_FIXTURE(Fixture, "a failure while frames fly comes behind them") {
    with_ring();
    add_streams(kMany);
    std::string on_the_wire;
    while_flying([&] {
        pump.fail_all(500, R"({"error":{"message":"gone"}})");
        on_the_wire = clients[1].read();
    });
    step('a');
    CHECK(on_the_wire.empty());
    for (std::size_t i = 0; i < kMany; ++i) {
        const std::string all = events(i);
        REQUIRE(all.find(R"("text":"a")") < all.find(R"(data: {"error":{"message":"gone"}})"));
        REQUIRE(all.ends_with("[DONE]\n\n|"));
        REQUIRE(responses[i]->delivered());
    }
    CHECK(take().ready.size() == kMany);
}

TEST_CASE_FIXTURE(Fixture, "a response that is removed while its frame flies writes nothing after it") {
    with_ring();
    add_streams(kMany);
    while_flying([&] {
        CHECK(pump.remove(*responses[0]) == std::vector<std::uint64_t>{responses[0]->wire_id(0)});
        responses[0].reset();  // the frame's memory and descriptor have other owners until it has landed
    });
    const auto before = Response::live_count();
    step('a');
    CHECK(Response::live_count() == before - 1);
    responses.erase(responses.begin());
    CHECK(texts(events(0)) == "a");
    step('b');
    CHECK(clients[0].read().empty());
    CHECK(texts(events(1)) == "ab");
}

TEST_CASE_FIXTURE(Fixture, "a removed response whose frame landed in part does not send the rest") {
    with_ring();
    add_streams(kMany);
    bool removed = false;
    fake_uring::kernel.on_send = [&](int fd, std::string_view bytes) {
        if (!removed) {
            removed = true;
            (void)pump.remove(*responses[0]);
        }
        return static_cast<std::int32_t>(::send(fd, bytes.data(), 10, MSG_DONTWAIT | MSG_NOSIGNAL));
    };
    step('a');
    CHECK(clients[0].read().size() == 10);
    CHECK(pump.blocked() == 0);
    CHECK(texts(events(1)) == "a");
}

TEST_CASE_FIXTURE(Fixture, "the head that is asked for while the first frame flies is not sent twice") {
    with_ring();
    add_streams(kMany);
    bool asked = false;
    while_flying([&] {
        pump.send_head(responses[0]);
        asked = true;
    });
    step('a', "\x01");
    CHECK(asked);
    const std::string all = clients[0].read();
    CHECK(all.find("HTTP/1.1") == all.rfind("HTTP/1.1"));
    CHECK(texts(unchunk(all.substr(kHead.stream.size()))) == "a");
}

TEST_CASE_FIXTURE(Fixture, "several choices of one response in one step follow each other whole") {
    with_ring();
    for (std::size_t i = 0; i < kMany; ++i) {
        clients.emplace_back();
        REQUIRE(pump.hand_over(add(3), std::make_unique<SocketSink>(clients.back().handle(), kHead, 1 << 20)));
    }
    step('a');
    step('b', "\x01");
    for (std::size_t i = 0; i < kMany; ++i) {
        const std::string all = events(i);
        REQUIRE(texts(all) == "aaabbb");
        REQUIRE(all.ends_with("[DONE]\n\n|"));
        REQUIRE(responses[i]->delivered());
    }
    CHECK(take().ready.size() == kMany);
}

TEST_CASE_FIXTURE(Fixture, "what comes while a frame flies counts against the backlog's limit") {
    with_ring();
    add_streams(kMany, 0, 300);
    std::string error(400, 'x');
    while_flying([&] { pump.fail_all(500, "{\"error\":\"" + error + "\"}"); });
    step('a');
    CHECK(responses[1]->overflowed());
    CHECK(texts(events(1)) == "a");
    CHECK(total_of(pump.metrics(), CounterId::overflows) == kMany);
}

TEST_CASE("a step is dealt out among threads: order per response, one end each, counters that add up") {
    for (const bool ring : {false, true}) {
        Fixture fixture;
        REQUIRE(fixture.pump.set_writers(3, ring) == Errc::ok);
        fixture.add_streams(200);
        for (int i = 0; i < 100; ++i) {
            fixture.add(2);  // these gather in mailboxes
        }
        for (const char token : std::string_view("abcdefgh")) {
            fixture.step(static_cast<std::uint32_t>(token));
        }
        fixture.step('i', "\x01");
        for (std::size_t i = 0; i < 200; ++i) {
            REQUIRE(texts(fixture.events(i)) == "abcdefghi");
        }
        for (std::size_t i = 200; i < 300; ++i) {
            std::string bytes;
            fixture.responses[i]->take(bytes);
            REQUIRE(texts(bytes) == "aabbccddeeffgghhii");
            REQUIRE(bytes.ends_with("[DONE]\n\n"));
        }
        CHECK(fixture.take().ready.size() == 300);
        CHECK(fixture.pump.hub().waiting_ids() == 0);
        CHECK(total_of(fixture.pump.metrics(), CounterId::generation_tokens) == 400 * 9);
        CHECK(total_of(fixture.pump.metrics(), CounterId::success_length) == 400);
        CHECK(total_of(fixture.pump.metrics(), CounterId::messages) == 9);
        std::size_t counting = 0;
        for (Metrics* each : fixture.pump.metrics()) {
            counting += each->counter(CounterId::generation_tokens).get() != 0;
        }
        CHECK(counting == 4);  // the pump and its three helpers
    }
}

TEST_CASE("a step with few outputs wakes nobody") {
    Fixture fixture;
    REQUIRE(fixture.pump.set_writers(3, false) == Errc::ok);
    for (int i = 0; i < 100; ++i) {
        fixture.add();
    }
    fixture.step('a');
    std::size_t counting = 0;
    for (Metrics* each : fixture.pump.metrics()) {
        counting += each->counter(CounterId::generation_tokens).get() != 0;
    }
    CHECK(counting == 1);
}

TEST_CASE("the loop may add, hand over, fail and remove while several writers work") {
    Fixture fixture;
    REQUIRE(fixture.pump.set_writers(2, true) == Errc::ok);
    fixture.add_streams(200, 8192);
    std::vector<std::string> outputs;
    for (const auto& response : fixture.responses) {
        outputs.push_back(wire::output(response->wire_id(0), {'a'}));
    }
    const std::string message = wire::message(outputs);
    std::atomic<bool> done{false};
    std::thread pump_thread([&] {
        for (int round = 0; round < 50; ++round) {
            fixture.pump.process(wire::span(message));
            fixture.pump.flush_writable();
        }
        done = true;
    });
    for (std::size_t next = 0; !done || next < 100; ++next) {
        if (next < 100) {
            fixture.pump.send_head(fixture.responses[next]);
            (void)fixture.pump.remove(*fixture.responses[next]);
            (void)fixture.clients[next].read();
        }
        (void)fixture.clients[100 + next % 100].read();
        for (const auto& ready : fixture.take().ready) {
            (void)ready->over();
        }
    }
    fixture.pump.fail_all(500, R"({"error":{}})");
    pump_thread.join();
    CHECK(fixture.pump.hub().waiting_ids() == 0);
}
