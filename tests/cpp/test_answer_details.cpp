// SPDX-License-Identifier: Apache-2.0
// Answers with details through the whole pump: what the members are, and where. Logprobs themselves: test_logprobs.cpp.
#include <doctest/doctest.h>

#include "answer_details.hpp"
#include "letters.hpp"
#include "pump.hpp"
#include "rows.hpp"

using namespace fastfront;

namespace {

struct Fixture {
    Pump pump;
    DetailsOptions options;
    std::shared_ptr<Response> response;

    Fixture() { REQUIRE(pump.open() == Errc::ok); }

    void start(ResponseKind kind, std::size_t n = 1, std::size_t interval = 1, bool decodes = true,
               std::size_t prompts = 1) {
        const bool chat = kind == ResponseKind::chat || kind == ResponseKind::chat_stream;
        const bool stream = kind == ResponseKind::chat_stream || kind == ResponseKind::completion_stream;
        LogprobsOptions logprobs;
        logprobs.vocab = letters::vocab();
        logprobs.chat = chat;
        logprobs.style = stream ? FloatStyle::pydantic : FloatStyle::python;
        options.logprobs = std::make_shared<const LogprobsOptions>(logprobs);
        options.chat = chat;
        ResponseSpec spec;
        spec.options.kind = kind;
        spec.options.id = "x";
        spec.options.include_usage = stream;
        spec.n = n;
        auto pipeline = std::make_shared<PipelineOptions>();
        pipeline->keep_all_text = !stream;
        pipeline->stream_interval = interval;
        spec.pipeline = pipeline;
        spec.details = std::make_shared<const DetailsOptions>(options);
        PromptInfo prompt;
        prompt.token_count = 2;
        if (decodes) {
            REQUIRE(prompt.prime(letters::vocab(), {}, {}, true));
        }
        spec.prompts.assign(prompts, prompt);
        response = std::make_shared<Response>(std::move(spec));
        pump.hub().add(response);
    }

    void step(const std::vector<std::string>& outputs) {
        const std::string message = wire::message(outputs);
        pump.process(wire::span(message));
    }
    std::string bytes() {
        std::string out;
        response->take(out);
        return out;
    }
    [[nodiscard]] std::uint64_t id(std::size_t choice = 0) const { return response->wire_id(choice); }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string row(std::int32_t token) { return rows::logprobs(1, {token}, {-0.5F}, {1}); }

/// A first output with prefill statistics.
std::string prefilled(std::uint64_t id, std::string_view finish = {}) {
    return wire::array(12) + wire::text(wire::id_text(id)) + wire::array(1) + wire::number('a') + wire::nils(3) +
           (finish.empty() ? wire::nils(1) : std::string(finish)) + wire::nils(5) + wire::map(2) +
           wire::text("num_cached_tokens") + wire::number(7) + wire::text("num_cache_creation_tokens") +
           wire::number(3);
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "token ids ride on their chunks, the prompt's on the role chunk of a chat") {
    options.wants_token_ids = options.wants_prompt_token_ids = true;
    options.prompt_token_ids = {{4, 5}};
    start(ResponseKind::chat_stream);
    step({wire::output(id(), {'a', 'b'})});
    step({wire::output(id(), {'c'}, "\x01")});
    const std::string out = bytes();
    CHECK(has(out, R"("prompt_token_ids":[4,5],"prompt_text":null)"));
    CHECK(has(out, R"("delta":{"content":"ab"},"logprobs":null,"finish_reason":null,"token_ids":[97,98]}])"));
    CHECK(has(out, R"("finish_reason":"length","stop_reason":null,"token_ids":[99]}])"));
}

TEST_CASE_FIXTURE(Fixture, "a completion's first chunk has the prompt, with ids in place of its text") {
    options.echoes_prompt = options.wants_prompt_token_ids = true;
    options.prompt_token_ids = {{4, 5}};
    options.prompt_texts = {"told: "};
    start(ResponseKind::completion_stream);
    step({wire::output(id(), {})});  // a prefill that goes on: the echo does not wait
    CHECK(has(bytes(), R"("text":"told: ","logprobs":null,"finish_reason":null,"stop_reason":null,)"
                       R"("prompt_token_ids":[4,5],"token_ids":null}])"));
    step({wire::output(id(), {'a'}, "\x01")});
    CHECK(has(bytes(), R"("text":"a","logprobs":null,"finish_reason":"length","stop_reason":null,)"
                       R"("prompt_token_ids":null,"token_ids":null}])"));
}

TEST_CASE_FIXTURE(Fixture, "logprobs that a withheld chunk would have had come with the next one") {
    options.wants_logprobs = true;
    start(ResponseKind::chat_stream, 1, 3);
    step({rows::output(id(), {'a'}, row('a'))});
    CHECK(has(bytes(), R"({"content":"a"},"logprobs":{"content":[{"token":"a")"));
    step({rows::output(id(), {'b'}, row('b'))});
    step({rows::output(id(), {'c'}, row('c'))});
    CHECK(bytes().empty());
    step({rows::output(id(), {'d'}, row('d'))});
    const std::string out = bytes();
    CHECK(has(out, R"({"content":"bcd"})"));
    CHECK(has(out, R"("token":"b")"));
    CHECK(has(out, R"("token":"d")"));
}

TEST_CASE_FIXTURE(Fixture, "logprobs that come with the text are passed on as they are, once") {
    start(ResponseKind::chat_stream, 1, 1, false);
    const std::vector<std::uint32_t> ids{'a'};
    const std::vector<std::string> texts{"x"};
    pump.feed(response, 0, ids, texts, FinishReason::none, {}, R"({"content":["given"]})");
    CHECK(has(bytes(), R"({"content":"x"},"logprobs":{"content":["given"]},"finish_reason":null)"));
    pump.feed(response, 0, ids, texts, FinishReason::length, {});
    CHECK(has(bytes(), R"({"content":"x"},"logprobs":null,"finish_reason":"length")"));
}

TEST_CASE_FIXTURE(Fixture, "logprobs wait for text that is made outside, each output's for its own") {
    options.wants_logprobs = true;
    start(ResponseKind::chat_stream, 1, 1, false);
    step({rows::output(id(), {'a'}, row('a'))});
    step({wire::output(id(), {'b'})});  // without logprobs
    step({rows::output(id(), {'c'}, row('c'))});
    CHECK_FALSE(has(bytes(), "logprobs"));
    const std::vector<std::string> texts{"x"};
    const auto fed = [&](std::uint32_t token_id, FinishReason finish) {
        const std::vector<std::uint32_t> ids{token_id};
        pump.feed(response, 0, ids, texts, finish, {});
        return bytes();
    };
    CHECK(has(fed('a', FinishReason::none),
              R"({"content":"x"},"logprobs":{"content":[{"token":"a","logprob":-0.5,"bytes":[97])"));
    CHECK(has(fed('b', FinishReason::none), R"({"content":"x"},"logprobs":{"content":[{"token":"b","bytes":[98]}]})"));
    CHECK(has(fed('c', FinishReason::length), R"("logprobs":{"content":[{"token":"c","logprob":-0.5,"bytes":[99])"));
    CHECK(response->finished());
}

TEST_CASE_FIXTURE(Fixture, "several chats go on from words of their own") {
    options.echo_text = "first";
    options.echo_texts = {"one ", "two "};
    start(ResponseKind::chat, 1, 1, true, 2);
    step({wire::output(id(0), {'a'}, "\x01"), wire::output(id(1), {'b'}, "\x01")});
    const std::string out = bytes();
    CHECK(has(out, R"("content":"one a")"));
    CHECK(has(out, R"("content":"two b")"));
}

TEST_CASE_FIXTURE(Fixture, "a whole chat has prompt_logprobs and ids at the top, a completion in its choice") {
    options.wants_prompt_logprobs = options.wants_prompt_token_ids = true;
    options.prompt_token_ids = {{'x', 'a'}};
    for (const ResponseKind kind : {ResponseKind::chat, ResponseKind::completion}) {
        start(kind);
        step({rows::output(id(), {'b'}, wire::nils(1), row('a'), "\x01")});
        const std::string expected = R"("prompt_logprobs":[null,{"97":{"logprob":-0.5,"rank":1,"decoded_token":"a"}}],)"
                                     R"("prompt_token_ids":[120,97])";
        const std::string out = bytes();
        CHECK(has(out, expected));
        CHECK((out.find(expected) > out.find(R"("usage")")) == (kind == ResponseKind::chat));
    }
}

TEST_CASE_FIXTURE(Fixture, "usage tells of cached tokens, in each kind of answer as vLLM words it") {
    options.shows_cached_tokens = true;
    const std::pair<ResponseKind, const char*> cases[] = {
        {ResponseKind::chat, R"({"cached_tokens":7,"created_cache_tokens":3,"multimodal_tokens":null})"},
        {ResponseKind::chat_stream, R"({"cached_tokens":7,"created_cache_tokens":3})"},
        {ResponseKind::completion, R"({"cached_tokens":7,"created_cache_tokens":null,"multimodal_tokens":null})"},
        {ResponseKind::completion_stream, R"({"cached_tokens":7})"},
    };
    for (const auto& [kind, expected] : cases) {
        start(kind);
        step({prefilled(id(), "\x01")});
        CHECK(has(bytes(), std::string(R"("prompt_tokens_details":)") + expected));
    }
    options.remote_cached_tokens = 5;
    start(ResponseKind::completion_stream);
    step({prefilled(id(), "\x01")});
    CHECK(has(bytes(), R"({"cached_tokens":5})"));
}

TEST_CASE_FIXTURE(Fixture, "what an engine sends unasked is in whole answers: transfer parameters and routed experts") {
    ResponseSpec spec;
    spec.options.kind = ResponseKind::chat;
    auto pipeline = std::make_shared<PipelineOptions>();
    pipeline->keep_all_text = true;
    spec.pipeline = pipeline;
    PromptInfo prompt;
    REQUIRE(prompt.prime(letters::vocab(), {}, {}, true));
    spec.prompts.push_back(prompt);
    response = std::make_shared<Response>(std::move(spec));
    pump.hub().add(response);
    step({wire::array(13) + wire::text(wire::id_text(id())) + wire::array(1) + wire::number('a') + wire::nils(3) +
          "\x01" + wire::nils(2) + "\x81" + wire::text("k") + wire::number(1) + wire::nils(3) +
          rows::array_of<std::uint8_t>("|u1", {1, 1}, {9})});
    const std::string out = bytes();
    CHECK(has(out, R"("kv_transfer_params":{"k":1},"ec_transfer_params":null)"));
    CHECK(has(out, R"("routed_experts":"k05VTVBZ)"));
    CHECK(has(out, R"("content":"a")"));
}

TEST_CASE_FIXTURE(Fixture, "text from outside: routed experts wait for it, and go with the tokens that count") {
    start(ResponseKind::chat, 1, 1, false);
    const auto routed = [&](std::uint8_t expert) {
        return wire::array(13) + wire::text(wire::id_text(id())) + wire::array(2) + wire::number('a') +
               wire::number('b') + wire::nils(10) + rows::array_of<std::uint8_t>("|u1", {2, 1}, {expert, 0});
    };
    step({wire::output(id(), {'x'})});  // tells nothing of them
    step({routed(7)});
    step({routed(8)});
    for (const RawDelta& delta : response->take_deltas()) {
        const std::vector<std::string> texts(delta.token_ids.size(), "?");
        const FinishReason finish = delta.token_ids.size() == 2 ? FinishReason::length : FinishReason::none;
        pump.feed(response, 0, delta.token_ids, texts, finish, {});
    }
    const std::string out = bytes();
    CHECK(has(out, "J3NoYXBlJzogKDIsIDEp"));  // 'shape': (2, 1): the last step came behind the end
    CHECK(has(out, R"(IAoHAA=="})"));         // its end: the rows 7 and 0
}

TEST_CASE("timings are those that are known; a stream leaves out the others") {
    RequestTimes times;
    std::string out;
    append_metrics(out, times, 0, "", true);
    CHECK(out == R"({"time_to_first_token_ms":null,"generation_time_ms":null,"queue_time_ms":null,"mean_itl_ms":null,)"
                 R"("tokens_per_second":null,"speculative_decoding":null})");
    times.queued = 1.0;
    times.scheduled = 1.5;
    times.first_token = 2.0;
    times.last_token = 3.5;
    out.clear();
    append_metrics(out, times, 4, "", false);
    CHECK(out ==
          R"({"time_to_first_token_ms":500.0,"generation_time_ms":1500.0,"queue_time_ms":500.0,"mean_itl_ms":500.0,)"
          R"("tokens_per_second":2.0})");
    out.clear();
    append_metrics(out, {}, 4, "", false);
    CHECK(out == "{}");
    out.clear();
    append_metrics(out, {}, 4, R"({"num_spec_steps":1})", false);
    CHECK(out == R"({"speculative_decoding":{"num_spec_steps":1}})");
    out.clear();
    append_metrics(out, {}, 4, "{}", true);
    CHECK(has(out, R"(,"tokens_per_second":null,"speculative_decoding":{}})"));
}

/// An output with its end and the engine's RequestSpecDecodeMetrics.
std::string drafted(std::uint64_t id) {
    return wire::array(18) + wire::text(wire::id_text(id)) + wire::array(1) + wire::number('a') + wire::nils(3) +
           std::string(1, '\x01') + wire::nils(10) + "\x82" + wire::text("num_spec_tokens") + wire::number(1) +
           wire::text("histogram") + wire::array(2) + wire::number(1) + wire::number(3) + wire::nils(1);
}

TEST_CASE_FIXTURE(Fixture, "how the engine drafted is told, asked for or not, where there is one sequence") {
    const std::string_view told = R"("speculative_decoding":{"mean_acceptance_length":1.75)";
    SUBCASE("a whole answer") {
        start(ResponseKind::chat);
        step({drafted(id())});
        const std::string out = bytes();
        CHECK(has(out, R"("metrics":{"time_to_first_token_ms":null)"));
        CHECK(has(out, told));
    }
    SUBCASE("a stream, in its usage") {
        start(ResponseKind::completion_stream);
        step({drafted(id())});
        CHECK(has(bytes(), R"("metrics":{"speculative_decoding":{"mean_acceptance_length":1.75)"));
    }
    SUBCASE("beside the timings") {
        options.shows_metrics = true;
        start(ResponseKind::completion);
        step({drafted(id())});
        CHECK(has(bytes(), told));
    }
    SUBCASE("not of one sequence among several") {
        start(ResponseKind::chat, 2);
        step({drafted(id(0)), drafted(id(1))});
        CHECK(has(bytes(), R"("metrics":null)"));
    }
}

TEST_CASE_FIXTURE(Fixture, "a silent stream gets a comment, one that speaks or has ended does not") {
    start(ResponseKind::chat_stream);
    const double due = pump.keep_alive(response, 1000.0);  // its last word was at the beginning of time
    CHECK(bytes() == ": keep-alive\n\n");
    CHECK(due > 1000.0);
    CHECK(pump.keep_alive(response, 1000.0) <= due);
    CHECK(bytes().empty());
    step({wire::output(id(), {'a'}, "\x01")});
    bytes();
    CHECK(pump.keep_alive(response, 0.0) < 0);
    CHECK(bytes().empty());
    start(ResponseKind::chat);
    CHECK(pump.keep_alive(response, 0.0) < 0);
}
