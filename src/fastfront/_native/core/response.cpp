// SPDX-License-Identifier: Apache-2.0
#include "response.hpp"

#include <algorithm>
#include <utility>

#include "wire_ids.hpp"

namespace fastfront {

namespace {

std::atomic<std::int64_t> live_responses{0};

/// vLLM's answer to a request that its engine reports as failed.
constexpr std::string_view kGenerationError =
    R"({"error":{"message":"Internal server error","type":"InternalServerError","param":null,"code":500}})";

void prefetch_bytes(const void* begin, std::size_t size) noexcept {
    for (std::size_t at = 0; at < size; at += 64) {
        __builtin_prefetch(static_cast<const char*>(begin) + at);
    }
}

}  // namespace

bool PromptInfo::prime(std::shared_ptr<const Vocab> vocab, DetokenizerOptions detokenizer_options,
                       std::span<const std::uint32_t> tail, bool whole) {
    detokenizer.emplace(std::move(vocab), detokenizer_options);
    return detokenizer->prime(tail, whole);
}

std::int64_t Response::live_count() noexcept { return live_responses.load(); }

Response::Response(ResponseSpec spec)
    : writer_(std::move(spec.options)),
      n_(spec.n),
      max_tokens_(spec.max_tokens),
      running_(spec.prompts.size() * spec.n),
      mailbox_(spec.mailbox_limit),
      details_(spec.details ? std::make_unique<ResponseDetails>(spec.details) : nullptr),
      last_word_(spec.arrival_time) {
    choices_.reserve(running_);
    for (std::size_t prompt = 0; prompt < spec.prompts.size(); ++prompt) {
        prompt_tokens_.push_back(spec.prompts[prompt].token_count);
        for (std::size_t sample = 0; sample < n_; ++sample) {
            choices_.push_back(
                {.wire_id = next_wire_id(),
                 .prompt = prompt,
                 .pipeline = RequestPipeline(spec.pipeline, spec.prompts[prompt].detokenizer),
                 .parsed = spec.parsers ? std::make_unique<ParsedAnswer>(spec.parsers, !writer_.streams()) : nullptr,
                 .details =
                     spec.details ? std::make_unique<AnswerDetails>(spec.details, prompt, !writer_.streams()) : nullptr,
                 .times = {.arrival = spec.arrival_time, .watermark = spec.watermark},
                 .ending = {},
                 .text = {},
                 .stop_text = {}});
        }
    }
    live_responses.fetch_add(1);
}

void Response::prefetch() const noexcept { prefetch_bytes(this, sizeof *this); }

void Response::prefetch_more() const noexcept {
    prefetch_bytes(choices_.data(), sizeof(Choice));
    writer_.prefetch();
}

Response::~Response() { live_responses.fetch_sub(1); }

Usage Response::total_usage() const noexcept {
    Usage total;
    for (const std::size_t tokens : prompt_tokens_) {
        total.prompt_tokens += tokens;
    }
    for (const Choice& choice : choices_) {
        total.add_completion(choice.tokens, choice.reasoning_tokens());
    }
    return total;
}

News Response::on_output(std::size_t choice, const EngineCoreOutput& output, std::span<const std::uint32_t> token_ids,
                         const OutputExtras* extras, double engine_time, double wall_time, Metrics& metrics,
                         Consequences& consequences, SendRing* ring) noexcept {
    const std::lock_guard lock(mutex_);
    Choice& target = choices_[choice];
    if (finished_ || target.finished) {
        return News::none;
    }
    metrics.on_output(output, engine_time, wall_time, target.times);
    metrics.counter(CounterId::generation_tokens).add(token_ids.size());
    if (target.pipeline.needs_texts()) {
        hold_details(target, output, extras);
        deltas_.push_back({choice,
                           {token_ids.begin(), token_ids.end()},
                           output.finish_reason,
                           output.stop_reason.kind,
                           output.stop_reason.token,
                           std::string(output.stop_reason.text)});
        return News::reader;
    }
    const PipelineStep step = target.pipeline.push(token_ids, output.finish_reason, output.stop_reason);
    if (extras != nullptr || target.details) {
        take_details(target, output, extras, token_ids.first(step.token_count),
                     step.finish_reason != FinishReason::none);
    }
    return apply(choice, step, token_ids.first(step.token_count), wall_time, metrics, consequences, ring);
}

News Response::on_sent(std::int32_t result, SendRing& ring, double wall_time, Metrics& metrics,
                       Consequences& consequences) noexcept {
    const std::lock_guard lock(mutex_);
    if (lost_ || overflowed_) {
        return News::none;  // given up while it flew: nothing follows it
    }
    return after(socket_->sent(result, ring), wall_time, metrics, consequences);
}

News Response::feed(std::size_t choice, std::span<const std::uint32_t> token_ids, std::span<const std::string> texts,
                    FinishReason finish, StopReason reason, std::string_view logprobs, double wall_time,
                    Metrics& metrics, Consequences& consequences) noexcept {
    const std::lock_guard lock(mutex_);
    if (finished_ || choices_[choice].finished) {
        return News::none;
    }
    Choice& target = choices_[choice];
    const PipelineStep step = target.pipeline.push_texts(token_ids.size(), texts, finish, reason);
    if (target.details) {
        target.details->push_held(token_ids.first(step.token_count));
        target.details->give_logprobs(logprobs);
    }
    return apply(choice, step, token_ids.first(step.token_count), wall_time, metrics, consequences, nullptr);
}

News Response::apply(std::size_t index, const PipelineStep& step, std::span<const std::uint32_t> token_ids,
                     double wall_time, Metrics& metrics, Consequences& consequences, SendRing* ring) noexcept {
    Choice& choice = choices_[index];
    choice.tokens += step.token_count;
    if (choice.parsed) {
        choice.parsed->count(token_ids);
    }
    if (step.finish_reason == FinishReason::error) {
        finish_choice(choice, FinishReason::error, wall_time, metrics, consequences);
        end_running(FinishReason::abort, wall_time, metrics, consequences);
        return end_with_error(500, kGenerationError, wall_time, metrics, consequences);
    }

    const bool ends = step.finish_reason != FinishReason::none;
    if (ends) {
        choice.ending = {step.finish_reason, step.stop_reason};
        if (step.stopped_by_string) {
            consequences.to_abort.push_back(choice.wire_id);
        } else if (step.stop_reason.kind == StopReason::Kind::text) {
            choice.stop_text = step.stop_reason.text;  // it lives in the message, which goes before the body is written
            choice.ending.stop_reason.text = choice.stop_text;
        }
        finish_choice(choice, step.finish_reason, wall_time, metrics, consequences);
        finished_ = running_ == 0;
    }
    if (choice.parsed && choice.parsed->parsed_outside()) {
        finished_ = false;  // not before the pieces of the last step are there
        steps_.push_back({index, std::string(step.text), {token_ids.begin(), token_ids.end()}, ends});
        open_steps_.push_back(
            {index, step.token_count, {step.finish_reason, choice.ending.stop_reason}, step.withheld});
        return News::reader;
    }
    if (choice.parsed) {
        choice.parsed->push(step.text, step.specials);
        if (ends) {
            choice.parsed->finish();
        }
        if (choice.parsed->parses_tools() && (writer_.streams() || ends)) {
            const bool called = writer_.streams() ? choice.parsed->is_calling() : choice.parsed->has_called();
            metrics.on_tools_parsed(writer_.streams(), called);
        }
    }
    return show(index, step, wall_time, metrics, consequences, ring);
}

News Response::give(std::size_t index, const Pieces& pieces, double wall_time, Metrics& metrics,
                    Consequences& consequences) noexcept {
    const std::lock_guard lock(mutex_);
    const auto open = std::ranges::find(open_steps_, index, &OpenStep::choice);
    if (finished_ || open == open_steps_.end()) {
        return News::none;
    }
    const PipelineStep step{.text = {},
                            .token_count = open->token_count,
                            .finish_reason = open->ending.finish_reason,
                            .stop_reason = open->ending.stop_reason,
                            .withheld = open->withheld};
    open_steps_.erase(open);
    finished_ = running_ == 0 && open_steps_.empty();
    choices_[index].parsed->give(pieces);
    return show(index, step, wall_time, metrics, consequences, nullptr);
}

News Response::show(std::size_t index, const PipelineStep& step, double wall_time, Metrics& metrics,
                    Consequences& consequences, SendRing* ring) noexcept {
    if (!writer_.streams()) {
        choices_[index].text = step.text;
        if (!finished_) {
            return News::none;
        }
        write_whole_body();
        return commit(wall_time, metrics, consequences, ring);
    }

    if (ring != nullptr && socket_) {
        socket_->borrow(*ring);
    }
    last_word_ = wall_time;
    std::string& out = sink().buffer();
    if (!begun_) {
        begun_ = true;
        const Usage prompt{prompt_tokens_.front(), 0, choices_.front().reasoning_tokens() < 0 ? -1 : 0};
        writer_.write_begin(out, choices_.size(), prompt, details_ ? &details_->options() : nullptr);
    }
    write_step(index, step);
    if (finished_) {
        writer_.write_end(out, total_usage(), members());
    }
    return commit(wall_time, metrics, consequences, ring);
}

void Response::write_step(std::size_t index, const PipelineStep& step) noexcept {
    const Choice& choice = choices_[index];
    AnswerDetails* const details = choice.details.get();
    const bool ends = step.finish_reason != FinishReason::none;
    // An output that brings nothing yet (a prefill that goes on) makes no chunk; an end always does.
    const bool nothing = !ends && step.token_count == 0 && step.text.empty() && choice.tokens == 0;
    if (step.withheld || (nothing && (details == nullptr || !details->owes_echo()))) {
        return;
    }
    const Usage usage{prompt_tokens_[choice.prompt], choice.tokens, choice.reasoning_tokens()};
    const Ending ending{step.finish_reason, step.stop_reason};
    if (choice.parsed) {
        // Markup makes no chunk, nor does what may become some.
        if (ends || choice.parsed->has_news() || (details != nullptr && details->makes_chunks())) {
            writer_.write_parsed_chunk(sink().buffer(), index, *choice.parsed, ending, usage,
                                       details == nullptr ? nullptr : &details->take());
        }
        return;
    }
    if (details == nullptr) [[likely]] {
        writer_.write_chunk(sink().buffer(), index, step.text, ending, usage);
        return;
    }
    writer_.write_chunk(sink().buffer(), index, details->leaves_out_text() ? std::string_view() : step.text, ending,
                        usage, &details->take());
}

AnswerMembers Response::members() const {
    return details_ ? details_->members(!writer_.streams(), choices_.front().times, choices_.front().tokens)
                    : AnswerMembers{};
}

News Response::commit(double wall_time, Metrics& metrics, Consequences& consequences, SendRing* ring) noexcept {
    const SinkState state = socket_ ? socket_->commit(finished_, ring) : mailbox_.commit(finished_);
    return after(state, wall_time, metrics, consequences);
}

News Response::after(SinkState state, double wall_time, Metrics& metrics, Consequences& consequences) noexcept {
    switch (state) {
        case SinkState::open:
            // The socket sink's reader only waits for the end.
            return !socket_ || socket_->delivered() ? News::reader : News::none;
        case SinkState::blocked: return News::blocked;
        case SinkState::flying: return News::none;
        case SinkState::full:
            if (finished_ && !socket_) {
                return News::reader;  // nothing more comes: what waits may wait
            }
            overflowed_ = true;
            metrics.counter(CounterId::overflows).add(1);
            break;
        case SinkState::lost: lost_ = true; break;
    }
    finished_ = true;
    end_running(FinishReason::abort, wall_time, metrics, consequences);
    sink().buffer().clear();
    return News::reader;
}

void Response::finish_choice(Choice& choice, FinishReason reason, double wall_time, Metrics& metrics,
                             Consequences& consequences) noexcept {
    choice.finished = true;
    choice.times.end(reason, wall_time);
    --running_;
    consequences.ended.push_back(choice.wire_id);
    metrics.on_finished(reason, choice.times, wall_time, prompt_tokens_[choice.prompt], choice.tokens, max_tokens_);

    std::size_t longest = 0;
    const std::size_t first = choice.prompt * n_;
    for (std::size_t sample = first; sample < first + n_; ++sample) {
        if (!choices_[sample].finished) {
            return;
        }
        longest = std::max(longest, choices_[sample].tokens);
    }
    metrics.on_prompt_finished(choice.times, n_, longest);
}

void Response::end_running(FinishReason reason, double wall_time, Metrics& metrics,
                           Consequences& consequences) noexcept {
    for (Choice& choice : choices_) {
        if (!choice.finished) {
            consequences.to_abort.push_back(choice.wire_id);
            finish_choice(choice, reason, wall_time, metrics, consequences);
        }
    }
}

void Response::write_whole_body() noexcept {
    std::string& out = sink().buffer();
    AnswerMembers answer = members();
    writer_.write_body_begin(out);
    for (std::size_t i = 0; i < choices_.size(); ++i) {
        const Choice& choice = choices_[i];
        const ChoiceMembers* const details = choice.details ? &choice.details->take() : nullptr;
        if (choice.parsed) {
            writer_.write_parsed_choice(out, i, *choice.parsed, choice.ending, details);
        } else {
            const bool empty = choice.details && choice.details->leaves_out_text();
            writer_.write_body_choice(out, i, empty ? std::string_view() : choice.text, choice.ending, details);
        }
        if (i == 0 && details != nullptr) {
            answer.prompt_logprobs = details->prompt_logprobs;
        }
    }
    writer_.write_body_end(out, total_usage(), answer);
}

News Response::end_with_error(int status, std::string_view error_json, double wall_time, Metrics& metrics,
                              Consequences& consequences) noexcept {
    finished_ = true;
    deltas_.clear();
    steps_.clear();
    error_status_ = status;
    error_json_ = error_json;
    if (socket_ && socket_->send_error(status, error_json)) {
        http_status_ = status;
        return after(socket_->flush(), wall_time, metrics, consequences);
    }
    if (writer_.streams()) {
        ResponseWriter::write_error(sink().buffer(), error_json);
    }
    return socket_ ? commit(wall_time, metrics, consequences) : News::reader;
}

News Response::fail(int status, std::string_view error_json, double wall_time, Metrics& metrics,
                    Consequences& consequences) noexcept {
    const std::lock_guard lock(mutex_);
    if (finished_) {
        return News::none;
    }
    end_running(FinishReason::error, wall_time, metrics, consequences);
    return end_with_error(status, error_json, wall_time, metrics, consequences);
}

void Response::abandon(double wall_time, Metrics& metrics, Consequences& consequences) noexcept {
    const std::lock_guard lock(mutex_);
    if (finished_) {
        lost_ = true;
        return;
    }
    end_running(FinishReason::abort, wall_time, metrics, consequences);
    finished_ = true;
    lost_ = true;  // nothing more is written, not even what waits
    deltas_.clear();
    steps_.clear();
    sink().buffer().clear();
}

}  // namespace fastfront
