// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "scheduler_stats.hpp"
#include "wire.hpp"

using namespace fastfront;

namespace {

/// A map of encoded values.
std::string map(const std::vector<std::pair<std::string, std::string>>& members) {
    std::string out = wire::map(members.size());
    for (const auto& [key, value] : members) {
        out += wire::text(key) + value;
    }
    return out;
}

std::string list(const std::vector<std::string>& values) {
    std::string out = wire::array(values.size());
    for (const std::string& value : values) {
        out += value;
    }
    return out;
}

const std::string kFalse = "\xc2";
const std::string kTrue = "\xc3";

/// Every member that vLLM 0.32 sends, and one that it does not.
std::string whole() {
    return map({
        {"num_running_reqs", wire::number(3)},
        {"num_waiting_reqs", wire::number(2)},
        {"num_skipped_waiting_reqs", wire::number(1)},
        {"num_kv_fetch_reqs_by_stage", map({{"in_progress", wire::number(5)}, {"another", wire::number(9)}})},
        {"step_counter", wire::number(7)},
        {"kv_cache_usage", wire::real(0.5)},
        {"iteration_details", wire::nils(1)},
        {"prefix_cache_stats", map({{"reset", kTrue},
                                    {"requests", wire::number(1)},
                                    {"queries", wire::number(100)},
                                    {"hits", wire::number(64)},
                                    {"preempted_hits", wire::number(9)},
                                    {"hits_by_source", map({})}})},
        {"connector_prefix_cache_stats",
         map({{"reset", kFalse},
              {"queries", wire::number(36)},
              {"hits", wire::number(16)},
              {"hits_by_source", map({{"host", wire::number(12)}, {"disk", wire::number(4)}})}})},
        {"kv_cache_eviction_events", list({map({{"lifetime_seconds", wire::real(2.0)},
                                                {"idle_seconds", wire::real(1.0)},
                                                {"reuse_gaps_seconds", list({wire::real(0.5), wire::real(0.25)})}})})},
        {"spec_decoding_stats",
         map({{"num_spec_tokens", wire::number(3)},
              {"num_drafts", wire::number(4)},
              {"num_draft_tokens", wire::number(12)},
              {"num_accepted_tokens", wire::number(7)},
              {"num_accepted_tokens_per_pos", list({wire::number(4), wire::number(2), wire::number(1)})}})},
        {"kv_connector_stats", map({{"any", list({wire::nils(1)})}})},
        {"perf_stats", map({{"num_flops_per_gpu", wire::number(1000)},
                            {"num_read_bytes_per_gpu", wire::number(200)},
                            {"num_write_bytes_per_gpu", wire::number(30)},
                            {"debug_stats", wire::nils(1)}})},
        {"a later release's", map({})},
    });
}

}  // namespace

TEST_CASE("every member that a metric is made of is read") {
    const std::string bytes = whole();
    MsgpackReader reader(wire::span(bytes));
    SchedulerStats stats;
    stats.decode(reader);
    REQUIRE(reader.ok());
    CHECK(reader.at_end());
    CHECK(stats.num_running_reqs == 3);
    CHECK(stats.num_waiting_reqs == 2);
    CHECK(stats.num_skipped_waiting_reqs == 1);
    CHECK(stats.kv_fetch_reqs_by_stage == std::array<std::int64_t, 3>{0, 5, 0});
    CHECK(stats.kv_cache_usage == 0.5);
    CHECK(stats.prefix_cache.reset);
    CHECK(stats.prefix_cache.requests == 1);
    CHECK(stats.prefix_cache.queries == 100);
    CHECK(stats.prefix_cache.hits == 64);
    CHECK_FALSE(stats.connector_prefix_cache.reset);
    CHECK(stats.connector_prefix_cache.hits == 16);
    CHECK(stats.connector_prefix_cache.hits_by_source == std::array<std::int64_t, 5>{0, 12, 0, 4, 0});
    CHECK(stats.has_evictions);
    CHECK(stats.block_lifetimes == std::vector<double>{2.0});
    CHECK(stats.block_idle_times == std::vector<double>{1.0});
    CHECK(stats.block_reuse_gaps == std::vector<double>{0.5, 0.25});
    REQUIRE(stats.has_spec_decoding);
    CHECK(stats.spec_decoding.num_drafts == 4);
    CHECK(stats.spec_decoding.num_draft_tokens == 12);
    CHECK(stats.spec_decoding.num_accepted_tokens == 7);
    CHECK(stats.spec_decoding.positions == 3);
    CHECK(stats.spec_decoding.accepted_per_position[1] == 2);
    CHECK(stats.perf.flops == 1000);
    CHECK(stats.perf.read_bytes == 200);
    CHECK(stats.perf.write_bytes == 30);
}

TEST_CASE("nothing of one message is left for the next") {
    const std::string first = whole();
    const std::string second = map({{"spec_decoding_stats", wire::nils(1)}, {"prefix_cache_stats", wire::nils(1)}});
    SchedulerStats stats;
    MsgpackReader reader(wire::span(first));
    stats.decode(reader);
    MsgpackReader next(wire::span(second));
    stats.decode(next);
    REQUIRE(next.ok());
    CHECK(stats.num_running_reqs == 0);
    CHECK(stats.prefix_cache.queries == 0);
    CHECK(stats.connector_prefix_cache.hits_by_source[1] == 0);
    CHECK_FALSE(stats.has_spec_decoding);
    CHECK_FALSE(stats.has_evictions);
    CHECK(stats.block_reuse_gaps.empty());
    CHECK(stats.perf.flops == 0);
}

TEST_CASE("more draft positions than are counted apart are passed over") {
    const std::string bytes =
        map({{"spec_decoding_stats", map({{"num_accepted_tokens_per_pos", list(std::vector(100, wire::number(1)))}})}});
    SchedulerStats stats;
    MsgpackReader reader(wire::span(bytes));
    stats.decode(reader);
    REQUIRE(reader.ok());
    CHECK(stats.spec_decoding.positions == kMaxDraftPositions);
}

TEST_CASE("stats that are cut at any byte are an error") {
    const std::string bytes = whole();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const std::string cut(bytes, 0, size);
        SchedulerStats stats;
        MsgpackReader reader(wire::span(cut));
        stats.decode(reader);
        CHECK_FALSE(reader.ok());
    }
}
