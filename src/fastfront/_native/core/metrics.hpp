// SPDX-License-Identifier: Apache-2.0
// Counters and histograms that the pump thread feeds and /metrics reads. Names are vLLM's (vllm/v1/metrics/loggers.py)
// without the `vllm:` prefix. One thread writes, any thread reads: relaxed atomics without read-modify-write.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "engine_outputs.hpp"

namespace fastfront {

/// A number with one writing thread.
template <typename Number>
class SingleWriter {
  public:
    void add(Number amount) noexcept { value_.store(get() + amount, std::memory_order_relaxed); }
    void set(Number value) noexcept { value_.store(value, std::memory_order_relaxed); }
    [[nodiscard]] Number get() const noexcept { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<Number> value_{};
};

/// Observations counted per bucket (not cumulated), the last one being +Inf.
class Histogram {
  public:
    /// Upper bounds, ascending, without +Inf. Before the first observation only.
    void set_bounds(std::vector<double> bounds);
    void observe(double value, std::uint64_t times = 1) noexcept;
    [[nodiscard]] const std::vector<double>& bounds() const noexcept { return bounds_; }
    [[nodiscard]] std::uint64_t count(std::size_t bucket) const noexcept { return counts_[bucket].get(); }
    [[nodiscard]] double sum() const noexcept { return sum_.get(); }

  private:
    std::vector<double> bounds_;
    std::unique_ptr<SingleWriter<std::uint64_t>[]> counts_ = std::make_unique<SingleWriter<std::uint64_t>[]>(1);
    SingleWriter<double> sum_;
};

enum class HistogramId : std::uint8_t {
    time_to_first_token_seconds,
    inter_token_latency_seconds,
    request_time_per_output_token_seconds,
    e2e_request_latency_seconds,
    request_queue_time_seconds,
    request_prefill_time_seconds,
    request_decode_time_seconds,
    request_inference_time_seconds,
    request_prompt_tokens,
    request_generation_tokens,
    request_max_num_generation_tokens,
    request_params_n,
    request_params_max_tokens,
    request_prefill_kv_computed_tokens,
    request_num_preemptions,
    iteration_tokens_total,
    // fastfront's own
    prepare_seconds,       // from a request's last byte to the engine's socket
    prompt_queue_seconds,  // of that: waiting for a thread of the pool
    tokenize_seconds,      // of that: tokenizing
    step_outputs,          // outputs of an engine step
    step_write_seconds,    // from an engine's message to its last byte with the kernel or in a mailbox
    count_,
};

enum class CounterId : std::uint8_t {
    prompt_tokens,
    prompt_tokens_cached,
    prompt_tokens_local_compute,
    prompt_tokens_local_cache_hit,
    prompt_tokens_external_kv_transfer,
    generation_tokens,
    num_preemptions,
    corrupted_requests,
    watermark_watermarked,  // finished requests by what Watermark says of them
    watermark_skipped,
    watermark_not_watermarked,
    tool_parser_plain,  // invocations of tool parsers: whole answers without a call and with one, deltas likewise
    tool_parser_called,
    tool_parser_streaming_plain,
    tool_parser_streaming_called,
    success_stop,  // the five finish reasons, in FinishReason's order
    success_length,
    success_abort,
    success_error,
    success_repetition,
    messages,         // engine steps received
    unknown_outputs,  // outputs for requests that nobody waits for
    bad_messages,     // messages that could not be decoded
    overflows,        // responses given up because their reader was too slow
    ring_sends,       // frames that went to the kernel through a SendRing
    ring_calls,       // in so many system calls
    count_,
};

[[nodiscard]] std::string_view name_of(HistogramId id) noexcept;
[[nodiscard]] std::string_view name_of(CounterId id) noexcept;

/// Whether a request's answer has the engine's watermark: no engine has one, it does, it wants it but cannot, it does
/// not want it.
enum class Watermark : std::uint8_t { none, watermarked, skipped, not_watermarked };

/// When a request reached its stations. Wall clock for arrival; the engine's monotonic clock for the rest.
struct RequestTimes {
    double arrival = 0.0;
    double queued = 0.0;
    double scheduled = 0.0;
    double first_token = 0.0;
    double last_token = 0.0;
    double first_token_latency = 0.0;  // seconds from the arrival, on the wall clock
    std::uint32_t preemptions = 0;
    std::uint32_t engine = 0;        // among those that are counted, as Metrics::select left it
    std::int64_t cached_tokens = 0;  // prompt tokens that needed no prefill
    bool prefilling = true;
    bool corrupted = false;
    Watermark watermark = Watermark::none;
    FinishReason reason = FinishReason::none;
    double ended = 0.0;  // wall clock; 0 = it has not

    void end(FinishReason why, double wall_time) noexcept {
        reason = why;
        ended = wall_time;
    }
};

/// What is counted of one engine.
struct EngineMetrics {
    std::array<Histogram, static_cast<std::size_t>(HistogramId::count_)> histograms;
    std::array<SingleWriter<std::uint64_t>, static_cast<std::size_t>(CounterId::count_)> counters;
};

/// What one thread counts, for each engine apart.
class Metrics {
  public:
    Metrics() { set_engines(0, 1); }

    /// The engines there are. Before anything else: it begins anew.
    void set_engines(std::int64_t first, std::size_t count);
    /// Bounds of a histogram, for every engine. Before the first observation only.
    void set_bounds(HistogramId id, const std::vector<double>& bounds);
    [[nodiscard]] std::size_t engine_count() const noexcept { return engines_.size(); }
    [[nodiscard]] const EngineMetrics& of_engine(std::size_t engine) const noexcept { return *engines_[engine]; }

    // --- the writing thread ------------------------------------------------------------------------------------------
    /// What is counted from now on is this engine's; one that is not known counts as the first.
    void select(std::int64_t engine_index) noexcept;
    [[nodiscard]] Histogram& histogram(HistogramId id) noexcept {
        return current_->histograms[static_cast<std::size_t>(id)];
    }
    [[nodiscard]] SingleWriter<std::uint64_t>& counter(CounterId id) noexcept {
        return current_->counters[static_cast<std::size_t>(id)];
    }

    /// One output of one request (vLLM: IterationStats.update_from_output). Times in seconds.
    void on_output(const EngineCoreOutput& output, double engine_time, double wall_time, RequestTimes& times) noexcept;
    /// A request has ended (vLLM: update_from_finished_request); it counts as the engine's that it was with.
    /// max_tokens < 0: not known.
    void on_finished(FinishReason reason, const RequestTimes& times, double wall_time, std::size_t prompt_tokens,
                     std::size_t generation_tokens, std::int64_t max_tokens) noexcept;
    /// A tool parser has seen a delta of a stream, or a whole answer.
    void on_tools_parsed(bool streaming, bool called) noexcept {
        const auto base = static_cast<std::uint8_t>(CounterId::tool_parser_plain);
        counter(static_cast<CounterId>(base + (streaming ? 2 : 0) + (called ? 1 : 0))).add(1);
    }
    /// All choices of one prompt have ended.
    void on_prompt_finished(const RequestTimes& times, std::size_t n, std::size_t longest_generation) noexcept;

  private:
    /// The engine that a request was with.
    [[nodiscard]] EngineMetrics& engine_of(const RequestTimes& times) noexcept { return *engines_[times.engine]; }

    std::vector<std::unique_ptr<EngineMetrics>> engines_;
    std::int64_t first_ = 0;
    std::uint32_t selected_ = 0;
    EngineMetrics* current_ = nullptr;
};

/// What several objects have counted, added up. They have the same bounds.
struct HistogramTotal {
    std::vector<double> bounds;
    std::vector<std::uint64_t> counts;  // per bucket, the last one being +Inf
    double sum = 0.0;
};
[[nodiscard]] HistogramTotal total_of(std::span<Metrics* const> all, HistogramId id, std::size_t engine);
[[nodiscard]] std::uint64_t total_of(std::span<Metrics* const> all, CounterId id, std::size_t engine) noexcept;
/// All engines together.
[[nodiscard]] std::uint64_t total_of(std::span<Metrics* const> all, CounterId id) noexcept;

}  // namespace fastfront
