// SPDX-License-Identifier: Apache-2.0
// What the engines have told of themselves, added up: the pump thread records their SchedulerStats, /metrics and the
// log read. One lock, taken once per engine step and per reading. Knows nothing of requests.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include "scheduler_stats.hpp"

namespace fastfront {

/// How often the latest requests found their prompt in a cache; vLLM's CachingMetrics: at least the latest update,
/// otherwise no more than a thousand requests.
class RecentCacheUse {
  public:
    void record(const PrefixCacheStats& stats);
    [[nodiscard]] bool empty() const noexcept { return updates_.empty(); }
    /// In tokens, of those requests.
    [[nodiscard]] double queries() const noexcept { return total_.queries; }
    [[nodiscard]] double hits() const noexcept { return total_.hits; }

  private:
    static constexpr double kMaxRequests = 1000;
    struct Update {
        double requests = 0;
        double queries = 0;
        double hits = 0;
    };
    std::deque<Update> updates_;
    Update total_;
};

/// Seconds sorted into buckets (not cumulated), the last one being +Inf.
struct SecondsHistogram {
    std::vector<std::uint64_t> counts;
    double sum = 0.0;

    void observe(const std::vector<double>& values, const std::vector<double>& bounds);
};

/// Latest gauges and running totals of one engine.
struct EngineState {
    SchedulerStats latest;
    PrefixCacheStats prefix_cache;  // totals
    PrefixCacheStats connector_prefix_cache;
    bool has_spec_decoding = false;
    SpecDecodingStats spec_decoding;  // totals
    PerfStats perf;                   // totals
    bool has_evictions = false;
    SecondsHistogram block_lifetimes;
    SecondsHistogram block_idle_times;
    SecondsHistogram block_reuse_gaps;
    RecentCacheUse recent_prefix_cache;
    RecentCacheUse recent_connector_cache;
};

class EngineStates {
  public:
    /// The engines there are; what others say is not recorded.
    void set_engines(std::int64_t first, std::size_t count);
    /// Upper bounds, ascending, without +Inf, of the three histograms of the KV cache's blocks.
    void set_residency_bounds(std::vector<double> bounds);
    void record(std::int64_t engine, const SchedulerStats& stats);
    /// A copy, by engine.
    [[nodiscard]] std::map<std::int64_t, EngineState> get();
    [[nodiscard]] std::vector<double> residency_bounds();

  private:
    std::mutex mutex_;
    std::map<std::int64_t, EngineState> states_{{0, {}}};
    std::vector<double> bounds_;
};

}  // namespace fastfront
