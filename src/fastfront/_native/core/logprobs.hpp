// SPDX-License-Identifier: Apache-2.0
// The `logprobs` and `prompt_logprobs` members of answers: rows of the engine in, JSON out, as vLLM's server makes it
// (_create_chat_logprobs, _create_completion_logprobs in vllm/entrypoints/openai, and vllm/v1/engine/logprobs.py).
// A row is what vLLM's dict of a position is: its token first, a token once, the last value given for it. Knows nothing
// of requests, streams or choices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine_outputs.hpp"
#include "json_float.hpp"
#include "token_text.hpp"

namespace fastfront {

/// What all choices of a response share.
struct LogprobsOptions {
    std::shared_ptr<const Vocab> vocab;
    bool chat = true;  // the layout: a list of tokens, or four parallel lists
    FloatStyle style = FloatStyle::python;
    bool as_token_ids = false;      // tokens are called "token_id:N"
    bool ranks = false;             // chat's layout: a token's rank, too
    bool show_all = false;          // `logprob_token_ids`: every token of the row
    std::int64_t shown = 0;         // tokens beside the sampled one (completions) or in all (chat); -1 = all
    std::int64_t kept = -1;         // tokens beside the first that vLLM keeps of a row; -1 = all
    std::int64_t prompt_kept = -1;  // the same for rows of the prompt
};

/// Rows that outlive the message they came with.
class OwnedLogprobRows {
  public:
    explicit OwnedLogprobRows(const LogprobRows& rows);
    OwnedLogprobRows(const OwnedLogprobRows&) = delete;
    OwnedLogprobRows& operator=(const OwnedLogprobRows&) = delete;

    /// Valid as long as this is.
    [[nodiscard]] const LogprobRows& rows() const noexcept { return rows_; }

  private:
    std::vector<std::uint8_t> bytes_;
    LogprobRows rows_;
};

/// One position: its tokens in order.
class LogprobRow {
  public:
    struct Entry {
        std::int64_t token_id;
        double logprob;
        std::int64_t rank;
    };

    /// Take row number `row`; `kept` as in LogprobsOptions.
    void read(const LogprobRows& rows, std::size_t row, std::int64_t kept);
    [[nodiscard]] std::span<const Entry> entries() const noexcept { return entries_; }
    [[nodiscard]] const Entry* find(std::int64_t token_id) const noexcept;

  private:
    std::vector<Entry> entries_;
};

/// The `logprobs` member of one choice, written token by token.
class LogprobsWriter {
  public:
    explicit LogprobsWriter(std::shared_ptr<const LogprobsOptions> options) : options_(std::move(options)) {}

    /// A generated token and its row; no rows: the engine sent none for it.
    void push(std::uint32_t token_id, const LogprobRows* rows, std::size_t row);
    /// Completions' echo: the prompt's first token, which has no logprobs.
    void push_first_of_prompt(std::uint32_t token_id);
    /// Completions' echo: another token of the prompt.
    void push_prompt(std::uint32_t token_id, const LogprobRows& rows, std::size_t row);

    /// Append what was pushed since the last time, as a JSON object.
    void write(std::string& out);

  private:
    void add(std::int64_t token_id, const LogprobRow& row, const TokenContext& context);
    void add_chat(std::int64_t token_id, const LogprobRow& row, const TokenContext& context);
    void add_rank(const LogprobRow::Entry& entry);
    void add_completion(std::int64_t token_id, const LogprobRow& row, const TokenContext& context);
    void add_without_row(std::uint32_t token_id);
    void add_top(const LogprobRow& row, const TokenContext& context);
    void begin_completion_token(std::string_view token);
    [[nodiscard]] std::string_view name(std::int64_t token_id, const TokenContext& context);
    [[nodiscard]] std::string_view decoded(std::int64_t token_id, const TokenContext& context);

    std::shared_ptr<const LogprobsOptions> options_;
    TokenContext context_;
    TokenContext prompt_context_;
    LogprobRow row_;
    std::string scratch_;
    std::string name_;
    // Chat: the list's elements are in the first. Completions: one string per list.
    std::string content_, text_offset_, token_logprobs_, top_logprobs_;
    std::size_t next_offset_ = 0;         // characters
    std::vector<std::size_t> name_ends_;  // scratch of add_top
    std::string names_;
    std::vector<double> values_;
    std::unordered_map<std::string, std::size_t> by_name_;
};

/// The `prompt_logprobs` member: a list with null for the first token.
class PromptLogprobsWriter {
  public:
    explicit PromptLogprobsWriter(std::shared_ptr<const LogprobsOptions> options) : options_(std::move(options)) {}

    /// The rows of the prompt's next tokens.
    void push(const LogprobRows& rows);
    /// Append the whole list.
    void write(std::string& out) const { out.append(json_).push_back(']'); }

  private:
    std::shared_ptr<const LogprobsOptions> options_;
    TokenContext context_;
    LogprobRow row_;
    std::string scratch_;
    std::string json_ = "[null";
};

}  // namespace fastfront
