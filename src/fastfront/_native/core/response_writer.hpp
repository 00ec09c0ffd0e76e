// SPDX-License-Identifier: Apache-2.0
// Writes OpenAI responses as bytes: chat and completion chunks as server-sent events, and whole bodies.
// Member order, null members and where finish_reason rides are those of vLLM's Python server
// (entrypoints/openai/{chat_completion,completion}/serving.py, model_dump_json(exclude_unset=True)); the parity tests
// compare them. All that is constant over a response is rendered once, in the constructor.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "answer_details.hpp"
#include "engine_outputs.hpp"
#include "parsed_answer.hpp"

namespace fastfront {

enum class ResponseKind : std::uint8_t { chat_stream, chat, completion_stream, completion };

struct ResponseOptions {
    ResponseKind kind = ResponseKind::chat_stream;
    std::string id;
    std::string model;
    std::int64_t created = 0;  // Unix seconds
    std::string role = "assistant";
    std::vector<std::string> roles;  // by choice, of a whole answer whose choices have different ones
    std::string system_fingerprint;  // "" = null
    bool include_usage = false;
    bool continuous_usage = false;
};

/// Token counts of a choice, or of a whole response.
struct Usage {
    std::size_t prompt_tokens = 0;
    std::size_t completion_tokens = 0;
    std::int64_t reasoning_tokens = -1;  // of the completion's; -1 = nobody counts them

    /// One more choice's: `reasoning` of `tokens`, or -1.
    void add_completion(std::size_t tokens, std::int64_t reasoning) noexcept {
        completion_tokens += tokens;
        if (reasoning >= 0) {
            reasoning_tokens = reasoning + (reasoning_tokens < 0 ? 0 : reasoning_tokens);
        }
    }
};

/// The end of a choice.
struct Ending {
    FinishReason finish_reason = FinishReason::none;
    StopReason stop_reason;
};

class ResponseWriter {
  public:
    explicit ResponseWriter(ResponseOptions options);

    [[nodiscard]] bool streams() const noexcept {
        return options_.kind == ResponseKind::chat_stream || options_.kind == ResponseKind::completion_stream;
    }

    /// Who speaks in a choice.
    [[nodiscard]] const std::string& role_of(std::size_t choice) const noexcept {
        return choice < options_.roles.size() ? options_.roles[choice] : options_.role;
    }

    [[nodiscard]] bool is_chat() const noexcept {
        return options_.kind == ResponseKind::chat_stream || options_.kind == ResponseKind::chat;
    }

    /// Stream: what precedes the first text (chat: one role chunk per choice, then the echo). `prompt`: no
    /// completion yet. `details`: null = none.
    void write_begin(std::string& out, std::size_t choices, const Usage& prompt, const DetailsOptions* details) const;
    /// Stream: one chunk; with a finish reason it is the choice's last. `members`: null = none.
    void write_chunk(std::string& out, std::size_t index, std::string_view text, const Ending& ending,
                     const Usage& usage, const ChoiceMembers* members = nullptr) const;
    /// The same for an answer that is parsed: its delta of this step.
    void write_parsed_chunk(std::string& out, std::size_t index, const ParsedAnswer& answer, const Ending& ending,
                            const Usage& usage, const ChoiceMembers* members = nullptr) const;
    /// Stream: usage chunk if asked for, then [DONE].
    void write_end(std::string& out, const Usage& total, const AnswerMembers& members = {}) const;
    /// Stream: an error event, then [DONE].
    static void write_error(std::string& out, std::string_view error_json);

    /// Whole body: begin, one choice after the other in order of index, end.
    void write_body_begin(std::string& out) const;
    void write_body_choice(std::string& out, std::size_t index, std::string_view text, const Ending& ending,
                           const ChoiceMembers* members = nullptr) const;
    void write_parsed_choice(std::string& out, std::size_t index, const ParsedAnswer& answer, const Ending& ending,
                             const ChoiceMembers* members = nullptr) const;
    void write_body_end(std::string& out, const Usage& total, const AnswerMembers& members = {}) const;

    /// Begin to fetch what write_chunk copies.
    void prefetch() const noexcept {
        for (std::size_t at = 0; at < chunk_head_.size(); at += 64) {
            __builtin_prefetch(chunk_head_.data() + at);
        }
    }

  private:
    void write_continuous_usage(std::string& out, const Usage& usage) const;
    void write_echo(std::string& out, std::size_t choices, std::string_view text, const Usage& prompt) const;
    void write_chunk_end(std::string& out, std::string_view finish_reason, const Ending& ending, const Usage& usage,
                         const ChoiceMembers* members) const;
    void write_members(std::string& out, std::string_view finish_reason, const Ending& ending,
                       const ChoiceMembers& members) const;
    void write_choice_end(std::string& out, std::string_view finish_reason, const Ending& ending,
                          const ChoiceMembers* members) const;

    ResponseOptions options_;
    std::string head_;                // `data: {"id":…,"choices":[` or `{"id":…,"choices":[`
    std::string chunk_head_;          // head_ + `{"index":`
    std::string_view chunk_text_;     // between the index and the text
    std::string_view chunk_running_;  // between a running choice's delta or text and the next event, without usage
    std::string fingerprint_json_;    // `"vllm-…"` or `null`
};

}  // namespace fastfront
