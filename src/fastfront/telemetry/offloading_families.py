# SPDX-License-Identifier: Apache-2.0
"""The families that connectors which offload the KV cache are shown by, on the CPU and in further tiers.

Names, help texts, labels and bounds are those of vllm/distributed/kv_transfer/kv_connector/v1/offloading/metrics.py,
vllm/v1/kv_offload/{cpu,tiering}/spec.py and vllm/v1/simple_kv_offload/metrics.py (0.32). Plain tables.
"""

from __future__ import annotations

from fastfront.telemetry.connector_families import Family

_OFFLOAD_BYTES = (
    1000000.0,
    5000000.0,
    10000000.0,
    20000000.0,
    40000000.0,
    60000000.0,
    80000000.0,
    100000000.0,
    150000000.0,
    200000000.0,
)
_CHUNKS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0)
_SYNC_SECONDS = (1e-05, 5e-05, 0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0)
_ASYNC_SECONDS = (0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0)

OFFLOADING = (
    Family(
        "kv_offload_total_bytes",
        "counter",
        "Number of bytes offloaded by KV connector",
        labels=("transfer_type",),
    ),
    Family(
        "kv_offload_total_time",
        "counter",
        "Total time measured by all KV offloading operations",
        labels=("transfer_type",),
    ),
    Family(
        "kv_offload_size",
        "histogram",
        "Histogram of KV offload transfer size, in bytes.",
        labels=("transfer_type",),
        bounds=_OFFLOAD_BYTES,
    ),
    Family(
        "kv_offload_cpu_cache_usage_perc",
        "gauge",
        (
            "Fraction of CPU KV-cache space currently pinned by active transfers (0.0 = idle, 1.0 = saturated). "
            "Sustained high values indicate transfers (stores or promotions) may be dropped due to insufficient "
            "capacity."
        ),
    ),
    Family(
        "kv_offload_cpu_cache_write_usage_perc",
        "gauge",
        (
            "Fraction of CPU KV-cache space currently pinned by in-flight stores that have not yet completed (0.0 = "
            "idle, 1.0 = saturated)."
        ),
    ),
    Family(
        "kv_offload_cpu_cache_read_usage_perc",
        "gauge",
        (
            "Fraction of CPU KV-cache space currently pinned by in-flight loads that have not yet completed (0.0 = "
            "idle, 1.0 = saturated)."
        ),
    ),
    Family(
        "kv_offload_cpu_allocation_size",
        "histogram",
        "Histogram of the number of CPU chunks requested by each KV offload prepare_store call.",
        bounds=_CHUNKS,
    ),
    Family(
        "kv_offload_stores_skipped",
        "counter",
        "Number of KV offload stores skipped because the reuse threshold was not reached.",
    ),
    Family(
        "kv_offload_tiering_lookup_sync_delay_seconds",
        "histogram",
        (
            "Histogram of blocking time spent in a per-chunk tier lookup that resolved as a hit or miss, labeled by "
            "tier, in seconds."
        ),
        labels=("tier",),
        bounds=_SYNC_SECONDS,
    ),
    Family(
        "kv_offload_tiering_lookup_async_delay_seconds",
        "histogram",
        (
            "Histogram of wall-clock time from a per-chunk tier lookup first returning retry until that same tier "
            "lookup resolves as a hit or miss, labeled by tier, in seconds."
        ),
        labels=("tier",),
        bounds=_ASYNC_SECONDS,
    ),
    Family(
        "kv_offload_tiering_read_bytes",
        "counter",
        "Total bytes read from secondary tiers into the primary tier, labeled by tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_read_time",
        "counter",
        "Total time spent reading from secondary tiers into the primary tier, in seconds, labeled by tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_write_bytes",
        "counter",
        "Total bytes written from the primary tier to secondary tiers, labeled by tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_write_time",
        "counter",
        "Total time spent writing from the primary tier to secondary tiers, in seconds, labeled by tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_promotion_job_failures",
        "counter",
        "Number of failed secondary-tier promotion jobs, labeled by tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_cascade_job_failures",
        "counter",
        "Number of failed secondary-tier cascade jobs, labeled by tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_chunk_queries",
        "counter",
        "Number of chunk lookup queries sent to a tier, labeled by tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_chunk_hits",
        "counter",
        "Number of chunk lookup hits in a tier, labeled by tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_promotion_allocation_failures",
        "counter",
        "Number of promotion attempts that failed because the primary tier could not allocate space.",
    ),
    Family(
        "kv_offload_tiering_primary_write_usage_perc",
        "gauge",
        "Current fraction of primary-tier space used by writes from secondary tiers, labeled by tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_primary_read_usage_perc",
        "gauge",
        "Current fraction of primary-tier space used by reads to secondary tiers, labeled by tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_active_promotion_jobs",
        "gauge",
        "Number of active secondary-tier promotion jobs, labeled by tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_active_cascade_jobs",
        "gauge",
        "Number of active secondary-tier cascade jobs, labeled by tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_backpressure_store_latency_ema",
        "gauge",
        "Exponential moving average of store latency for back-pressure detection, in s/MiB.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_backpressure_stores_dropped",
        "counter",
        "Number of store operations dropped due to back-pressure on a secondary tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_tiering_backpressure_blocks_dropped",
        "counter",
        "Number of blocks dropped due to back-pressure on a secondary tier.",
        labels=("tier",),
    ),
    Family(
        "kv_offload_load_bytes",
        "counter",
        "Total bytes loaded from offload storage to GPU.",
    ),
    Family(
        "kv_offload_load_time",
        "counter",
        "Total load time from offload storage to GPU, in seconds.",
    ),
    Family(
        "kv_offload_load_size",
        "histogram",
        "Histogram of KV offload load operation size, in bytes.",
        bounds=_OFFLOAD_BYTES,
    ),
    Family(
        "kv_offload_store_bytes",
        "counter",
        "Total bytes stored from GPU to offload storage.",
    ),
    Family(
        "kv_offload_store_time",
        "counter",
        "Total store time from GPU to offload storage, in seconds.",
    ),
    Family(
        "kv_offload_store_size",
        "histogram",
        "Histogram of KV offload store operation size, in bytes.",
        bounds=_OFFLOAD_BYTES,
    ),
    Family(
        "kv_offload_lookup_sync_delay_seconds",
        "histogram",
        "Histogram of the time spent in a single offload lookup call, in seconds.",
        bounds=_SYNC_SECONDS,
    ),
    Family(
        "kv_offload_lookup_async_delay_seconds",
        "histogram",
        (
            "Histogram of time between a request's offload lookup first deferring and the following lookup resolving,"
            " or request finish, in seconds."
        ),
        bounds=_ASYNC_SECONDS,
    ),
    Family(
        "kv_offload_allocation_failure",
        "counter",
        "Number of KV offload store allocation attempts that failed.",
    ),
)

SIMPLE_OFFLOADING = (
    Family(
        "simple_kv_offload_save_outcomes_total",
        "counter",
        (
            "Store admission decisions in SimpleCPUOffloadConnector, by outcome. Outcomes classify eager-mode "
            "boundary hand-off stores; lazy-mode stores are not classified."
        ),
        labels=("outcome",),
    ),
    Family(
        "simple_kv_offload_load_blocks_total",
        "counter",
        (
            "KV blocks restored to GPU from the offload pool, counted when a load finishes. This is prefill work "
            "avoided through offload cache hits."
        ),
    ),
    Family(
        "simple_kv_offload_used_blocks",
        "gauge",
        (
            "Offload-pool blocks currently pinned by in-flight transfers or cache hits (capacity minus free). "
            "Evictable cached blocks are not counted; capacity_blocks is on vllm:simple_kv_offload_info."
        ),
    ),
    Family(
        "simple_kv_offload_pending_store_blocks",
        "gauge",
        (
            "Offload blocks in pending stores: queued for dispatch, issued to workers, or awaiting release after a "
            "cache reset. A persistently growing value indicates a stuck transfer."
        ),
    ),
    Family(
        "simple_kv_offload_info",
        "gauge",
        (
            "SimpleCPUOffloadConnector deployment facts. Value is always 1. backend is cpu or disk; page_cache and "
            "lazy_offload are true/false; capacity_blocks is the offload pool size."
        ),
        labels=("backend", "page_cache", "lazy_offload", "capacity_blocks"),
    ),
)
