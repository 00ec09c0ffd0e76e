// SPDX-License-Identifier: Apache-2.0
// What a scheduler tells of itself after a step: decodes the SchedulerStats of an engine message
// (vllm/v1/metrics/stats.py, 0.32; a dataclass, so a map). Members that no metric is made of are passed over.
// Knows nothing of what becomes of the numbers.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "msgpack_reader.hpp"

namespace fastfront {

/// vLLM's KV_FETCH_STAGES and CacheHitSource, in their order.
inline constexpr std::array<std::string_view, 3> kKvFetchStages{"waiting_to_start", "in_progress", "completed_waiting"};
inline constexpr std::array<std::string_view, 5> kCacheHitSources{"device", "host", "p2p", "disk",
                                                                  "external_unspecified"};

/// Draft positions that are counted apart; no draft is near as long.
inline constexpr std::size_t kMaxDraftPositions = 64;

/// A prefix cache since the previous message: vLLM's PrefixCacheStats. Queries and hits are tokens.
struct PrefixCacheStats {
    bool reset = false;
    std::int64_t requests = 0;
    std::int64_t queries = 0;
    std::int64_t hits = 0;
    std::array<std::int64_t, kCacheHitSources.size()> hits_by_source{};
};

/// Speculative decoding since the previous message: vLLM's SpecDecodingStats.
struct SpecDecodingStats {
    std::int64_t num_drafts = 0;
    std::int64_t num_draft_tokens = 0;
    std::int64_t num_accepted_tokens = 0;
    std::array<std::int64_t, kMaxDraftPositions> accepted_per_position{};
    std::size_t positions = 0;  // of which so many are used
};

/// The work of the step on each GPU: vLLM's PerfStats.
struct PerfStats {
    std::int64_t flops = 0;
    std::int64_t read_bytes = 0;
    std::int64_t write_bytes = 0;
};

struct SchedulerStats {
    std::int64_t num_running_reqs = 0;
    std::int64_t num_waiting_reqs = 0;
    std::int64_t num_skipped_waiting_reqs = 0;
    std::array<std::int64_t, kKvFetchStages.size()> kv_fetch_reqs_by_stage{};
    double kv_cache_usage = 0.0;
    PrefixCacheStats prefix_cache;
    PrefixCacheStats connector_prefix_cache;  // the KV connector's
    bool has_spec_decoding = false;
    SpecDecodingStats spec_decoding;
    PerfStats perf;
    // Blocks that left the KV cache (a sample of them), in seconds.
    bool has_evictions = false;
    std::vector<double> block_lifetimes;
    std::vector<double> block_idle_times;
    std::vector<double> block_reuse_gaps;
    std::span<const std::uint8_t> kv_connector_stats;  // raw MessagePack, into the message; empty = none

    /// Read over what was there; the vectors keep their memory. What is raw lives as long as the message. The reader
    /// keeps an error.
    void decode(MsgpackReader& reader) noexcept;
};

}  // namespace fastfront
