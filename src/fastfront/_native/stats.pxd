# SPDX-License-Identifier: Apache-2.0
# The headers of what is counted and measured as Cython sees them, 1:1, like core.pxd.

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libcpp cimport bool as cbool
from libcpp.map cimport map as cmap
from libcpp.string_view cimport string_view
from libcpp.vector cimport vector

cdef extern from "metrics.hpp" namespace "fastfront" nogil:
    cdef enum class HistogramId(uint8_t):
        prepare_seconds
        prompt_queue_seconds
        tokenize_seconds
        count_
    cdef enum class CounterId(uint8_t):
        count_
    cdef enum class Watermark(uint8_t):
        watermarked
        skipped
        not_watermarked
    string_view name_of_histogram "fastfront::name_of"(HistogramId) noexcept
    string_view name_of_counter "fastfront::name_of"(CounterId) noexcept
    cdef cppclass Metrics:
        void set_bounds(HistogramId, const vector[double]&) except +
        size_t engine_count() noexcept
    cdef cppclass metrics_span "std::span<fastfront::Metrics* const>":
        metrics_span(const vector[Metrics*]&)
    cdef cppclass HistogramTotal:
        vector[double] bounds
        vector[uint64_t] counts
        double sum
    HistogramTotal total_of_histogram "fastfront::total_of"(metrics_span, HistogramId, size_t) except +
    uint64_t total_of_counter "fastfront::total_of"(metrics_span, CounterId, size_t) noexcept

cdef extern from "scheduler_stats.hpp" namespace "fastfront" nogil:
    const string_view* kv_fetch_stages "fastfront::kKvFetchStages.data"()
    size_t kv_fetch_stage_count "fastfront::kKvFetchStages.size"()
    const string_view* cache_hit_sources "fastfront::kCacheHitSources.data"()
    size_t cache_hit_source_count "fastfront::kCacheHitSources.size"()
    cdef cppclass NumberArray "std::array<std::int64_t, 0>":
        int64_t& operator[](size_t) noexcept
    cdef cppclass PrefixCacheStats:
        int64_t queries
        int64_t hits
        NumberArray hits_by_source
    cdef cppclass SpecDecodingStats:
        int64_t num_drafts
        int64_t num_draft_tokens
        int64_t num_accepted_tokens
        NumberArray accepted_per_position
        size_t positions
    cdef cppclass PerfStats:
        int64_t flops
        int64_t read_bytes
        int64_t write_bytes
    cdef cppclass SchedulerStats:
        int64_t num_running_reqs
        int64_t num_waiting_reqs
        int64_t num_skipped_waiting_reqs
        NumberArray kv_fetch_reqs_by_stage
        double kv_cache_usage

cdef extern from "engine_state.hpp" namespace "fastfront" nogil:
    cdef cppclass RecentCacheUse:
        cbool empty() noexcept
        double queries() noexcept
        double hits() noexcept
    cdef cppclass SecondsHistogram:
        vector[uint64_t] counts
        double sum
    cdef cppclass EngineState:
        SchedulerStats latest
        PrefixCacheStats prefix_cache
        PrefixCacheStats connector_prefix_cache
        cbool has_spec_decoding
        SpecDecodingStats spec_decoding
        PerfStats perf
        cbool has_evictions
        SecondsHistogram block_lifetimes
        SecondsHistogram block_idle_times
        SecondsHistogram block_reuse_gaps
        RecentCacheUse recent_prefix_cache
        RecentCacheUse recent_connector_cache
    cdef cppclass EngineStates:
        void set_residency_bounds(vector[double]) except +
        vector[double] residency_bounds() except +
        cmap[int64_t, EngineState] get() except +
