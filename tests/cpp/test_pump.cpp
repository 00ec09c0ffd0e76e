// SPDX-License-Identifier: Apache-2.0
// Engine messages in, bytes out: pump, hub and response together; and the thread that takes them from engines' sockets.
#include <doctest/doctest.h>
#include <sys/poll.h>

#include <set>
#include <thread>

#include "letters.hpp"
#include "pump.hpp"
#include "wire.hpp"
#include "zmtp_peer.hpp"

using namespace fastfront;

namespace {

struct Fixture {
    Pump pump;
    Fixture() { REQUIRE(pump.open() == Errc::ok); }

    std::shared_ptr<Response> add(ResponseKind kind, std::size_t prompts = 1, std::size_t n = 1,
                                  std::vector<std::string> stops = {}, std::size_t limit = 0, bool native = true) {
        ResponseSpec spec;
        spec.options.kind = kind;
        spec.options.id = "x";
        spec.n = n;
        spec.mailbox_limit = limit;
        auto options = std::make_shared<PipelineOptions>();
        options->stops = StopMatcher(std::move(stops));
        options->keep_all_text = kind == ResponseKind::chat || kind == ResponseKind::completion;
        spec.pipeline = options;
        for (std::size_t i = 0; i < prompts; ++i) {
            PromptInfo prompt;
            prompt.token_count = 5;
            if (native) {
                REQUIRE(prompt.prime(letters::vocab(), {}, {}, true));
            }
            spec.prompts.push_back(prompt);
        }
        auto response = std::make_shared<Response>(std::move(spec));
        pump.hub().add(response);
        return response;
    }

    void step(const std::vector<std::string>& outputs) { pump.process(wire::span(last = wire::message(outputs))); }

    ResponseHub::Batch take() {
        ResponseHub::Batch batch;
        pump.hub().take(batch);
        return batch;
    }

    bool readable() {
        pollfd item{pump.hub().wake_fd(), POLLIN, 0};
        return ::poll(&item, 1, 0) == 1;
    }

    std::uint64_t count(CounterId id) { return total_of(pump.metrics(), id); }

    std::string last;
};

std::string bytes_of(Response& response) {
    std::string bytes;
    response.take(bytes);
    return bytes;
}

std::size_t occurrences(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++count;
    }
    return count;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a stream gets a role chunk, one chunk per output, and [DONE]") {
    auto response = add(ResponseKind::chat_stream);
    step({wire::output(response->wire_id(0), {'H', 'i'})});
    CHECK(occurrences(bytes_of(*response), "data: ") == 2);
    step({wire::output(response->wire_id(0), {'!'}, "\x01")});
    const std::string end = bytes_of(*response);
    CHECK(end.find(R"("content":"!")") != std::string::npos);
    CHECK(end.ends_with("data: [DONE]\n\n"));
    CHECK(response->finished());
    CHECK(pump.hub().waiting_ids() == 0);
}

TEST_CASE_FIXTURE(Fixture, "one step wakes the loop once, however many responses it touches") {
    std::vector<std::shared_ptr<Response>> responses;
    std::vector<std::string> outputs;
    for (int i = 0; i < 50; ++i) {
        responses.push_back(add(ResponseKind::chat_stream));
        outputs.push_back(wire::output(responses.back()->wire_id(0), {'a'}));
    }
    CHECK_FALSE(readable());
    step(outputs);
    step(outputs);
    CHECK(readable());
    CHECK(take().ready.size() == 50);
    CHECK_FALSE(readable());
    step({outputs[3]});
    CHECK(readable());
    CHECK(take().ready.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a whole response is written once, when its last choice has ended") {
    auto response = add(ResponseKind::completion, 2, 2);
    step({wire::output(response->wire_id(3), {'d'}, "\x01"), wire::output(response->wire_id(0), {'a'})});
    CHECK(take().ready.empty());
    step({wire::output(response->wire_id(0), {'A'}, "\x01"), wire::output(response->wire_id(1), {'b'}, "\x01"),
          wire::output(response->wire_id(2), {'c', 'x'}, "\x00", wire::token_reason('x'))});
    CHECK(take().ready.size() == 1);
    const std::string body = bytes_of(*response);
    CHECK(body.find(R"("index":0,"text":"aA")") != std::string::npos);
    CHECK(body.find(R"("index":2,"text":"c","logprobs":null,"finish_reason":"stop","stop_reason":120)") !=
          std::string::npos);
    CHECK(body.find(R"("prompt_tokens":10,"total_tokens":16,"completion_tokens":6)") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a stop string tells the engine to abort, unless the engine had ended too") {
    auto response = add(ResponseKind::chat_stream, 1, 1, {"b"});
    step({wire::output(response->wire_id(0), {'a', 'b', 'c'})});
    const auto batch = take();
    REQUIRE(batch.to_abort.size() == 1);
    CHECK(batch.to_abort[0] == response->wire_id(0));
    const std::string bytes = bytes_of(*response);
    CHECK(bytes.find(R"("stop_reason":"b")") != std::string::npos);
    // What the engine sends before it hears of the abort is for nobody.
    step({wire::output(response->wire_id(0), {'d'})});
    CHECK(count(CounterId::unknown_outputs) == 1);
    CHECK(bytes_of(*response).empty());
}

TEST_CASE_FIXTURE(Fixture, "a client that leaves ends all its choices and names those still running") {
    auto response = add(ResponseKind::chat_stream, 1, 3);
    step({wire::output(response->wire_id(1), {'a'}, "\x01")});
    const auto running = pump.remove(*response);
    CHECK(running == std::vector<std::uint64_t>{response->wire_id(0), response->wire_id(2)});
    CHECK(pump.hub().waiting_ids() == 0);
    CHECK(pump.remove(*response).empty());
    CHECK(count(CounterId::success_abort) == 2);
    CHECK(count(CounterId::success_length) == 1);
}

TEST_CASE_FIXTURE(Fixture, "an error from the engine ends a stream with an event and aborts its other choices") {
    auto response = add(ResponseKind::chat_stream, 1, 2);
    step({wire::output(response->wire_id(0), {'a'}), wire::output(response->wire_id(1), {}, "\x03")});
    const std::string bytes = bytes_of(*response);
    CHECK(bytes.find(R"(data: {"error":{"message":"Internal server error")") != std::string::npos);
    CHECK(bytes.ends_with("data: [DONE]\n\n"));
    CHECK(take().to_abort == std::vector<std::uint64_t>{response->wire_id(0)});
}

TEST_CASE_FIXTURE(Fixture, "an error from the engine gives a whole response a status and a body") {
    auto response = add(ResponseKind::chat);
    step({wire::output(response->wire_id(0), {}, "\x03")});
    std::string json;
    CHECK(response->error(json) == 500);
    CHECK(json.find("Internal server error") != std::string::npos);
    CHECK(bytes_of(*response).empty());
}

TEST_CASE_FIXTURE(Fixture, "a dead engine is reported, and fail_all ends everybody") {
    auto stream = add(ResponseKind::completion_stream);
    auto whole = add(ResponseKind::chat);
    pump.process(wire::span("ENGINE_CORE_DEAD"));
    CHECK(take().events.at(0).kind == ControlEvent::Kind::engine_dead);
    pump.fail_all(500, R"({"error":{"message":"gone"}})");
    CHECK(take().ready.size() == 2);
    CHECK(bytes_of(*stream) == "data: {\"error\":{\"message\":\"gone\"}}\n\ndata: [DONE]\n\n");
    std::string json;
    CHECK(whole->error(json) == 500);
    CHECK(json.find("gone") != std::string::npos);
    CHECK(pump.hub().waiting_ids() == 0);
}

TEST_CASE_FIXTURE(Fixture, "a reader that is too slow loses its stream, and the engine is told") {
    auto response = add(ResponseKind::completion_stream, 1, 1, {}, 1000);
    for (int i = 0; i < 20; ++i) {
        step({wire::output(response->wire_id(0), {'a'})});
    }
    CHECK(response->overflowed());
    CHECK(response->finished());
    CHECK(bytes_of(*response).empty());
    CHECK(take().to_abort.size() == 1);
    CHECK(count(CounterId::overflows) == 1);
}

TEST_CASE_FIXTURE(Fixture, "a message that cannot be read is counted and reported, and the next one is served") {
    auto response = add(ResponseKind::chat_stream);
    pump.process(wire::span("\x93\x01"));
    CHECK(count(CounterId::bad_messages) == 1);
    CHECK(take().events.at(0).kind == ControlEvent::Kind::failure);
    step({wire::output(response->wire_id(0), {'a'})});
    CHECK_FALSE(bytes_of(*response).empty());
}

TEST_CASE_FIXTURE(Fixture, "without a native vocabulary raw deltas wait for text from outside") {
    auto response = add(ResponseKind::chat_stream, 1, 1, {}, 0, false);
    step({wire::output(response->wire_id(0), {1, 2})});
    CHECK(take().ready.size() == 1);
    const auto deltas = response->take_deltas();
    REQUIRE(deltas.size() == 1);
    CHECK(deltas[0].token_ids == std::vector<std::uint32_t>{1, 2});
    const std::vector<std::string> texts{"Hel", "lo"};
    const std::vector<std::uint32_t> ids{1, 2};
    pump.feed(response, 0, ids, texts, FinishReason::length, {});
    CHECK(bytes_of(*response).find(R"("content":"Hello")") != std::string::npos);
    CHECK(take().ready.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "started requests are finished, aborted or failed ones: the counters add up") {
    auto a = add(ResponseKind::chat_stream, 1, 3);
    auto b = add(ResponseKind::completion, 2, 1);
    auto c = add(ResponseKind::chat);
    step({wire::output(a->wire_id(0), {'a'}, "\x01"), wire::output(c->wire_id(0), {'c'}, "\x00", wire::nils(1)),
          wire::output(b->wire_id(1), {}, "\x03")});
    pump.remove(*a);
    std::uint64_t ended = 0;
    for (const auto id : {CounterId::success_stop, CounterId::success_length, CounterId::success_abort,
                          CounterId::success_error, CounterId::success_repetition}) {
        ended += count(id);
    }
    CHECK(ended == 6);
}

TEST_CASE("a limit leaves the other responses for the next call, and the loop awake until the last") {
    Fixture fixture;
    std::vector<std::shared_ptr<Response>> responses;
    std::vector<std::string> outputs;
    for (int i = 0; i < 5; ++i) {
        responses.push_back(fixture.add(ResponseKind::chat_stream));
        outputs.push_back(wire::output(responses.back()->wire_id(0), {'a'}));
    }
    fixture.step(outputs);
    std::set<const Response*> told;
    const auto take = [&](std::size_t limit) {
        REQUIRE(fixture.readable());
        ResponseHub::Batch batch;
        fixture.pump.hub().take(batch, limit);
        for (const auto& response : batch.ready) {
            told.insert(response.get());
        }
        return batch.ready.size();
    };
    CHECK(take(2) == 2);
    // News for one that was taken and for one that still waits: the one is queued again, the other once.
    fixture.step({outputs.front(), outputs.back()});
    CHECK(take(2) == 2);
    CHECK(take(2) == 2);
    CHECK(told.size() == 5);
    CHECK_FALSE(fixture.readable());
    fixture.step(outputs);
    CHECK(take(0) == 5);
    CHECK_FALSE(fixture.readable());
}

TEST_CASE("the loop may add, read and remove while the pump works") {
    Fixture fixture;
    std::atomic<bool> done{false};
    std::vector<std::shared_ptr<Response>> responses;
    for (int i = 0; i < 200; ++i) {
        responses.push_back(fixture.add(ResponseKind::chat_stream));
    }
    std::thread pump_thread([&] {
        for (int round = 0; round < 20; ++round) {
            std::vector<std::string> outputs;
            for (const auto& response : responses) {
                outputs.push_back(wire::output(response->wire_id(0), {'a'}));
            }
            const std::string message = wire::message(outputs);
            fixture.pump.process(wire::span(message));
        }
        done = true;
    });
    for (std::size_t next = 0; !done || next < responses.size();) {
        for (const auto& ready : fixture.take().ready) {
            (void)bytes_of(*ready);
        }
        if (next < responses.size()) {
            (void)fixture.pump.remove(*responses[next++]);
        }
    }
    pump_thread.join();
    CHECK(fixture.pump.hub().waiting_ids() == 0);
    for (const auto& response : responses) {
        CHECK(response->finished());
    }
}

namespace {

/// A pump with its thread, and what it has told the loop.
struct Running : Fixture {
    peer::Listening listening;
    std::vector<ControlEvent> events;

    Running() { REQUIRE(pump.listen(listening.fd) == Errc::ok); }

    template <typename Done>
    void until(Done done) {
        while (!done()) {
            REQUIRE(peer::readable(pump.hub().wake_fd(), peer::kPatienceMs));
            for (auto& event : take().events) {
                events.push_back(std::move(event));
            }
        }
    }
    static std::string step_of(const Response& response, std::uint32_t token) {
        return peer::frame(wire::message({wire::output(response.wire_id(0), {token})}));
    }
};

}  // namespace

TEST_CASE_FIXTURE(Running, "the thread takes outputs from every engine that connects") {
    auto one = add(ResponseKind::chat_stream);
    auto two = add(ResponseKind::chat_stream);
    REQUIRE(pump.start() == Errc::ok);
    const peer::Peer first(listening);
    const peer::Peer second(listening);
    first.send(peer::hello("PUSH") + step_of(*one, 'a'));
    second.send(peer::hello("PUSH") + step_of(*two, 'b'));
    until([&] { return one->pending() > 0 && two->pending() > 0; });
    CHECK(bytes_of(*one).find(R"("content":"a")") != std::string::npos);
    CHECK(bytes_of(*two).find(R"("content":"b")") != std::string::npos);
    pump.stop();
    static_cast<void>(first.read());
    CHECK(first.closed());
}

TEST_CASE_FIXTURE(Running, "before start() engines are greeted, and their outputs wait with them") {
    auto response = add(ResponseKind::chat_stream);
    REQUIRE(pump.greet() == Errc::ok);
    const peer::Peer engine(listening);
    engine.send(peer::hello("PUSH") + step_of(*response, 'a'));
    std::string answer;
    const std::size_t handshake = 64 + peer::command("READY", peer::property("Socket-Type", "PULL")).size();
    while (answer.size() < handshake) {
        REQUIRE(peer::readable(engine.fd(), peer::kPatienceMs));
        answer += engine.read();
    }
    CHECK(response->pending() == 0);
    REQUIRE(pump.start() == Errc::ok);
    until([&] { return response->pending() > 0; });
}

TEST_CASE_FIXTURE(Running, "catch_up comes behind everything that engines have sent") {
    auto response = add(ResponseKind::chat_stream);
    REQUIRE(pump.greet() == Errc::ok);
    const peer::Peer engine(listening);
    std::string bytes = peer::hello("PUSH");
    for (int i = 0; i < 500; ++i) {
        bytes += step_of(*response, 'a');
    }
    engine.send(bytes + peer::frame("ENGINE_CORE_DEAD"));
    REQUIRE(pump.start() == Errc::ok);
    until([&] { return response->pending() > 0; });
    pump.catch_up();
    until([&] { return !events.empty() && events.back().kind == ControlEvent::Kind::caught_up; });
    REQUIRE(events.size() == 2);
    CHECK(events[0].kind == ControlEvent::Kind::engine_dead);
    CHECK(count(CounterId::messages) == 500);
}

TEST_CASE_FIXTURE(Running, "auxiliary frames are dropped, and strangers are reported") {
    auto response = add(ResponseKind::chat_stream);
    REQUIRE(pump.start() == Errc::ok);
    const peer::Peer engine(listening);
    std::string step = step_of(*response, 'a');
    step[0] = '\1';  // more frames follow
    engine.send(peer::hello("PUSH") + step + peer::frame("\xc1", true) + peer::frame(std::string(100'000, 't')));
    engine.send(step_of(*response, 'b'));
    until([&] { return response->pending() > 0 && count(CounterId::messages) == 2; });
    CHECK(count(CounterId::bad_messages) == 0);
    const peer::Peer stranger(listening);
    stranger.send("GET / HTTP/1.1\r\n\r\n");
    until([&] { return !events.empty(); });
    CHECK(events[0].kind == ControlEvent::Kind::peer_refused);
    CHECK(events[0].bytes == "it does not speak ZMTP 3");
}

TEST_CASE("no response outlives its owners") {
    const auto before = Response::live_count();
    {
        Fixture fixture;
        auto response = fixture.add(ResponseKind::chat_stream);
        fixture.step({wire::output(response->wire_id(0), {'a'})});
        CHECK(Response::live_count() == before + 1);
    }
    CHECK(Response::live_count() == before);
}
