// SPDX-License-Identifier: Apache-2.0
#include "scheduler_stats.hpp"

#include <algorithm>

namespace fastfront {

namespace {

/// An integer member that may be nil.
std::int64_t int_or_zero(MsgpackReader& reader) noexcept { return reader.try_nil() ? 0 : reader.read_int(); }

bool read_flag(MsgpackReader& reader) noexcept {
    const std::size_t start = reader.position();
    reader.skip();
    return reader.ok() && reader.bytes_since(start)[0] == 0xc3;
}

/// Read a map (nil: an empty one), calling `read_member` with each key; it reads the value.
template <typename ReadMember>
void read_members(MsgpackReader& reader, ReadMember read_member) noexcept {
    if (reader.try_nil()) {
        return;
    }
    const std::uint32_t members = reader.read_map();
    for (std::uint32_t m = 0; m < members && reader.ok(); ++m) {
        read_member(reader.read_string());
    }
}

/// Read a map of numbers whose keys are known; others are passed over.
template <std::size_t kCount>
void read_numbers(MsgpackReader& reader, const std::array<std::string_view, kCount>& names,
                  std::array<std::int64_t, kCount>& numbers) noexcept {
    read_members(reader, [&](std::string_view key) {
        const auto found = std::find(names.begin(), names.end(), key);
        if (found == names.end()) {
            reader.skip();
        } else {
            numbers[static_cast<std::size_t>(found - names.begin())] = int_or_zero(reader);
        }
    });
}

void read_prefix_cache(MsgpackReader& reader, PrefixCacheStats& stats) noexcept {
    read_members(reader, [&](std::string_view key) {
        if (key == "reset") {
            stats.reset = read_flag(reader);
        } else if (key == "requests") {
            stats.requests = int_or_zero(reader);
        } else if (key == "queries") {
            stats.queries = int_or_zero(reader);
        } else if (key == "hits") {
            stats.hits = int_or_zero(reader);
        } else if (key == "hits_by_source") {
            read_numbers(reader, kCacheHitSources, stats.hits_by_source);
        } else {
            reader.skip();
        }
    });
}

void read_spec_decoding(MsgpackReader& reader, SpecDecodingStats& stats) noexcept {
    read_members(reader, [&](std::string_view key) {
        if (key == "num_drafts") {
            stats.num_drafts = int_or_zero(reader);
        } else if (key == "num_draft_tokens") {
            stats.num_draft_tokens = int_or_zero(reader);
        } else if (key == "num_accepted_tokens") {
            stats.num_accepted_tokens = int_or_zero(reader);
        } else if (key == "num_accepted_tokens_per_pos" && !reader.try_nil()) {
            const std::uint32_t positions = reader.read_array();
            for (std::uint32_t p = 0; p < positions && reader.ok(); ++p) {
                const std::int64_t accepted = int_or_zero(reader);
                if (p < kMaxDraftPositions) {
                    stats.accepted_per_position[p] = accepted;
                    stats.positions = p + 1;
                }
            }
        } else if (key != "num_accepted_tokens_per_pos") {
            reader.skip();
        }
    });
}

void read_perf(MsgpackReader& reader, PerfStats& stats) noexcept {
    read_members(reader, [&](std::string_view key) {
        if (key == "num_flops_per_gpu") {
            stats.flops = int_or_zero(reader);
        } else if (key == "num_read_bytes_per_gpu") {
            stats.read_bytes = int_or_zero(reader);
        } else if (key == "num_write_bytes_per_gpu") {
            stats.write_bytes = int_or_zero(reader);
        } else {
            reader.skip();
        }
    });
}

void read_evictions(MsgpackReader& reader, SchedulerStats& stats) noexcept {
    if (reader.try_nil()) {
        return;
    }
    const std::uint32_t events = reader.read_array();
    stats.has_evictions = events != 0;
    for (std::uint32_t e = 0; e < events && reader.ok(); ++e) {
        read_members(reader, [&](std::string_view key) {
            if (key == "lifetime_seconds") {
                stats.block_lifetimes.push_back(reader.read_double());
            } else if (key == "idle_seconds") {
                stats.block_idle_times.push_back(reader.read_double());
            } else if (key == "reuse_gaps_seconds" && !reader.try_nil()) {
                const std::uint32_t gaps = reader.read_array();
                for (std::uint32_t g = 0; g < gaps && reader.ok(); ++g) {
                    stats.block_reuse_gaps.push_back(reader.read_double());
                }
            } else if (key != "reuse_gaps_seconds") {
                reader.skip();
            }
        });
    }
}

}  // namespace

void SchedulerStats::decode(MsgpackReader& reader) noexcept {
    num_running_reqs = num_waiting_reqs = num_skipped_waiting_reqs = 0;
    kv_fetch_reqs_by_stage = {};
    kv_cache_usage = 0.0;
    prefix_cache = connector_prefix_cache = {};
    has_spec_decoding = has_evictions = false;
    perf = {};
    block_lifetimes.clear();
    block_idle_times.clear();
    block_reuse_gaps.clear();
    kv_connector_stats = {};

    read_members(reader, [&](std::string_view key) {
        if (key == "num_running_reqs") {
            num_running_reqs = int_or_zero(reader);
        } else if (key == "num_waiting_reqs") {
            num_waiting_reqs = int_or_zero(reader);
        } else if (key == "num_skipped_waiting_reqs") {
            num_skipped_waiting_reqs = int_or_zero(reader);
        } else if (key == "num_kv_fetch_reqs_by_stage") {
            read_numbers(reader, kKvFetchStages, kv_fetch_reqs_by_stage);
        } else if (key == "kv_cache_usage") {
            kv_cache_usage = reader.read_double();
        } else if (key == "prefix_cache_stats") {
            read_prefix_cache(reader, prefix_cache);
        } else if (key == "connector_prefix_cache_stats") {
            read_prefix_cache(reader, connector_prefix_cache);
        } else if (key == "kv_cache_eviction_events") {
            read_evictions(reader, *this);
        } else if (key == "spec_decoding_stats" && !reader.try_nil()) {
            has_spec_decoding = true;
            spec_decoding = {};
            read_spec_decoding(reader, spec_decoding);
        } else if (key == "perf_stats") {
            read_perf(reader, perf);
        } else if (key == "kv_connector_stats" && !reader.try_nil()) {
            const std::size_t start = reader.position();
            reader.skip();
            kv_connector_stats = reader.bytes_since(start);
        } else if (key != "spec_decoding_stats" && key != "kv_connector_stats") {
            reader.skip();
        }
    });
}

}  // namespace fastfront
