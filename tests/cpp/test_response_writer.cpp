// SPDX-License-Identifier: Apache-2.0
// The expected bytes were captured from vLLM 0.32's Python server.
#include <doctest/doctest.h>

#include "response_writer.hpp"

using namespace fastfront;

namespace {

ResponseWriter make(ResponseKind kind, bool usage = false, bool continuous = false) {
    ResponseOptions options;
    options.kind = kind;
    options.id = kind == ResponseKind::chat || kind == ResponseKind::chat_stream ? "chatcmpl-1" : "cmpl-1";
    options.model = "tiny";
    options.created = 1795231574;
    options.system_fingerprint = "vllm-0.32.0-8b6b8843";
    options.include_usage = usage;
    options.continuous_usage = continuous;
    return ResponseWriter(options);
}

const Ending kLength{FinishReason::length, {}};

}  // namespace

TEST_CASE("a chat stream is vLLM's, byte for byte") {
    const auto writer = make(ResponseKind::chat_stream);
    std::string out;
    writer.write_begin(out, 1, {.prompt_tokens = 9}, nullptr);
    writer.write_chunk(out, 0, "\n", {}, {9, 1});
    writer.write_chunk(out, 0, " CHANGE", kLength, {9, 2});
    writer.write_end(out, {9, 2});
    CHECK(
        out ==
        R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795231574,"model":"tiny","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"prompt_token_ids":null,"prompt_text":null})"
        "\n\n"
        R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795231574,"model":"tiny","choices":[{"index":0,"delta":{"content":"\n"},"logprobs":null,"finish_reason":null,"token_ids":null}]})"
        "\n\n"
        R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795231574,"model":"tiny","choices":[{"index":0,"delta":{"content":" CHANGE"},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}],"system_fingerprint":"vllm-0.32.0-8b6b8843"})"
        "\n\n"
        "data: [DONE]\n\n");
}

TEST_CASE("a chat stream with both kinds of usage is vLLM's, byte for byte") {
    const auto writer = make(ResponseKind::chat_stream, true, true);
    std::string out;
    writer.write_begin(out, 1, {.prompt_tokens = 9}, nullptr);
    writer.write_chunk(out, 0, "\n", {}, {9, 1});
    writer.write_chunk(out, 0, " CHANGE", kLength, {9, 2});
    writer.write_end(out, {9, 2});
    CHECK(
        out ==
        R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795231574,"model":"tiny","choices":[{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}],"usage":{"prompt_tokens":9,"total_tokens":9,"completion_tokens":0,"completion_tokens_details":null},"prompt_token_ids":null,"prompt_text":null})"
        "\n\n"
        R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795231574,"model":"tiny","choices":[{"index":0,"delta":{"content":"\n"},"logprobs":null,"finish_reason":null,"token_ids":null}],"usage":{"prompt_tokens":9,"total_tokens":10,"completion_tokens":1,"completion_tokens_details":null}})"
        "\n\n"
        R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795231574,"model":"tiny","choices":[{"index":0,"delta":{"content":" CHANGE"},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null}],"usage":{"prompt_tokens":9,"total_tokens":11,"completion_tokens":2,"completion_tokens_details":null}})"
        "\n\n"
        R"(data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1795231574,"model":"tiny","choices":[],"usage":{"prompt_tokens":9,"total_tokens":11,"completion_tokens":2},"system_fingerprint":"vllm-0.32.0-8b6b8843"})"
        "\n\n"
        "data: [DONE]\n\n");
}

TEST_CASE("a completion stream is vLLM's, byte for byte") {
    const auto writer = make(ResponseKind::completion_stream, true, true);
    std::string out;
    writer.write_begin(out, 2, {.prompt_tokens = 1}, nullptr);
    writer.write_chunk(out, 1, "yo", {}, {1, 1});
    writer.write_chunk(out, 1, "yo", kLength, {1, 2});
    writer.write_end(out, {2, 4});
    CHECK(
        out ==
        R"(data: {"id":"cmpl-1","object":"text_completion","created":1795231574,"model":"tiny","choices":[{"index":1,"text":"yo","logprobs":null,"finish_reason":null,"stop_reason":null,"prompt_token_ids":null,"token_ids":null}],"usage":{"prompt_tokens":1,"total_tokens":2,"completion_tokens":1}})"
        "\n\n"
        R"(data: {"id":"cmpl-1","object":"text_completion","created":1795231574,"model":"tiny","choices":[{"index":1,"text":"yo","logprobs":null,"finish_reason":"length","stop_reason":null,"prompt_token_ids":null,"token_ids":null}],"usage":{"prompt_tokens":1,"total_tokens":3,"completion_tokens":2}})"
        "\n\n"
        R"(data: {"id":"cmpl-1","object":"text_completion","created":1795231574,"model":"tiny","choices":[],"usage":{"prompt_tokens":2,"total_tokens":6,"completion_tokens":4},"system_fingerprint":"vllm-0.32.0-8b6b8843"})"
        "\n\n"
        "data: [DONE]\n\n");
}

TEST_CASE("a whole chat response is vLLM's, byte for byte") {
    const auto writer = make(ResponseKind::chat);
    std::string out;
    writer.write_body_begin(out);
    writer.write_body_choice(out, 0, "\n CHANGE CHANGE", kLength);
    writer.write_body_end(out, {9, 3});
    CHECK(
        out ==
        R"({"id":"chatcmpl-1","object":"chat.completion","created":1795231574,"model":"tiny","choices":[{"index":0,"message":{"role":"assistant","content":"\n CHANGE CHANGE","refusal":null,"annotations":null,"audio":null,"function_call":null,"reasoning":null},"logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null,"routed_experts":null}],"service_tier":null,"system_fingerprint":"vllm-0.32.0-8b6b8843","usage":{"prompt_tokens":9,"total_tokens":12,"completion_tokens":3,"prompt_tokens_details":null,"completion_tokens_details":null},"prompt_logprobs":null,"prompt_token_ids":null,"prompt_text":null,"kv_transfer_params":null,"ec_transfer_params":null,"metrics":null})");
}

TEST_CASE("choices of several chats may have different speakers") {
    ResponseOptions options;
    options.kind = ResponseKind::chat;
    options.roles = {"user", "helper"};
    const ResponseWriter writer(options);
    std::string out;
    writer.write_body_begin(out);
    for (std::size_t choice = 0; choice < 3; ++choice) {
        writer.write_body_choice(out, choice, "x", kLength);
    }
    CHECK(out.find(R"({"index":0,"message":{"role":"user",)") != std::string::npos);
    CHECK(out.find(R"({"index":1,"message":{"role":"helper",)") != std::string::npos);
    CHECK(out.find(R"({"index":2,"message":{"role":"assistant",)") != std::string::npos);
}

TEST_CASE("a whole completion response is vLLM's, byte for byte") {
    const auto writer = make(ResponseKind::completion);
    std::string out;
    writer.write_body_begin(out);
    writer.write_body_choice(out, 0, " acheter", kLength);
    writer.write_body_choice(out, 1, "yo", {FinishReason::stop, {StopReason::Kind::text, 0, "EN\"D"}});
    writer.write_body_end(out, {2, 6});
    CHECK(
        out ==
        R"({"id":"cmpl-1","object":"text_completion","created":1795231574,"model":"tiny","choices":[{"index":0,"text":" acheter","logprobs":null,"finish_reason":"length","stop_reason":null,"token_ids":null,"prompt_logprobs":null,"prompt_token_ids":null,"routed_experts":null},{"index":1,"text":"yo","logprobs":null,"finish_reason":"stop","stop_reason":"EN\"D","token_ids":null,"prompt_logprobs":null,"prompt_token_ids":null,"routed_experts":null}],"service_tier":null,"system_fingerprint":"vllm-0.32.0-8b6b8843","usage":{"prompt_tokens":2,"total_tokens":8,"completion_tokens":6,"prompt_tokens_details":null,"completion_tokens_details":null},"kv_transfer_params":null,"ec_transfer_params":null,"metrics":null})");
}

TEST_CASE("without a fingerprint a body says null and a stream says nothing") {
    ResponseOptions options;
    options.kind = ResponseKind::chat_stream;
    const ResponseWriter stream(options);
    std::string out;
    stream.write_chunk(out, 0, "", {FinishReason::stop, {StopReason::Kind::token, 7, {}}}, {});
    CHECK(out.find("fingerprint") == std::string::npos);
    CHECK(out.find(R"("stop_reason":7)") != std::string::npos);
    options.kind = ResponseKind::chat;
    const ResponseWriter whole(options);
    out.clear();
    whole.write_body_end(out, {});
    CHECK(out.find(R"("system_fingerprint":null)") != std::string::npos);
}

TEST_CASE("ids and model names are escaped") {
    ResponseOptions options;
    options.id = std::string("a\"b");
    options.model = std::string("m\n");  // assigning the literal makes g++ 12 warn of its own library
    const ResponseWriter writer(options);
    std::string out;
    writer.write_chunk(out, 0, "\"", {}, {});
    CHECK(out.find(R"("id":"a\"b")") != std::string::npos);
    CHECK(out.find(R"("model":"m\n")") != std::string::npos);
    CHECK(out.find(R"("content":"\"")") != std::string::npos);
}

TEST_CASE("an error in a stream is one event, then the end") {
    std::string out;
    ResponseWriter::write_error(out, R"({"error":{}})");
    CHECK(out == "data: {\"error\":{}}\n\ndata: [DONE]\n\n");
}
