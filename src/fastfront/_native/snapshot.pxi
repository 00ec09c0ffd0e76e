# SPDX-License-Identifier: Apache-2.0
# What the pump has counted and measured, as plain Python numbers. Part of pump.pyx, whose names it uses.

cdef str KV_RESIDENCY = "kv_cache_residency"


cdef int set_buckets_of(core.CppPump& pump, str name, bounds) except -1:
    cdef vector[double] values = bounds
    cdef vector[stats.Metrics*] metrics = pump.metrics()
    cdef uint8_t i
    cdef size_t m
    if name == KV_RESIDENCY:
        pump.engine_states().set_residency_bounds(values)
        return 0
    for i in range(<uint8_t>stats.HistogramId.count_):
        if view_to_str(stats.name_of_histogram(<stats.HistogramId>i)) == name:
            for m in range(metrics.size()):
                metrics[m].set_bounds(<stats.HistogramId>i, values)
            return 0
    raise ValueError(f"no histogram is called {name!r}")


cdef dict counted_of(core.CppPump& pump, size_t engine):
    cdef vector[stats.Metrics*] metrics = pump.metrics()
    cdef stats.HistogramTotal total
    cdef uint8_t i
    counters = {}
    for i in range(<uint8_t>stats.CounterId.count_):
        counters[view_to_str(stats.name_of_counter(<stats.CounterId>i))] = stats.total_of_counter(
            stats.metrics_span(metrics), <stats.CounterId>i, engine
        )
    histograms = {}
    for i in range(<uint8_t>stats.HistogramId.count_):
        total = stats.total_of_histogram(stats.metrics_span(metrics), <stats.HistogramId>i, engine)
        histograms[view_to_str(stats.name_of_histogram(<stats.HistogramId>i))] = (
            <list>total.bounds, <list>total.counts, total.sum
        )
    return {"counters": counters, "histograms": histograms}


cdef tuple seconds_of(stats.SecondsHistogram& histogram, list bounds):
    return bounds, <list>histogram.counts or [0] * (len(bounds) + 1), histogram.sum


cdef object recent_of(stats.RecentCacheUse& recent):
    """Queries and hits, in tokens, of the latest requests; None before the first."""
    return None if recent.empty() else (recent.queries(), recent.hits())


cdef dict scheduler_of(stats.EngineState& state, list bounds):
    cdef size_t i
    found = {
        "running": state.latest.num_running_reqs,
        "waiting": state.latest.num_waiting_reqs,
        "skipped_waiting": state.latest.num_skipped_waiting_reqs,
        "kv_cache_usage": state.latest.kv_cache_usage,
        "kv_fetch": {
            view_to_str(stats.kv_fetch_stages()[i]): state.latest.kv_fetch_reqs_by_stage[i]
            for i in range(stats.kv_fetch_stage_count())
        },
        "prefix_queries": state.prefix_cache.queries,
        "prefix_hits": state.prefix_cache.hits,
        "prefix_recent": recent_of(state.recent_prefix_cache),
        "connector_queries": state.connector_prefix_cache.queries,
        "connector_hits": state.connector_prefix_cache.hits,
        "connector_recent": recent_of(state.recent_connector_cache),
        "connector_hits_by_source": {
            view_to_str(stats.cache_hit_sources()[i]): state.connector_prefix_cache.hits_by_source[i]
            for i in range(stats.cache_hit_source_count())
        },
        "flops": state.perf.flops,
        "read_bytes": state.perf.read_bytes,
        "write_bytes": state.perf.write_bytes,
        "spec_decode": None,
    }
    if state.has_spec_decoding:
        found["spec_decode"] = {
            "num_drafts": state.spec_decoding.num_drafts,
            "num_draft_tokens": state.spec_decoding.num_draft_tokens,
            "num_accepted_tokens": state.spec_decoding.num_accepted_tokens,
            "accepted_per_position": [
                state.spec_decoding.accepted_per_position[i] for i in range(state.spec_decoding.positions)
            ],
        }
    found["has_evictions"] = state.has_evictions
    found["kv_blocks"] = {
        "kv_block_lifetime_seconds": seconds_of(state.block_lifetimes, bounds),
        "kv_block_idle_before_evict_seconds": seconds_of(state.block_idle_times, bounds),
        "kv_block_reuse_gap_seconds": seconds_of(state.block_reuse_gaps, bounds),
    }
    return found


cdef dict snapshot_of(core.CppPump& pump):
    cdef cmap[int64_t, stats.EngineState] states = pump.engine_states().get()
    cdef cmap[int64_t, stats.EngineState].iterator state = states.begin()
    cdef list bounds = pump.engine_states().residency_bounds()
    cdef size_t engine = 0
    engines = {}
    while state != states.end():
        engines[deref(state).first] = counted_of(pump, engine)
        engines[deref(state).first]["scheduler"] = scheduler_of(deref(state).second, bounds)
        engine += 1
        preincrement(state)
    return engines


cdef dict times_of(core.ChoiceTimes of):
    return {
        "prompt_tokens": of.prompt_tokens,
        "completion_tokens": of.completion_tokens,
        "finish_reason": None if of.times.reason == core.FinishReason.none else <int>of.times.reason,
        "arrival": of.times.arrival,
        "ended": of.times.ended,
        "queued": of.times.queued,
        "scheduled": of.times.scheduled,
        "first_token": of.times.first_token,
        "last_token": of.times.last_token,
        "first_token_latency": of.times.first_token_latency,
    }
