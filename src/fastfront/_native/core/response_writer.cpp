// SPDX-License-Identifier: Apache-2.0
#include "response_writer.hpp"

#include "json_writer.hpp"

namespace fastfront {

namespace {

constexpr std::string_view kDone = "data: [DONE]\n\n";

void append_stop_reason(std::string& out, const StopReason& reason) {
    switch (reason.kind) {
        case StopReason::Kind::none: out.append("null"); break;
        case StopReason::Kind::token: append_json_int(out, reason.token); break;
        case StopReason::Kind::text: append_json_string(out, reason.text); break;
    }
}

void append_usage_counts(std::string& out, const Usage& usage) {
    out.append(R"({"prompt_tokens":)");
    append_json_int(out, usage.prompt_tokens);
    out.append(R"(,"total_tokens":)");
    append_json_int(out, usage.prompt_tokens + usage.completion_tokens);
    out.append(R"(,"completion_tokens":)");
    append_json_int(out, usage.completion_tokens);
}

std::string_view object_name(ResponseKind kind) noexcept {
    switch (kind) {
        case ResponseKind::chat_stream: return "chat.completion.chunk";
        case ResponseKind::chat: return "chat.completion";
        case ResponseKind::completion_stream:
        case ResponseKind::completion: break;
    }
    return "text_completion";
}

}  // namespace

ResponseWriter::ResponseWriter(ResponseOptions options) : options_(std::move(options)) {
    head_ = streams() ? R"(data: {"id":)" : R"({"id":)";
    append_json_string(head_, options_.id);
    head_.append(R"(,"object":")").append(object_name(options_.kind)).append(R"(","created":)");
    append_json_int(head_, options_.created);
    head_.append(R"(,"model":)");
    append_json_string(head_, options_.model);
    head_.append(R"(,"choices":[)");
    chunk_head_ = head_ + R"({"index":)";
    if (is_chat()) {
        chunk_text_ = R"(,"delta":{"content":")";
        chunk_running_ = R"(,"logprobs":null,"finish_reason":null,"token_ids":null}])";
    } else {
        chunk_text_ = R"(,"text":")";
        chunk_running_ =
            R"(,"logprobs":null,"finish_reason":null,"stop_reason":null,"prompt_token_ids":null,"token_ids":null}])";
    }
    if (options_.system_fingerprint.empty()) {
        fingerprint_json_ = "null";
    } else {
        append_json_string(fingerprint_json_, options_.system_fingerprint);
    }
}

void ResponseWriter::write_continuous_usage(std::string& out, const Usage& usage) const {
    if (options_.continuous_usage) {
        out.append(R"(,"usage":)");
        append_usage_counts(out, usage);
        out.append(is_chat() ? R"(,"completion_tokens_details":null})" : "}");
    }
}

void ResponseWriter::write_begin(std::string& out, std::size_t choices, std::size_t prompt_tokens) const {
    if (!is_chat()) {
        return;
    }
    for (std::size_t index = 0; index < choices; ++index) {
        out.append(chunk_head_);
        append_json_int(out, index);
        out.append(R"(,"delta":{"role":)");
        append_json_string(out, options_.role);
        out.append(R"(,"content":""},"logprobs":null,"finish_reason":null}])");
        write_continuous_usage(out, {prompt_tokens, 0});
        out.append(R"(,"prompt_token_ids":null,"prompt_text":null})").append("\n\n");
    }
}

void ResponseWriter::write_chunk(std::string& out, std::size_t index, std::string_view text, const Ending& ending,
                                 const Usage& usage) const {
    out.append(chunk_head_);
    append_json_int(out, index);
    out.append(chunk_text_);
    append_json_escaped(out, text);
    out.append(is_chat() ? R"("})" : R"(")");
    write_chunk_end(out, name_of(ending.finish_reason), ending, usage);
}

void ResponseWriter::write_parsed_chunk(std::string& out, std::size_t index, const ParsedAnswer& answer,
                                        const Ending& ending, const Usage& usage) const {
    out.append(chunk_head_);
    append_json_int(out, index);
    out.append(R"(,"delta":)");
    answer.append_delta(out);
    write_chunk_end(out, answer.name_of_end(ending.finish_reason), ending, usage);
}

void ResponseWriter::write_chunk_end(std::string& out, std::string_view finish_reason, const Ending& ending,
                                     const Usage& usage) const {
    if (ending.finish_reason == FinishReason::none) {
        out.append(chunk_running_);
        write_continuous_usage(out, usage);
    } else {
        out.append(R"(,"logprobs":null,"finish_reason":")").append(finish_reason).append(R"(","stop_reason":)");
        append_stop_reason(out, ending.stop_reason);
        out.append(is_chat() ? R"(,"token_ids":null}])" : R"(,"prompt_token_ids":null,"token_ids":null}])");
        write_continuous_usage(out, usage);
        if (!options_.include_usage && !options_.system_fingerprint.empty()) {
            out.append(R"(,"system_fingerprint":)").append(fingerprint_json_);
        }
    }
    out.append("}\n\n");
}

void ResponseWriter::write_end(std::string& out, const Usage& total) const {
    if (options_.include_usage) {
        out.append(head_).append(R"(],"usage":)");
        append_usage_counts(out, total);
        out.push_back('}');
        if (!options_.system_fingerprint.empty()) {
            out.append(R"(,"system_fingerprint":)").append(fingerprint_json_);
        }
        out.append("}\n\n");
    }
    out.append(kDone);
}

void ResponseWriter::write_error(std::string& out, std::string_view error_json) {
    out.append("data: ").append(error_json).append("\n\n").append(kDone);
}

void ResponseWriter::write_body_begin(std::string& out) const { out.append(head_); }

void ResponseWriter::write_body_choice(std::string& out, std::size_t index, std::string_view text,
                                       const Ending& ending) const {
    out.append(index == 0 ? R"({"index":)" : R"(,{"index":)");
    append_json_int(out, index);
    if (is_chat()) {
        out.append(R"(,"message":{"role":)");
        append_json_string(out, options_.role);
        out.append(R"(,"content":)");
        append_json_string(out, text);
        out.append(R"(,"refusal":null,"annotations":null,"audio":null,"function_call":null,"reasoning":null})");
    } else {
        out.append(R"(,"text":)");
        append_json_string(out, text);
    }
    write_choice_end(out, name_of(ending.finish_reason), ending);
}

void ResponseWriter::write_parsed_choice(std::string& out, std::size_t index, const ParsedAnswer& answer,
                                         const Ending& ending) const {
    out.append(index == 0 ? R"({"index":)" : R"(,{"index":)");
    append_json_int(out, index);
    out.append(R"(,"message":{"role":)");
    append_json_string(out, options_.role);
    answer.append_message(out);
    out.push_back('}');
    write_choice_end(out, answer.name_of_end(ending.finish_reason), ending);
}

void ResponseWriter::write_choice_end(std::string& out, std::string_view finish_reason, const Ending& ending) const {
    out.append(R"(,"logprobs":null,"finish_reason":")").append(finish_reason).append(R"(","stop_reason":)");
    append_stop_reason(out, ending.stop_reason);
    out.append(is_chat()
                   ? R"(,"token_ids":null,"routed_experts":null})"
                   : R"(,"token_ids":null,"prompt_logprobs":null,"prompt_token_ids":null,"routed_experts":null})");
}

void ResponseWriter::write_body_end(std::string& out, const Usage& total) const {
    out.append(R"(],"service_tier":null,"system_fingerprint":)").append(fingerprint_json_).append(R"(,"usage":)");
    append_usage_counts(out, total);
    out.append(R"(,"prompt_tokens_details":null,"completion_tokens_details":null})");
    if (is_chat()) {
        out.append(R"(,"prompt_logprobs":null,"prompt_token_ids":null,"prompt_text":null)");
    }
    out.append(R"(,"kv_transfer_params":null,"ec_transfer_params":null,"metrics":null})");
}

}  // namespace fastfront
