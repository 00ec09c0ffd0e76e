// SPDX-License-Identifier: Apache-2.0
// What an answer carries besides its text, for the requests that ask for it: logprobs, token ids, the echoed prompt,
// cached tokens and timings. One AnswerDetails per choice; a plain response has none and pays nothing. Makes the JSON
// of members; which member goes where is the writer's business (response_writer.hpp). Knows no sink, no other choice.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine_outputs.hpp"
#include "logprobs.hpp"
#include "metrics.hpp"
#include "npy.hpp"

namespace fastfront {

/// What all choices of a response share. vLLM's names of the fields are in the comments.
struct DetailsOptions {
    std::shared_ptr<const LogprobsOptions> logprobs = {};  // what tokens are called, and how many are shown
    bool chat = true;                                      // members of the whole answer are not its choices'
    bool wants_logprobs = false;                           // logprobs
    bool wants_prompt_logprobs = false;                    // prompt_logprobs
    bool wants_token_ids = false;                          // return_token_ids
    bool wants_prompt_token_ids = false;                   // the same, of the prompt
    bool echoes_prompt = false;                            // completions: echo
    bool echoes_only = false;                  // echo with max_tokens 0: the token that the engine made is left out
    bool shows_cached_tokens = false;          // --enable-prompt-tokens-details
    bool shows_metrics = false;                // --enable-per-request-metrics, one prompt and one answer
    std::int64_t remote_cached_tokens = -1;    // kv_transfer_params.remote_prefill_cached_tokens; -1 = none
    std::string echo_text = {};                // chat's echo: the last message; "" = none
    std::vector<std::string> echo_texts = {};  // by prompt, where there are several chats
    std::string prompt_text_json = {};         // return_prompt_text; "" = null
    std::vector<std::vector<std::uint32_t>> prompt_token_ids = {};  // by prompt, where an echo or the client needs them
    std::vector<std::string> prompt_texts = {};                     // by prompt, for completions' echo
};

/// Members of one chunk or choice as JSON; "" = null.
struct ChoiceMembers {
    std::string text_before;  // text that precedes the choice's own: no JSON
    std::string logprobs;
    std::string token_ids;
    std::string prompt_token_ids;
    std::string prompt_logprobs;
    std::string routed_experts;

    void clear() noexcept;
};

/// Members of the end of a stream or of a whole body, as JSON; "" = null (a stream leaves them out).
struct AnswerMembers {
    std::string prompt_tokens_details;
    std::string prompt_logprobs;
    std::string prompt_token_ids;
    std::string prompt_text;
    std::string kv_transfer_params;
    std::string ec_transfer_params;
    std::string metrics;
};

/// Append the ids as a JSON list.
void append_token_ids(std::string& out, std::span<const std::uint32_t> token_ids);
/// Append PerRequestMetrics; `speculative`: its member of that kind as JSON, "" = null; `whole`: null members are
/// there.
void append_metrics(std::string& out, const RequestTimes& times, std::size_t tokens, std::string_view speculative,
                    bool whole);

class AnswerDetails {
  public:
    AnswerDetails(std::shared_ptr<const DetailsOptions> options, std::size_t prompt, bool whole);

    /// Take one engine output. `token_ids`: those that count.
    void push(const EngineCoreOutput& output, const OutputExtras* extras, std::span<const std::uint32_t> token_ids);

    /// Keep the output's logprobs and routed experts until push_held() brings the tokens: their text is made outside.
    void hold(const EngineCoreOutput& output, const OutputExtras* extras);
    /// The tokens of the oldest output that was held; of none, where nothing was.
    void push_held(std::span<const std::uint32_t> token_ids);

    /// The next chunk's `logprobs`, which somebody else has made, as JSON. For an answer that wants none of ours.
    void give_logprobs(std::string_view json) { given_logprobs_ = json; }

    /// A chunk has to be made even where the text has no news.
    [[nodiscard]] bool makes_chunks() const noexcept { return options_->wants_logprobs || options_->wants_token_ids; }
    /// Completions' echo: the first chunk comes with the prompt, whether there is a token or not.
    [[nodiscard]] bool owes_echo() const noexcept { return options_->echoes_prompt && !shown_prompt_; }
    [[nodiscard]] bool leaves_out_text() const noexcept { return options_->echoes_only; }

    /// What came since the last call, for a chunk or (once, at the end) a whole choice. Valid until the next call.
    const ChoiceMembers& take();

    [[nodiscard]] std::int64_t cached_tokens() const noexcept { return cached_tokens_; }
    [[nodiscard]] std::int64_t created_cache_tokens() const noexcept { return created_cache_tokens_; }

  private:
    struct Held {
        Held(std::uint32_t tokens, const LogprobRows& rows, const WireArray& experts)
            : token_count(tokens), logprobs(rows), routed_experts(experts) {}

        std::uint32_t token_count;
        OwnedLogprobRows logprobs;
        OwnedWireArray routed_experts;
    };

    void push_prompt(const LogprobRows& rows);

    std::shared_ptr<const DetailsOptions> options_;
    std::size_t prompt_;
    bool whole_;
    bool begun_ = false;
    bool shown_prompt_ = false;
    std::size_t prompt_rows_ = 0;
    std::int64_t cached_tokens_ = 0;
    std::int64_t created_cache_tokens_ = 0;
    LogprobsWriter logprobs_;
    PromptLogprobsWriter prompt_logprobs_;
    std::string given_logprobs_;
    std::deque<Held> held_;  // as many as the response has raw deltas
    NpyChunks routed_experts_;
    std::vector<std::uint32_t> token_ids_;
    ChoiceMembers members_;
};

/// What a whole answer carries besides its choices.
class ResponseDetails {
  public:
    explicit ResponseDetails(std::shared_ptr<const DetailsOptions> options) : options_(std::move(options)) {}

    [[nodiscard]] const DetailsOptions& options() const noexcept { return *options_; }
    [[nodiscard]] const std::shared_ptr<const DetailsOptions>& shared_options() const noexcept { return options_; }

    /// A choice has had its first output.
    void on_first(const AnswerDetails& choice) noexcept;
    /// The engine tells how well it drafted the only choice: RequestSpecDecodeMetrics as MessagePack.
    void on_spec_decode(std::span<const std::uint8_t> raw, bool whole);
    /// A choice of prompt number `prompt` has ended with this output.
    void on_end(std::size_t prompt, const AnswerDetails& choice, const OutputExtras* extras);

    /// Without prompt_logprobs, which a choice has. `times` and `tokens`: of the only choice, for its metrics.
    [[nodiscard]] AnswerMembers members(bool whole, const RequestTimes& times, std::size_t tokens) const;

  private:
    struct Cached {
        std::int64_t tokens = 0;
        std::int64_t created = 0;
    };

    std::shared_ptr<const DetailsOptions> options_;
    bool begun_ = false;
    Cached first_;  // streams show what the first output says
    Cached last_;   // whole answers what the last prompt's last choice to end says
    std::size_t last_prompt_ = 0;
    std::string spec_decode_;                              // JSON; "" = the engine tells nothing
    std::string kv_transfer_params_, ec_transfer_params_;  // of the first prompt's last choice to end
};

}  // namespace fastfront
