// SPDX-License-Identifier: Apache-2.0
#include "response.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace fastfront {

namespace {

std::atomic<std::int64_t> live_responses{0};

/// vLLM's answer to a request that its engine reports as failed.
constexpr std::string_view kGenerationError =
    R"({"error":{"message":"Internal server error","type":"InternalServerError","param":null,"code":500}})";

/// Wire ids are unique among all frontends that may share an engine: a random start per process, then counting.
std::uint64_t next_wire_id() noexcept {
    static std::atomic<std::uint64_t> next{[] {
        std::random_device entropy;
        return (std::uint64_t{entropy()} << 32) | (std::uint64_t{entropy()} & 0xff000000u);
    }()};
    return next.fetch_add(1, std::memory_order_relaxed);
}

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
      mailbox_(spec.mailbox_limit) {
    choices_.reserve(running_);
    for (std::size_t prompt = 0; prompt < spec.prompts.size(); ++prompt) {
        prompt_tokens_.push_back(spec.prompts[prompt].token_count);
        for (std::size_t sample = 0; sample < n_; ++sample) {
            choices_.push_back(
                {.wire_id = next_wire_id(),
                 .prompt = prompt,
                 .pipeline = RequestPipeline(spec.pipeline, spec.prompts[prompt].detokenizer),
                 .parsed = spec.parsers ? std::make_unique<ParsedAnswer>(spec.parsers, !writer_.streams()) : nullptr,
                 .times = {.arrival = spec.arrival_time},
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
        total.completion_tokens += choice.tokens;
    }
    return total;
}

News Response::on_output(std::size_t choice, const EngineCoreOutput& output, std::span<const std::uint32_t> token_ids,
                         double engine_time, double wall_time, Metrics& metrics, Consequences& consequences,
                         SendRing* ring) noexcept {
    const std::lock_guard lock(mutex_);
    Choice& target = choices_[choice];
    if (finished_ || target.finished) {
        return News::none;
    }
    metrics.on_output(output, engine_time, wall_time, target.times);
    metrics.counter(CounterId::generation_tokens).add(token_ids.size());
    if (target.pipeline.needs_texts()) {
        deltas_.push_back({choice,
                           {token_ids.begin(), token_ids.end()},
                           output.finish_reason,
                           output.stop_reason.kind,
                           output.stop_reason.token,
                           std::string(output.stop_reason.text)});
        return News::reader;
    }
    const PipelineStep step = target.pipeline.push(token_ids, output.finish_reason, output.stop_reason);
    return apply(choice, step, wall_time, metrics, consequences, ring);
}

News Response::on_sent(std::int32_t result, SendRing& ring, double wall_time, Metrics& metrics,
                       Consequences& consequences) noexcept {
    const std::lock_guard lock(mutex_);
    if (lost_ || overflowed_) {
        return News::none;  // given up while it flew: nothing follows it
    }
    return after(socket_->sent(result, ring), wall_time, metrics, consequences);
}

News Response::feed(std::size_t choice, std::size_t token_count, std::span<const std::string> texts,
                    FinishReason finish, StopReason reason, double wall_time, Metrics& metrics,
                    Consequences& consequences) noexcept {
    const std::lock_guard lock(mutex_);
    if (finished_ || choices_[choice].finished) {
        return News::none;
    }
    const PipelineStep step = choices_[choice].pipeline.push_texts(token_count, texts, finish, reason);
    return apply(choice, step, wall_time, metrics, consequences, nullptr);
}

News Response::apply(std::size_t index, const PipelineStep& step, double wall_time, Metrics& metrics,
                     Consequences& consequences, SendRing* ring) noexcept {
    Choice& choice = choices_[index];
    choice.tokens += step.token_count;
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
    if (choice.parsed) {
        choice.parsed->push(step.text, step.specials);
        if (ends) {
            choice.parsed->finish();
        }
    }
    if (!writer_.streams()) {
        choice.text = step.text;
        if (!finished_) {
            return News::none;
        }
        write_whole_body();
        return commit(wall_time, metrics, consequences, ring);
    }

    if (ring != nullptr && socket_) {
        socket_->borrow(*ring);
    }
    std::string& out = sink().buffer();
    if (!begun_) {
        begun_ = true;
        writer_.write_begin(out, choices_.size(), prompt_tokens_.front());
    }
    write_step(index, step);
    if (finished_) {
        writer_.write_end(out, total_usage());
    }
    return commit(wall_time, metrics, consequences, ring);
}

void Response::write_step(std::size_t index, const PipelineStep& step) noexcept {
    const Choice& choice = choices_[index];
    const bool ends = step.finish_reason != FinishReason::none;
    const Usage usage{prompt_tokens_[choice.prompt], choice.tokens};
    const Ending ending{step.finish_reason, step.stop_reason};
    if (choice.parsed) {
        // Markup makes no chunk, nor does what may become some.
        if (ends || choice.parsed->has_news()) {
            writer_.write_parsed_chunk(sink().buffer(), index, *choice.parsed, ending, usage);
        }
        return;
    }
    // An output that brings nothing yet (a prefill that goes on) makes no chunk; an end always does.
    if (ends || step.token_count > 0 || !step.text.empty() || choice.tokens > 0) {
        writer_.write_chunk(sink().buffer(), index, step.text, ending, usage);
    }
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
    writer_.write_body_begin(out);
    for (std::size_t i = 0; i < choices_.size(); ++i) {
        if (choices_[i].parsed) {
            writer_.write_parsed_choice(out, i, *choices_[i].parsed, choices_[i].ending);
        } else {
            writer_.write_body_choice(out, i, choices_[i].text, choices_[i].ending);
        }
    }
    writer_.write_body_end(out, total_usage());
}

News Response::end_with_error(int status, std::string_view error_json, double wall_time, Metrics& metrics,
                              Consequences& consequences) noexcept {
    finished_ = true;
    deltas_.clear();
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

bool Response::hand_over(std::unique_ptr<SocketSink> socket, double wall_time, Metrics& metrics,
                         Consequences& consequences, News& news) noexcept {
    const std::lock_guard lock(mutex_);
    if (error_status_ != 0 || overflowed_ || socket_) {
        return false;
    }
    socket_ = std::move(socket);
    socket_->buffer().append(mailbox_.buffer());
    std::string().swap(mailbox_.buffer());
    news = commit(wall_time, metrics, consequences);
    return true;
}

News Response::send_head(double wall_time, Metrics& metrics, Consequences& consequences) noexcept {
    const std::lock_guard lock(mutex_);
    if (!socket_ || finished_) {
        return News::none;
    }
    return after(socket_->send_head(), wall_time, metrics, consequences);
}

News Response::on_writable(double wall_time, Metrics& metrics, Consequences& consequences) noexcept {
    const std::lock_guard lock(mutex_);
    if (!socket_ || lost_ || overflowed_) {
        return News::none;
    }
    return after(socket_->flush(), wall_time, metrics, consequences);
}

int Response::socket_fd() noexcept {
    const std::lock_guard lock(mutex_);
    return socket_ ? socket_->fd() : -1;
}

bool Response::delivered() noexcept {
    const std::lock_guard lock(mutex_);
    return socket_ && socket_->delivered();
}

bool Response::over() noexcept {
    const std::lock_guard lock(mutex_);
    return finished_ && (!socket_ || lost_ || overflowed_ || socket_->delivered());
}

int Response::http_status() noexcept {
    const std::lock_guard lock(mutex_);
    return http_status_;
}

bool Response::lost() noexcept {
    const std::lock_guard lock(mutex_);
    return lost_;
}

void Response::take(std::string& into) noexcept {
    into.clear();
    const std::lock_guard lock(mutex_);
    into.swap(mailbox_.buffer());
}

std::size_t Response::pending() noexcept {
    const std::lock_guard lock(mutex_);
    return mailbox_.buffer().size();
}

std::vector<RawDelta> Response::take_deltas() noexcept {
    const std::lock_guard lock(mutex_);
    return std::exchange(deltas_, {});
}

bool Response::finished() noexcept {
    const std::lock_guard lock(mutex_);
    return finished_;
}

bool Response::overflowed() noexcept {
    const std::lock_guard lock(mutex_);
    return overflowed_;
}

int Response::error(std::string& json) {
    const std::lock_guard lock(mutex_);
    json = error_json_;
    return error_status_;
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
    sink().buffer().clear();
}

}  // namespace fastfront
