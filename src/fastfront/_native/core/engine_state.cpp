// SPDX-License-Identifier: Apache-2.0
#include "engine_state.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace fastfront {

namespace {

/// Counters never go down, whatever an engine says.
void count(std::int64_t& total, std::int64_t amount) noexcept {
    if (amount > 0 && total <= std::numeric_limits<std::int64_t>::max() - amount) {
        total += amount;
    }
}

void count(PrefixCacheStats& total, const PrefixCacheStats& stats) noexcept {
    count(total.queries, stats.queries);
    count(total.hits, stats.hits);
    for (std::size_t source = 0; source < stats.hits_by_source.size(); ++source) {
        count(total.hits_by_source[source], stats.hits_by_source[source]);
    }
}

}  // namespace

void RecentCacheUse::record(const PrefixCacheStats& stats) {
    if (stats.reset) {
        updates_.clear();
        total_ = {};
    }
    if (stats.requests <= 0) {
        return;
    }
    const Update update{static_cast<double>(stats.requests), static_cast<double>(stats.queries),
                        static_cast<double>(stats.hits)};
    updates_.push_back(update);
    total_.requests += update.requests;
    total_.queries += update.queries;
    total_.hits += update.hits;
    while (updates_.size() > 1 && total_.requests > kMaxRequests) {
        const Update& oldest = updates_.front();
        total_.requests -= oldest.requests;
        total_.queries -= oldest.queries;
        total_.hits -= oldest.hits;
        updates_.pop_front();
    }
}

void SecondsHistogram::observe(const std::vector<double>& values, const std::vector<double>& bounds) {
    counts.resize(bounds.size() + 1);
    for (const double value : values) {
        if (!std::isfinite(value)) {
            continue;
        }
        ++counts[static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), value) - bounds.begin())];
        sum += value;
    }
}

void EngineStates::set_engines(std::int64_t first, std::size_t count) {
    const std::lock_guard lock(mutex_);
    states_.clear();
    for (std::size_t i = 0; i < count; ++i) {
        states_[first + static_cast<std::int64_t>(i)];
    }
}

void EngineStates::set_residency_bounds(std::vector<double> bounds) {
    const std::lock_guard lock(mutex_);
    bounds_ = std::move(bounds);
}

void EngineStates::record(std::int64_t engine, const SchedulerStats& stats) {
    const std::lock_guard lock(mutex_);
    const auto found = states_.find(engine);
    if (found == states_.end()) {
        return;
    }
    EngineState& state = found->second;
    state.latest.num_running_reqs = stats.num_running_reqs;
    state.latest.num_waiting_reqs = stats.num_waiting_reqs;
    state.latest.num_skipped_waiting_reqs = stats.num_skipped_waiting_reqs;
    state.latest.kv_fetch_reqs_by_stage = stats.kv_fetch_reqs_by_stage;
    state.latest.kv_cache_usage = stats.kv_cache_usage;
    count(state.prefix_cache, stats.prefix_cache);
    count(state.connector_prefix_cache, stats.connector_prefix_cache);
    state.recent_prefix_cache.record(stats.prefix_cache);
    state.recent_connector_cache.record(stats.connector_prefix_cache);
    count(state.perf.flops, stats.perf.flops);
    count(state.perf.read_bytes, stats.perf.read_bytes);
    count(state.perf.write_bytes, stats.perf.write_bytes);
    if (stats.has_spec_decoding) {
        SpecDecodingStats& total = state.spec_decoding;
        state.has_spec_decoding = true;
        count(total.num_drafts, stats.spec_decoding.num_drafts);
        count(total.num_draft_tokens, stats.spec_decoding.num_draft_tokens);
        count(total.num_accepted_tokens, stats.spec_decoding.num_accepted_tokens);
        total.positions = std::max(total.positions, stats.spec_decoding.positions);
        for (std::size_t p = 0; p < stats.spec_decoding.positions; ++p) {
            count(total.accepted_per_position[p], stats.spec_decoding.accepted_per_position[p]);
        }
    }
    if (stats.has_evictions) {
        state.has_evictions = true;
        state.block_lifetimes.observe(stats.block_lifetimes, bounds_);
        state.block_idle_times.observe(stats.block_idle_times, bounds_);
        state.block_reuse_gaps.observe(stats.block_reuse_gaps, bounds_);
    }
}

std::map<std::int64_t, EngineState> EngineStates::get() {
    const std::lock_guard lock(mutex_);
    return states_;
}

std::vector<double> EngineStates::residency_bounds() {
    const std::lock_guard lock(mutex_);
    return bounds_;
}

}  // namespace fastfront
