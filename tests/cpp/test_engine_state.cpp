// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cmath>
#include <limits>

#include "engine_state.hpp"

using namespace fastfront;

namespace {

SchedulerStats with_cache(std::int64_t requests, std::int64_t queries, std::int64_t hits) {
    SchedulerStats stats;
    stats.prefix_cache.requests = requests;
    stats.prefix_cache.queries = queries;
    stats.prefix_cache.hits = hits;
    return stats;
}

}  // namespace

TEST_CASE("gauges are the latest, counters add up") {
    EngineStates states;
    SchedulerStats stats = with_cache(1, 10, 4);
    stats.num_running_reqs = 3;
    stats.connector_prefix_cache.hits_by_source[1] = 2;
    stats.has_spec_decoding = true;
    stats.spec_decoding.num_drafts = 5;
    stats.spec_decoding.positions = 2;
    stats.spec_decoding.accepted_per_position[1] = 1;
    stats.perf.flops = 100;
    states.record(0, stats);
    stats.num_running_reqs = 1;
    stats.spec_decoding.positions = 1;
    states.record(0, stats);
    const EngineState state = states.get().at(0);
    CHECK(state.latest.num_running_reqs == 1);
    CHECK(state.prefix_cache.queries == 20);
    CHECK(state.prefix_cache.hits == 8);
    CHECK(state.connector_prefix_cache.hits_by_source[1] == 4);
    CHECK(state.has_spec_decoding);
    CHECK(state.spec_decoding.num_drafts == 10);
    CHECK(state.spec_decoding.positions == 2);
    CHECK(state.spec_decoding.accepted_per_position[1] == 1);
    CHECK(state.perf.flops == 200);
}

TEST_CASE("engines are kept apart, and one that is not known is nobody's") {
    EngineStates states;
    states.set_engines(2, 2);
    states.record(3, with_cache(1, 10, 0));
    states.record(7, with_cache(1, 10, 0));
    const auto found = states.get();
    REQUIRE(found.size() == 2);
    CHECK(found.at(2).prefix_cache.queries == 0);
    CHECK(found.at(3).prefix_cache.queries == 10);
}

TEST_CASE("a counter neither goes down nor wraps around") {
    EngineStates states;
    states.record(0, with_cache(1, std::numeric_limits<std::int64_t>::max(), -5));
    states.record(0, with_cache(1, std::numeric_limits<std::int64_t>::max(), 0));
    CHECK(states.get().at(0).prefix_cache.queries == std::numeric_limits<std::int64_t>::max());
    CHECK(states.get().at(0).prefix_cache.hits == 0);
}

TEST_CASE("the hit rate is that of the last thousand requests, and of the latest update at least") {
    RecentCacheUse recent;
    CHECK(recent.empty());
    recent.record({.requests = 600, .queries = 100, .hits = 0});
    recent.record({.requests = 400, .queries = 100, .hits = 100});
    CHECK(recent.queries() == 200.0);
    CHECK(recent.hits() == 100.0);
    recent.record({.requests = 1, .queries = 100, .hits = 50});  // the first update goes
    CHECK(recent.queries() == 200.0);
    CHECK(recent.hits() == 150.0);
    recent.record({.requests = 5000, .queries = 10, .hits = 1});
    CHECK(recent.hits() == 1.0);
    recent.record({.requests = 0, .queries = 1000, .hits = 1000});  // says nothing
    CHECK(recent.hits() == 1.0);
    recent.record({.reset = true});
    CHECK(recent.empty());
}

TEST_CASE("blocks that left the KV cache are sorted into buckets") {
    EngineStates states;
    states.set_residency_bounds({1.0, 10.0});
    SchedulerStats stats;
    stats.has_evictions = true;
    stats.block_lifetimes = {0.5, 1.0, 5.0, 50.0, std::nan("")};
    stats.block_reuse_gaps = {2.0};
    states.record(0, stats);
    const EngineState state = states.get().at(0);
    CHECK(state.has_evictions);
    CHECK(state.block_lifetimes.counts == std::vector<std::uint64_t>{2, 1, 1});
    CHECK(state.block_lifetimes.sum == 56.5);
    CHECK(state.block_idle_times.counts == std::vector<std::uint64_t>{0, 0, 0});
    CHECK(state.block_reuse_gaps.counts == std::vector<std::uint64_t>{0, 1, 0});
    CHECK(states.residency_bounds() == std::vector<double>{1.0, 10.0});
}
