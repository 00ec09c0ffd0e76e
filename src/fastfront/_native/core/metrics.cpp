// SPDX-License-Identifier: Apache-2.0
#include "metrics.hpp"

#include <algorithm>

namespace fastfront {

namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(HistogramId::count_)> kHistogramNames{
    "time_to_first_token_seconds",
    "inter_token_latency_seconds",
    "request_time_per_output_token_seconds",
    "e2e_request_latency_seconds",
    "request_queue_time_seconds",
    "request_prefill_time_seconds",
    "request_decode_time_seconds",
    "request_inference_time_seconds",
    "request_prompt_tokens",
    "request_generation_tokens",
    "request_max_num_generation_tokens",
    "request_params_n",
    "request_params_max_tokens",
    "request_prefill_kv_computed_tokens",
    "request_num_preemptions",
    "iteration_tokens_total",
    "prepare_seconds",
    "prompt_queue_seconds",
    "tokenize_seconds",
    "step_outputs",
    "step_write_seconds",
};

constexpr std::array<std::string_view, static_cast<std::size_t>(CounterId::count_)> kCounterNames{
    "prompt_tokens",
    "prompt_tokens_cached",
    "prompt_tokens_local_compute",
    "prompt_tokens_local_cache_hit",
    "prompt_tokens_external_kv_transfer",
    "generation_tokens",
    "num_preemptions",
    "corrupted_requests",
    "watermark_watermarked",
    "watermark_skipped",
    "watermark_not_watermarked",
    "tool_parser_plain",
    "tool_parser_called",
    "tool_parser_streaming_plain",
    "tool_parser_streaming_called",
    "success_stop",
    "success_length",
    "success_abort",
    "success_error",
    "success_repetition",
    "messages",
    "unknown_outputs",
    "bad_messages",
    "overflows",
    "ring_sends",
    "ring_calls",
};

}  // namespace

std::string_view name_of(HistogramId id) noexcept { return kHistogramNames[static_cast<std::size_t>(id)]; }
std::string_view name_of(CounterId id) noexcept { return kCounterNames[static_cast<std::size_t>(id)]; }

void Histogram::set_bounds(std::vector<double> bounds) {
    bounds_ = std::move(bounds);
    counts_ = std::make_unique<SingleWriter<std::uint64_t>[]>(bounds_.size() + 1);
}

void Histogram::observe(double value, std::uint64_t times) noexcept {
    const auto bucket = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
    counts_[static_cast<std::size_t>(bucket)].add(times);
    sum_.add(value * static_cast<double>(times));
}

void Metrics::set_engines(std::int64_t first, std::size_t count) {
    first_ = first;
    engines_.clear();
    for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
        engines_.push_back(std::make_unique<EngineMetrics>());
    }
    select(first);
}

void Metrics::set_bounds(HistogramId id, const std::vector<double>& bounds) {
    for (const auto& engine : engines_) {
        engine->histograms[static_cast<std::size_t>(id)].set_bounds(bounds);
    }
}

void Metrics::select(std::int64_t engine_index) noexcept {
    const bool known = engine_index >= first_ && engine_index - first_ < static_cast<std::int64_t>(engines_.size());
    selected_ = known ? static_cast<std::uint32_t>(engine_index - first_) : 0;
    current_ = engines_[selected_].get();
}

void Metrics::on_output(const EngineCoreOutput& output, double engine_time, double wall_time,
                        RequestTimes& times) noexcept {
    if (times.prefilling) {
        if (output.has_prefill_stats) {
            const PrefillStats& prefill = output.prefill_stats;
            const auto positive = [](std::int64_t n) {
                return static_cast<std::uint64_t>(std::max<std::int64_t>(n, 0));
            };
            counter(CounterId::prompt_tokens).add(positive(prefill.num_prompt_tokens));
            counter(CounterId::prompt_tokens_cached).add(positive(prefill.num_cached_tokens));
            counter(CounterId::prompt_tokens_local_compute).add(positive(prefill.num_computed_tokens));
            counter(CounterId::prompt_tokens_local_cache_hit).add(positive(prefill.num_local_cached_tokens));
            counter(CounterId::prompt_tokens_external_kv_transfer).add(positive(prefill.num_external_cached_tokens));
            times.cached_tokens = std::max<std::int64_t>(prefill.num_cached_tokens, 0);
        }
        times.engine = selected_;
        times.first_token_latency = wall_time - times.arrival;
        histogram(HistogramId::time_to_first_token_seconds).observe(times.first_token_latency);
    }
    if (output.queued_at != 0.0) {
        times.queued = output.queued_at;
    }
    if (output.scheduled_at != 0.0 && times.scheduled == 0.0) {
        times.scheduled = output.scheduled_at;
    }
    times.corrupted = times.corrupted || output.corrupted;
    times.preemptions += output.preemptions;
    counter(CounterId::num_preemptions).add(output.preemptions);
    if (times.prefilling) {
        times.first_token = engine_time;
        times.prefilling = false;
    } else {
        histogram(HistogramId::inter_token_latency_seconds).observe(engine_time - times.last_token);
    }
    times.last_token = engine_time;
}

void Metrics::on_finished(FinishReason reason, const RequestTimes& times, double wall_time, std::size_t prompt_tokens,
                          std::size_t generation_tokens, std::int64_t max_tokens) noexcept {
    EngineMetrics& engine = engine_of(times);
    const auto observe = [&](HistogramId id, double value) {
        engine.histograms[static_cast<std::size_t>(id)].observe(value);
    };
    const auto offset = static_cast<std::uint8_t>(reason == FinishReason::none ? FinishReason::abort : reason);
    const auto base = static_cast<std::uint8_t>(CounterId::success_stop);
    engine.counters[base + offset].add(1);
    engine.counters[static_cast<std::size_t>(CounterId::corrupted_requests)].add(times.corrupted ? 1 : 0);
    if (times.watermark != Watermark::none) {
        const auto first = static_cast<std::size_t>(CounterId::watermark_watermarked);
        engine.counters[first + static_cast<std::size_t>(times.watermark) - 1].add(1);
    }
    observe(HistogramId::e2e_request_latency_seconds, wall_time - times.arrival);
    observe(HistogramId::request_prompt_tokens, static_cast<double>(prompt_tokens));
    observe(HistogramId::request_generation_tokens, static_cast<double>(generation_tokens));
    observe(HistogramId::request_num_preemptions, times.preemptions);
    observe(HistogramId::request_prefill_kv_computed_tokens,
            static_cast<double>(prompt_tokens) - static_cast<double>(times.cached_tokens));
    if (max_tokens > 0) {
        observe(HistogramId::request_params_max_tokens, static_cast<double>(max_tokens));
    }
    if (times.prefilling) {
        return;  // ended before its first token: there are no phases to measure
    }
    const double decode = times.last_token - times.first_token;
    observe(HistogramId::request_decode_time_seconds, decode);
    observe(HistogramId::request_time_per_output_token_seconds,
            generation_tokens > 1 ? decode / static_cast<double>(generation_tokens - 1) : 0.0);
    if (times.scheduled != 0.0) {  // an engine that sends no events (log stats off) leaves these three unknown
        observe(HistogramId::request_queue_time_seconds, times.scheduled - times.queued);
        observe(HistogramId::request_prefill_time_seconds, times.first_token - times.scheduled);
        observe(HistogramId::request_inference_time_seconds, times.last_token - times.scheduled);
    }
}

void Metrics::on_prompt_finished(const RequestTimes& times, std::size_t n, std::size_t longest_generation) noexcept {
    EngineMetrics& engine = engine_of(times);
    engine.histograms[static_cast<std::size_t>(HistogramId::request_params_n)].observe(static_cast<double>(n));
    engine.histograms[static_cast<std::size_t>(HistogramId::request_max_num_generation_tokens)].observe(
        static_cast<double>(longest_generation));
}

HistogramTotal total_of(std::span<Metrics* const> all, HistogramId id, std::size_t engine) {
    HistogramTotal total;
    for (const Metrics* each : all) {
        const Histogram& histogram = each->of_engine(engine).histograms[static_cast<std::size_t>(id)];
        total.bounds = histogram.bounds();
        total.counts.resize(total.bounds.size() + 1);
        for (std::size_t bucket = 0; bucket < total.counts.size(); ++bucket) {
            total.counts[bucket] += histogram.count(bucket);
        }
        total.sum += histogram.sum();
    }
    return total;
}

std::uint64_t total_of(std::span<Metrics* const> all, CounterId id, std::size_t engine) noexcept {
    std::uint64_t total = 0;
    for (const Metrics* each : all) {
        total += each->of_engine(engine).counters[static_cast<std::size_t>(id)].get();
    }
    return total;
}

std::uint64_t total_of(std::span<Metrics* const> all, CounterId id) noexcept {
    std::uint64_t total = 0;
    for (std::size_t engine = 0; engine < all.front()->engine_count(); ++engine) {
        total += total_of(all, id, engine);
    }
    return total;
}

}  // namespace fastfront
