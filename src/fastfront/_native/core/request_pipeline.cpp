// SPDX-License-Identifier: Apache-2.0
#include "request_pipeline.hpp"

#include <algorithm>

namespace fastfront {

namespace {

/// Shown text is dropped from the buffer in blocks, so that a long stream costs no move per token.
constexpr std::size_t kCompactBytes = 4096;

/// Byte offset that lies `chars` characters before the end of `utf8`.
std::size_t offset_before_end(std::string_view utf8, std::size_t chars) noexcept {
    std::size_t at = utf8.size();
    while (chars > 0 && at > 0) {
        do {
            --at;
        } while (at > 0 && (static_cast<unsigned char>(utf8[at]) & 0xc0) == 0x80);
        --chars;
    }
    return at;
}

}  // namespace

RequestPipeline::RequestPipeline(std::shared_ptr<const PipelineOptions> options, std::optional<Detokenizer> detokenizer)
    : options_(std::move(options)),
      stops_(!options_->stops.empty()),
      keep_all_text_(options_->keep_all_text),
      has_interval_(options_->stream_interval > 1 && !keep_all_text_),
      watched_(options_->shown_specials ? *options_->shown_specials : std::span<const std::uint32_t>()),
      detokenizer_(std::move(detokenizer)) {}

std::size_t RequestPipeline::visible_tokens(std::size_t count, FinishReason finish) const noexcept {
    const bool hide_last = finish == FinishReason::stop && count > 0 && !options_->include_stop_str_in_output;
    return hide_last ? count - 1 : count;
}

void RequestPipeline::begin_step() noexcept {
    if (!watched_.empty()) {
        specials_.erase(specials_.begin(), specials_.begin() + static_cast<std::ptrdiff_t>(specials_shown_));
        specials_shown_ = 0;
    }
    if (!keep_all_text_) {
        const std::size_t context = stops_ ? options_->stops.context_bytes() : 0;
        if (shown_ == text_.size() && context == 0) {
            text_.clear();
            shown_ = 0;
        } else if (shown_ > kCompactBytes + context) {
            const std::size_t drop = shown_ - context;
            text_.erase(0, drop);
            shown_ -= drop;
            for (ShownSpecial& special : specials_) {
                special.begin -= drop;
                special.end -= drop;
            }
        }
    }
    boundaries_.clear();
}

PipelineStep RequestPipeline::push(std::span<const std::uint32_t> token_ids, FinishReason finish,
                                   StopReason reason) noexcept {
    begin_step();
    const std::size_t visible = visible_tokens(token_ids.size(), finish);
    if (!stops_) {
        for (std::size_t i = 0; i < visible; ++i) {
            push_token(token_ids[i]);
        }
    } else {
        boundaries_.push_back(text_.size());
        for (std::size_t i = 0; i < token_ids.size(); ++i) {
            if (i < visible) {
                push_token(token_ids[i]);
            }
            boundaries_.push_back(text_.size());
        }
    }
    return conclude(token_ids.size(), finish, reason);
}

void RequestPipeline::push_token(std::uint32_t token_id) noexcept {
    if (watched_.empty() || !std::ranges::binary_search(watched_, token_id)) {
        detokenizer_->push(token_id, text_);
        return;
    }
    const std::size_t before = text_.size();
    detokenizer_->push_shown(token_id, text_);
    // What was held back of an unfinished character comes out before it.
    const std::size_t size = detokenizer_->vocab().token(token_id).bytes.size();
    if (size > 0 && text_.size() >= before + size) {
        specials_.push_back({text_.size() - size, text_.size(), token_id});
    }
}

PipelineStep RequestPipeline::push_texts(std::size_t token_count, std::span<const std::string> texts,
                                         FinishReason finish, StopReason reason) noexcept {
    begin_step();
    const std::size_t visible = visible_tokens(token_count, finish);
    boundaries_.push_back(text_.size());
    for (std::size_t i = 0; i < token_count; ++i) {
        if (i < visible && i < texts.size()) {
            text_.append(texts[i]);
        }
        boundaries_.push_back(text_.size());
    }
    return conclude(token_count, finish, reason);
}

PipelineStep RequestPipeline::conclude(std::size_t token_count, FinishReason finish, StopReason reason) noexcept {
    const std::size_t before = num_tokens_;
    PipelineStep step{.text = {}, .token_count = token_count, .finish_reason = finish, .stop_reason = reason};
    num_tokens_ += token_count;

    if (stops_ && token_count > 0 && num_tokens_ > options_->min_tokens) {
        const std::size_t exempt = options_->min_tokens > before ? options_->min_tokens - before : 0;
        if (const auto match = options_->stops.find(text_, boundaries_[exempt])) {
            step.finish_reason = FinishReason::stop;
            step.stop_reason = {StopReason::Kind::text, 0, options_->stops.stop(match->index)};
            step.stopped_by_string = true;
            // Tokens behind the one that completed the stop string never happened.
            const auto kept = std::lower_bound(boundaries_.begin() + 1, boundaries_.end(), match->end);
            step.token_count = std::min(token_count, static_cast<std::size_t>(kept - boundaries_.begin()));
            num_tokens_ = before + step.token_count;
            text_.resize(options_->include_stop_str_in_output ? match->end : match->begin);
        }
    }

    if (step.finish_reason != FinishReason::none) {
        show(text_.size(), step);
    } else if (has_interval_ && waits_for_more()) {
        step.withheld = true;
    } else if (!keep_all_text_) {
        const std::size_t hold =
            stops_ && !options_->include_stop_str_in_output ? options_->stops.hold_back_chars() : 0;
        show(hold == 0 ? text_.size() : offset_before_end(text_, hold), step);
    }
    return step;
}

/// vLLM's RequestState.make_request_output: the first output, and every one that completes the interval, is shown.
bool RequestPipeline::waits_for_more() noexcept {
    if (tokens_shown_ != 0 && num_tokens_ - tokens_shown_ < options_->stream_interval) {
        return true;
    }
    tokens_shown_ = num_tokens_;
    return false;
}

void RequestPipeline::show(std::size_t until, PipelineStep& step) noexcept {
    if (!watched_.empty()) {
        // A special token is shown whole or not at all; one that a stop string has cut is none.
        std::erase_if(specials_, [this](const ShownSpecial& special) { return special.end > text_.size(); });
        for (const ShownSpecial& special : specials_) {
            if (special.begin < until && until < special.end) {
                until = special.begin;
            }
        }
    }
    if (until <= shown_) {
        return;
    }
    step.text = std::string_view(text_).substr(shown_, until - shown_);
    if (!watched_.empty()) {
        while (specials_shown_ < specials_.size() && specials_[specials_shown_].end <= until) {
            ShownSpecial& special = specials_[specials_shown_++];
            special.begin -= shown_;
            special.end -= shown_;
        }
        step.specials = {specials_.data(), specials_shown_};
    }
    shown_ = until;
}

}  // namespace fastfront
