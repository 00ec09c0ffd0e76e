// SPDX-License-Identifier: Apache-2.0
// One engine request on its way from token ids to text: detokenize → stop strings → what may be shown now.
// The order and the arithmetic are vLLM's (vllm/v1/engine/detokenizer.py, BaseIncrementalDetokenizer): tests compare
// them. Knows nothing of JSON, sinks, sockets or other requests.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "detokenizer.hpp"
#include "engine_outputs.hpp"
#include "shown_special.hpp"
#include "stop_matcher.hpp"

namespace fastfront {

/// What all choices of a response share.
struct PipelineOptions {
    StopMatcher stops;
    bool include_stop_str_in_output = false;
    std::size_t min_tokens = 0;
    bool keep_all_text = false;  // whole responses: nothing is shown before the end
    /// Special tokens that a parser wants to see, sorted; null: there are none.
    std::shared_ptr<const std::vector<std::uint32_t>> shown_specials = nullptr;
    std::size_t stream_interval = 1;  // tokens that are shown together; the first one is not kept waiting
};

/// What one engine output amounts to.
struct PipelineStep {
    std::string_view text;                        // newly shown; valid until the next push
    std::span<const ShownSpecial> specials = {};  // those of shown_specials in it; as valid
    std::size_t token_count = 0;                  // tokens that count (those behind a stop string don't)
    FinishReason finish_reason = FinishReason::none;
    StopReason stop_reason;
    bool stopped_by_string = false;  // the frontend ended it: the engine has to be told, unless it had ended too
    bool withheld = false;           // nothing is shown yet: more tokens have to come (stream_interval)
};

class RequestPipeline {
  public:
    /// Without a detokenizer the text comes from outside, through push_texts.
    RequestPipeline(std::shared_ptr<const PipelineOptions> options, std::optional<Detokenizer> detokenizer);

    [[nodiscard]] bool needs_texts() const noexcept { return !detokenizer_.has_value(); }
    [[nodiscard]] std::size_t num_tokens() const noexcept { return num_tokens_; }

    /// Take one engine output's tokens.
    PipelineStep push(std::span<const std::uint32_t> token_ids, FinishReason finish, StopReason reason) noexcept;

    /// Take one engine output whose tokens were detokenized elsewhere; texts[i] is what token i completed.
    PipelineStep push_texts(std::size_t token_count, std::span<const std::string> texts, FinishReason finish,
                            StopReason reason) noexcept;

  private:
    /// The last token of an engine-stopped request (EOS, stop token) is not shown unless asked for.
    [[nodiscard]] std::size_t visible_tokens(std::size_t count, FinishReason finish) const noexcept;
    PipelineStep conclude(std::size_t token_count, FinishReason finish, StopReason reason) noexcept;
    void begin_step() noexcept;
    void push_token(std::uint32_t token_id) noexcept;
    void show(std::size_t until, PipelineStep& step) noexcept;
    [[nodiscard]] bool waits_for_more() noexcept;

    std::shared_ptr<const PipelineOptions> options_;
    bool stops_;  // options_->stops are not empty; copied, like the next, for one look into memory less per token
    bool keep_all_text_;
    bool has_interval_;
    std::span<const std::uint32_t> watched_;  // options_->shown_specials
    std::optional<Detokenizer> detokenizer_;
    std::string text_;       // shown text that a stop string may still begin in, then text not shown yet
    std::size_t shown_ = 0;  // bytes of text_ already shown
    std::size_t num_tokens_ = 0;
    std::size_t tokens_shown_ = 0;         // num_tokens_ when something was last shown; only with a stream_interval
    std::vector<std::size_t> boundaries_;  // text_ size before the first and after each token of this step
    std::vector<ShownSpecial> specials_;   // in text_, those shown in this step and those not shown yet
    std::size_t specials_shown_ = 0;       // of them, until the next step
};

}  // namespace fastfront
