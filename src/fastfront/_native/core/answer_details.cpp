// SPDX-License-Identifier: Apache-2.0
#include "answer_details.hpp"

#include <algorithm>

#include "json_float.hpp"
#include "json_writer.hpp"
#include "msgpack_json.hpp"
#include "spec_decode_metrics.hpp"

namespace fastfront {

void ChoiceMembers::clear() noexcept {
    text_before.clear();
    logprobs.clear();
    token_ids.clear();
    prompt_token_ids.clear();
    prompt_logprobs.clear();
    routed_experts.clear();
}

void append_token_ids(std::string& out, std::span<const std::uint32_t> token_ids) {
    out.push_back('[');
    for (const std::uint32_t id : token_ids) {
        append_json_int(out, id);
        out.push_back(',');
    }
    if (token_ids.empty()) {
        out.push_back(']');
    } else {
        out.back() = ']';
    }
}

/// vLLM's build_per_request_timing_metrics; a time that is not known is 0.
void append_metrics(std::string& out, const RequestTimes& times, std::size_t tokens, std::string_view speculative,
                    bool whole) {
    const FloatStyle style = whole ? FloatStyle::python : FloatStyle::pydantic;
    const auto append = [&](std::string_view name, bool known, double value) {
        if (known || whole) {
            out.append(out.back() == '{' ? R"(")" : R"(,")").append(name).append(R"(":)");
            if (known) {
                append_json_float(out, value, style);
            } else {
                out.append("null");
            }
        }
    };
    const bool scheduled = times.scheduled > 0;
    const bool began = times.first_token > 0;
    const bool ended = times.last_token > 0;
    const double decode = times.last_token - times.first_token;
    const double inference_ms = (times.last_token - times.scheduled) * 1000;
    const auto count = static_cast<double>(tokens);
    out.push_back('{');
    append("time_to_first_token_ms", scheduled && began, (times.first_token - times.scheduled) * 1000);
    append("generation_time_ms", began && ended, decode * 1000);
    append("queue_time_ms", times.queued > 0 && scheduled, (times.scheduled - times.queued) * 1000);
    append("mean_itl_ms", began && ended && tokens > 1, decode / (count - 1) * 1000);
    append("tokens_per_second", scheduled && ended && inference_ms > 0, count / inference_ms * 1000);
    if (whole || !speculative.empty()) {
        out.append(out.back() == '{' ? R"("speculative_decoding":)" : R"(,"speculative_decoding":)");
        out.append(speculative.empty() ? "null" : speculative);
    }
    out.push_back('}');
}

AnswerDetails::AnswerDetails(std::shared_ptr<const DetailsOptions> options, std::size_t prompt, bool whole)
    : options_(std::move(options)),
      prompt_(prompt),
      whole_(whole),
      logprobs_(options_->logprobs),
      prompt_logprobs_(options_->logprobs) {}

void AnswerDetails::push(const EngineCoreOutput& output, const OutputExtras* extras,
                         std::span<const std::uint32_t> token_ids) {
    if (!begun_) {
        begun_ = true;
        if (output.has_prefill_stats) {
            cached_tokens_ = output.prefill_stats.num_cached_tokens;
            created_cache_tokens_ = output.prefill_stats.num_cache_creation_tokens;
        }
        if (options_->remote_cached_tokens >= 0) {
            cached_tokens_ = options_->remote_cached_tokens;
        }
        if (options_->echoes_prompt && options_->wants_logprobs && !options_->prompt_token_ids[prompt_].empty()) {
            logprobs_.push_first_of_prompt(options_->prompt_token_ids[prompt_].front());
        }
    }
    if (extras != nullptr && !extras->prompt_logprobs.empty()) {
        push_prompt(extras->prompt_logprobs);
    }
    if (options_->wants_logprobs && !options_->echoes_only) {
        const LogprobRows* rows = extras == nullptr || extras->logprobs.empty() ? nullptr : &extras->logprobs;
        for (std::size_t i = 0; i < token_ids.size(); ++i) {
            logprobs_.push(token_ids[i], rows, i);
        }
    }
    if (options_->wants_token_ids) {
        token_ids_.insert(token_ids_.end(), token_ids.begin(), token_ids.end());
    }
    if (whole_ && extras != nullptr && !extras->routed_experts.empty()) {
        // Of a step that a stop string cut, the dropped tokens' rows go, too.
        const std::size_t dropped = output.token_count - std::min<std::size_t>(output.token_count, token_ids.size());
        const std::size_t rows = extras->routed_experts.shape[0];
        routed_experts_.push(extras->routed_experts, rows - std::min(rows, dropped));
    }
}

void AnswerDetails::hold(const EngineCoreOutput& output, const OutputExtras* extras) {
    held_.emplace_back(output.token_count,
                       extras == nullptr || !options_->wants_logprobs ? LogprobRows() : extras->logprobs,
                       extras == nullptr || !whole_ ? WireArray() : extras->routed_experts);
}

void AnswerDetails::push_held(std::span<const std::uint32_t> token_ids) {
    if (held_.empty()) {
        push({}, nullptr, token_ids);
        return;
    }
    const Held& held = held_.front();
    EngineCoreOutput output;
    output.token_count = held.token_count;
    OutputExtras extras;
    extras.logprobs = held.logprobs.rows();
    extras.routed_experts = held.routed_experts.array();
    push(output, &extras, token_ids);
    held_.pop_front();
}

void AnswerDetails::push_prompt(const LogprobRows& rows) {
    if (options_->wants_prompt_logprobs) {
        prompt_logprobs_.push(rows);
    }
    if (options_->echoes_prompt && options_->wants_logprobs) {
        const auto& ids = options_->prompt_token_ids[prompt_];
        for (std::size_t row = 0; row < rows.rows() && prompt_rows_ + 1 < ids.size(); ++row) {
            logprobs_.push_prompt(ids[++prompt_rows_], rows, row);
        }
    }
}

const ChoiceMembers& AnswerDetails::take() {
    members_.clear();
    if (options_->wants_logprobs) {
        logprobs_.write(members_.logprobs);
    } else {
        members_.logprobs.swap(given_logprobs_);
    }
    if (options_->wants_token_ids) {
        append_token_ids(members_.token_ids, token_ids_);
        token_ids_.clear();
    }
    if (!shown_prompt_) {
        shown_prompt_ = true;
        if (options_->wants_prompt_token_ids && !options_->chat) {
            append_token_ids(members_.prompt_token_ids, options_->prompt_token_ids[prompt_]);
        }
        // With the ids there is no text: whoever asks for them has no use for it.
        if (options_->echoes_prompt && !options_->wants_token_ids) {
            members_.text_before = options_->prompt_texts[prompt_];
        }
    }
    if (whole_) {
        if (options_->chat) {
            const auto& texts = options_->echo_texts;
            members_.text_before = prompt_ < texts.size() ? texts[prompt_] : options_->echo_text;
        }
        if (options_->wants_prompt_logprobs) {
            prompt_logprobs_.write(members_.prompt_logprobs);
        }
        if (!routed_experts_.empty()) {
            members_.routed_experts = '"';
            routed_experts_.write(members_.routed_experts);
            members_.routed_experts.push_back('"');
        }
    }
    return members_;
}

void ResponseDetails::on_first(const AnswerDetails& choice) noexcept {
    if (!begun_) {
        begun_ = true;
        first_ = {choice.cached_tokens(), choice.created_cache_tokens()};
    }
}

void ResponseDetails::on_spec_decode(std::span<const std::uint8_t> raw, bool whole) {
    spec_decode_.clear();
    append_spec_decode_metrics(spec_decode_, raw, whole);
}

void ResponseDetails::on_end(std::size_t prompt, const AnswerDetails& choice, const OutputExtras* extras) {
    if (prompt >= last_prompt_) {
        last_prompt_ = prompt;
        last_ = {choice.cached_tokens(), choice.created_cache_tokens()};
    }
    if (prompt == 0) {
        kv_transfer_params_.clear();
        ec_transfer_params_.clear();
        if (extras != nullptr) {
            // What cannot be told is left null.
            static_cast<void>(append_msgpack_as_json(kv_transfer_params_, extras->kv_transfer_params));
            static_cast<void>(append_msgpack_as_json(ec_transfer_params_, extras->ec_transfer_params));
        }
    }
}

AnswerMembers ResponseDetails::members(bool whole, const RequestTimes& times, std::size_t tokens) const {
    AnswerMembers members;
    if (options_->shows_cached_tokens) {
        const Cached& cached = whole ? last_ : first_;
        std::string& out = members.prompt_tokens_details;
        out = R"({"cached_tokens":)";
        append_json_int(out, cached.tokens);
        if (options_->chat) {
            out.append(R"(,"created_cache_tokens":)");
            append_json_int(out, cached.created);
        } else if (whole) {
            out.append(R"(,"created_cache_tokens":null)");
        }
        out.append(whole ? R"(,"multimodal_tokens":null})" : "}");
    }
    if (options_->shows_metrics || !spec_decode_.empty()) {
        append_metrics(members.metrics, options_->shows_metrics ? times : RequestTimes{}, tokens, spec_decode_, whole);
    }
    if (options_->wants_prompt_token_ids && options_->chat) {
        append_token_ids(members.prompt_token_ids, options_->prompt_token_ids.front());
    }
    members.prompt_text = options_->prompt_text_json;
    members.kv_transfer_params = kv_transfer_params_;
    members.ec_transfer_params = ec_transfer_params_;
    return members;
}

}  // namespace fastfront
