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

void append_reasoning_tokens(std::string& out, std::int64_t tokens) {
    out.append(R"(,"completion_tokens_details":{"reasoning_tokens":)");
    append_json_int(out, tokens);
    out.push_back('}');
}

/// `name` is the member's, with its comma and colon.
void append_member(std::string& out, std::string_view name, std::string_view json) {
    out.append(name).append(json.empty() ? "null" : json);
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
        if (usage.reasoning_tokens >= 0) {
            append_reasoning_tokens(out, usage.reasoning_tokens);
        } else if (is_chat()) {
            out.append(R"(,"completion_tokens_details":null)");
        }
        out.push_back('}');
    }
}

void ResponseWriter::write_begin(std::string& out, std::size_t choices, const Usage& prompt,
                                 const DetailsOptions* details) const {
    if (!is_chat()) {
        return;
    }
    std::string tail = R"(,"prompt_token_ids":null,"prompt_text":null})"
                       "\n\n";
    if (details != nullptr) {
        tail = R"(,"prompt_token_ids":)";
        if (details->wants_prompt_token_ids) {
            append_token_ids(tail, details->prompt_token_ids.front());
        } else {
            tail.append("null");
        }
        append_member(tail, R"(,"prompt_text":)", details->prompt_text_json);
        tail.append("}\n\n");
    }
    for (std::size_t index = 0; index < choices; ++index) {
        out.append(chunk_head_);
        append_json_int(out, index);
        out.append(R"(,"delta":{"role":)");
        append_json_string(out, options_.role);
        out.append(R"(,"content":""},"logprobs":null,"finish_reason":null}])");
        write_continuous_usage(out, prompt);
        out.append(tail);
    }
    if (details != nullptr && !details->echo_text.empty()) {
        write_echo(out, choices, details->echo_text, prompt);
    }
}

void ResponseWriter::write_echo(std::string& out, std::size_t choices, std::string_view text,
                                const Usage& prompt) const {
    for (std::size_t index = 0; index < choices; ++index) {
        out.append(chunk_head_);
        append_json_int(out, index);
        out.append(R"(,"delta":{"content":)");
        append_json_string(out, text);
        out.append(R"(},"logprobs":null,"finish_reason":null}])");
        write_continuous_usage(out, prompt);
        out.append("}\n\n");
    }
}

void ResponseWriter::write_chunk(std::string& out, std::size_t index, std::string_view text, const Ending& ending,
                                 const Usage& usage, const ChoiceMembers* members) const {
    out.append(chunk_head_);
    append_json_int(out, index);
    out.append(chunk_text_);
    if (members != nullptr) {
        append_json_escaped(out, members->text_before);
    }
    append_json_escaped(out, text);
    out.append(is_chat() ? R"("})" : R"(")");
    write_chunk_end(out, name_of(ending.finish_reason), ending, usage, members);
}

void ResponseWriter::write_parsed_chunk(std::string& out, std::size_t index, const ParsedAnswer& answer,
                                        const Ending& ending, const Usage& usage, const ChoiceMembers* members) const {
    out.append(chunk_head_);
    append_json_int(out, index);
    out.append(R"(,"delta":)");
    answer.append_delta(out);
    write_chunk_end(out, answer.name_of_end(ending.finish_reason), ending, usage, members);
}

void ResponseWriter::write_members(std::string& out, std::string_view finish_reason, const Ending& ending,
                                   const ChoiceMembers& members) const {
    const bool ends = ending.finish_reason != FinishReason::none;
    append_member(out, R"(,"logprobs":)", members.logprobs);
    if (ends) {
        out.append(R"(,"finish_reason":")").append(finish_reason).push_back('"');
    } else {
        out.append(R"(,"finish_reason":null)");
    }
    if (ends || !is_chat()) {
        out.append(R"(,"stop_reason":)");
        append_stop_reason(out, ending.stop_reason);
    }
    if (!is_chat()) {
        append_member(out, R"(,"prompt_token_ids":)", members.prompt_token_ids);
    }
    append_member(out, R"(,"token_ids":)", members.token_ids);
    out.append("}]");
}

void ResponseWriter::write_chunk_end(std::string& out, std::string_view finish_reason, const Ending& ending,
                                     const Usage& usage, const ChoiceMembers* members) const {
    const bool ends = ending.finish_reason != FinishReason::none;
    if (members != nullptr) {
        write_members(out, finish_reason, ending, *members);
    } else if (!ends) {
        out.append(chunk_running_);
    } else {
        out.append(R"(,"logprobs":null,"finish_reason":")").append(finish_reason).append(R"(","stop_reason":)");
        append_stop_reason(out, ending.stop_reason);
        out.append(is_chat() ? R"(,"token_ids":null}])" : R"(,"prompt_token_ids":null,"token_ids":null}])");
    }
    write_continuous_usage(out, usage);
    if (ends) {
        if (!options_.include_usage && !options_.system_fingerprint.empty()) {
            out.append(R"(,"system_fingerprint":)").append(fingerprint_json_);
        }
    }
    out.append("}\n\n");
}

void ResponseWriter::write_end(std::string& out, const Usage& total, const AnswerMembers& members) const {
    if (options_.include_usage) {
        out.append(head_).append(R"(],"usage":)");
        append_usage_counts(out, total);
        if (!members.prompt_tokens_details.empty()) {
            out.append(R"(,"prompt_tokens_details":)").append(members.prompt_tokens_details);
        }
        if (total.reasoning_tokens >= 0) {
            append_reasoning_tokens(out, total.reasoning_tokens);
        }
        out.push_back('}');
        if (!options_.system_fingerprint.empty()) {
            out.append(R"(,"system_fingerprint":)").append(fingerprint_json_);
        }
        if (!members.metrics.empty()) {
            out.append(R"(,"metrics":)").append(members.metrics);
        }
        out.append("}\n\n");
    }
    out.append(kDone);
}

void ResponseWriter::write_error(std::string& out, std::string_view error_json) {
    out.append("data: ").append(error_json).append("\n\n").append(kDone);
}

void ResponseWriter::write_body_begin(std::string& out) const { out.append(head_); }

void ResponseWriter::write_body_choice(std::string& out, std::size_t index, std::string_view text, const Ending& ending,
                                       const ChoiceMembers* members) const {
    out.append(index == 0 ? R"({"index":)" : R"(,{"index":)");
    append_json_int(out, index);
    const std::string_view before = members == nullptr ? std::string_view() : members->text_before;
    if (is_chat()) {
        out.append(R"(,"message":{"role":)");
        append_json_string(out, role_of(index));
        out.append(R"(,"content":")");
        append_json_escaped(out, before);
        append_json_escaped(out, text);
        out.append(R"(","refusal":null,"annotations":null,"audio":null,"function_call":null,"reasoning":null})");
    } else {
        out.append(R"(,"text":")");
        append_json_escaped(out, before);
        append_json_escaped(out, text);
        out.push_back('"');
    }
    write_choice_end(out, name_of(ending.finish_reason), ending, members);
}

void ResponseWriter::write_parsed_choice(std::string& out, std::size_t index, const ParsedAnswer& answer,
                                         const Ending& ending, const ChoiceMembers* members) const {
    out.append(index == 0 ? R"({"index":)" : R"(,{"index":)");
    append_json_int(out, index);
    out.append(R"(,"message":{"role":)");
    append_json_string(out, role_of(index));
    answer.append_message(out, members == nullptr ? std::string_view() : members->text_before);
    out.push_back('}');
    write_choice_end(out, answer.name_of_end(ending.finish_reason), ending, members);
}

void ResponseWriter::write_choice_end(std::string& out, std::string_view finish_reason, const Ending& ending,
                                      const ChoiceMembers* members) const {
    append_member(out, R"(,"logprobs":)", members == nullptr ? std::string_view() : members->logprobs);
    out.append(R"(,"finish_reason":")").append(finish_reason).append(R"(","stop_reason":)");
    append_stop_reason(out, ending.stop_reason);
    if (members != nullptr) {
        append_member(out, R"(,"token_ids":)", members->token_ids);
        if (!is_chat()) {
            append_member(out, R"(,"prompt_logprobs":)", members->prompt_logprobs);
            append_member(out, R"(,"prompt_token_ids":)", members->prompt_token_ids);
        }
        append_member(out, R"(,"routed_experts":)", members->routed_experts);
        out.push_back('}');
        return;
    }
    out.append(is_chat()
                   ? R"(,"token_ids":null,"routed_experts":null})"
                   : R"(,"token_ids":null,"prompt_logprobs":null,"prompt_token_ids":null,"routed_experts":null})");
}

void ResponseWriter::write_body_end(std::string& out, const Usage& total, const AnswerMembers& members) const {
    out.append(R"(],"service_tier":null,"system_fingerprint":)").append(fingerprint_json_).append(R"(,"usage":)");
    append_usage_counts(out, total);
    append_member(out, R"(,"prompt_tokens_details":)", members.prompt_tokens_details);
    if (total.reasoning_tokens >= 0) {
        append_reasoning_tokens(out, total.reasoning_tokens);
    } else {
        out.append(R"(,"completion_tokens_details":null)");
    }
    out.push_back('}');
    if (is_chat()) {
        append_member(out, R"(,"prompt_logprobs":)", members.prompt_logprobs);
        append_member(out, R"(,"prompt_token_ids":)", members.prompt_token_ids);
        append_member(out, R"(,"prompt_text":)", members.prompt_text);
    }
    append_member(out, R"(,"kv_transfer_params":)", members.kv_transfer_params);
    append_member(out, R"(,"ec_transfer_params":)", members.ec_transfer_params);
    append_member(out, R"(,"metrics":)", members.metrics);
    out.push_back('}');
}

}  // namespace fastfront
