// SPDX-License-Identifier: Apache-2.0
// Responses that write themselves to a client's socket, over a real socket pair.
#include <doctest/doctest.h>

#include "client.hpp"
#include "letters.hpp"
#include "pump.hpp"
#include "socket_sink.hpp"
#include "wire.hpp"

using namespace fastfront;

namespace {

const ResponseHead kStream{"HTTP/1.1 200 OK\r\nx: s\r\n\r\n", "HTTP/1.1 200 OK\r\nx: w\r\n"};
const ResponseHead kWhole{"", "HTTP/1.1 200 OK\r\nx: w\r\n"};

struct Fixture {
    Pump pump;
    Fixture() { REQUIRE(pump.open() == Errc::ok); }

    std::shared_ptr<Response> add(ResponseKind kind) {
        ResponseSpec spec;
        spec.options.kind = kind;
        auto options = std::make_shared<PipelineOptions>();
        options->keep_all_text = kind == ResponseKind::completion;
        spec.pipeline = options;
        PromptInfo prompt;
        REQUIRE(prompt.prime(letters::vocab(), {}, {}, true));
        spec.prompts.push_back(prompt);
        auto response = std::make_shared<Response>(std::move(spec));
        pump.hub().add(response);
        return response;
    }
    void step(Response& response, std::initializer_list<std::uint32_t> tokens, std::string_view finish = {}) {
        const std::string message = wire::message({wire::output(response.wire_id(0), tokens, finish)});
        pump.process(wire::span(message));
    }
    bool hand_over(const std::shared_ptr<Response>& response, const Client& client, const ResponseHead& head,
                   std::size_t limit = 1 << 20) {
        return pump.hand_over(response, std::make_unique<SocketSink>(client.handle(), head, limit));
    }
    ResponseHub::Batch take() {
        ResponseHub::Batch batch;
        pump.hub().take(batch);
        return batch;
    }
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a stream is written as it comes: head with the first event, chunks, last chunk") {
    Client client;
    auto response = add(ResponseKind::completion_stream);
    REQUIRE(hand_over(response, client, kStream));
    CHECK(client.read().empty());
    step(*response, {'a'});
    const std::string first = client.read();
    REQUIRE(first.starts_with(kStream.stream));
    CHECK(unchunk(first.substr(kStream.stream.size())).find(R"("text":"a")") != std::string::npos);
    CHECK(take().ready.empty());  // the loop is not woken for tokens
    step(*response, {'b'}, "\x01");
    CHECK(unchunk(client.read()).ends_with("data: [DONE]\n\n|"));
    CHECK(response->delivered());
    CHECK(take().ready.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "what had gathered before the hand-over is written first") {
    Client client;
    auto response = add(ResponseKind::completion_stream);
    step(*response, {'a'});
    step(*response, {'b'}, "\x01");
    REQUIRE(hand_over(response, client, kStream));
    const std::string all = unchunk(client.read().substr(kStream.stream.size()));
    CHECK(all.find(R"("text":"a")") < all.find(R"("text":"b")"));
    CHECK(all.ends_with("[DONE]\n\n|"));
    CHECK(response->delivered());
}

TEST_CASE_FIXTURE(Fixture, "a whole body leaves with its length in one write") {
    Client client;
    auto response = add(ResponseKind::completion);
    REQUIRE(hand_over(response, client, kWhole));
    step(*response, {'a'});
    CHECK(client.read().empty());
    step(*response, {'b'}, "\x01");
    const std::string all = client.read();
    const std::size_t body = all.find("\r\n\r\n") + 4;
    CHECK(all.starts_with("HTTP/1.1 200 OK\r\nx: w\r\ncontent-length: " + std::to_string(all.size() - body) +
                          "\r\n\r\n{"));
    CHECK(all.find(R"("text":"ab")") != std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "a failure before the first byte is a status, one after it an event") {
    Client early;
    Client late;
    auto first = add(ResponseKind::completion_stream);
    auto second = add(ResponseKind::completion_stream);
    REQUIRE(hand_over(first, early, kStream));
    REQUIRE(hand_over(second, late, kStream));
    step(*second, {'a'});
    step(*first, {}, "\x03");
    step(*second, {}, "\x03");
    CHECK(early.read().starts_with("HTTP/1.1 500 Internal Server Error\r\nx: w\r\ncontent-length: "));
    CHECK(first->http_status() == 500);
    const std::string events = unchunk(late.read().substr(kStream.stream.size()));
    CHECK(events.find(R"(data: {"error":)") != std::string::npos);
    CHECK(events.ends_with("[DONE]\n\n|"));
    CHECK(second->http_status() == 200);
    CHECK(first->delivered());
    CHECK(second->delivered());
}

TEST_CASE_FIXTURE(Fixture, "the head can go out before the first event") {
    Client client;
    auto response = add(ResponseKind::completion_stream);
    REQUIRE(hand_over(response, client, kStream));
    pump.send_head(response);
    CHECK(client.read() == kStream.stream);
    step(*response, {'a'}, "\x01");
    CHECK(unchunk(client.read()).ends_with("|"));
}

TEST_CASE_FIXTURE(Fixture, "a full socket fills the backlog; nothing is lost, doubled or reordered when it empties") {
    Client client(4096);
    auto response = add(ResponseKind::completion_stream);
    REQUIRE(hand_over(response, client, kStream));
    for (int i = 0; i < 300; ++i) {
        step(*response, {'a', 'b'});
    }
    step(*response, {'c'}, "\x01");
    CHECK_FALSE(response->delivered());
    CHECK(pump.blocked() == 1);
    std::string all;
    while (!response->delivered()) {
        all += client.read();
        pump.flush_writable();
    }
    all += client.read();
    const std::string events = unchunk(all.substr(kStream.stream.size()));
    std::size_t chunks = 0;
    for (std::size_t at = events.find("\"ab\""); at != std::string::npos; at = events.find("\"ab\"", at + 1)) {
        ++chunks;
    }
    CHECK(chunks == 300);
    CHECK(events.ends_with("|"));
    CHECK(pump.blocked() == 0);
    CHECK(take().ready.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a reader that leaves more than the backlog's limit unread loses its stream") {
    Client client(4096);
    auto response = add(ResponseKind::completion_stream);
    REQUIRE(hand_over(response, client, kStream, 2000));
    for (int i = 0; i < 300 && !response->overflowed(); ++i) {
        step(*response, {'a'});
    }
    CHECK(response->overflowed());
    const auto batch = take();
    CHECK(batch.to_abort == std::vector<std::uint64_t>{response->wire_id(0)});
    CHECK(batch.ready.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "a client that has gone is noticed at the next write, and the engine is told") {
    Client client;
    auto response = add(ResponseKind::completion_stream);
    REQUIRE(hand_over(response, client, kStream));
    client.close_end();
    step(*response, {'a'});
    CHECK(response->lost());
    CHECK(take().to_abort.size() == 1);
}

TEST_CASE_FIXTURE(Fixture, "after remove nothing more is written") {
    Client client(4096);
    auto response = add(ResponseKind::completion_stream);
    REQUIRE(hand_over(response, client, kStream));
    for (int i = 0; i < 100; ++i) {
        step(*response, {'a'});
    }
    CHECK(pump.blocked() == 1);
    CHECK(pump.remove(*response) == std::vector<std::uint64_t>{response->wire_id(0)});
    CHECK(pump.blocked() == 0);
    (void)client.read();
    pump.flush_writable();
    step(*response, {'b'});
    CHECK(client.read().empty());
}

TEST_CASE_FIXTURE(Fixture, "a response that failed already is not handed over") {
    Client client;
    auto response = add(ResponseKind::completion_stream);
    pump.fail_all(503, R"({"error":{}})");
    CHECK_FALSE(hand_over(response, client, kStream));
    CHECK(client.read().empty());
}
