# SPDX-License-Identifier: Apache-2.0
"""The families that KV connectors are shown by: those of NIXL, Mooncake's store, 3FS and HiSparse.

Names, help texts, labels and bounds are those of vllm/distributed/kv_transfer/kv_connector/v1 (0.32):
nixl/stats.py, mooncake/store/metrics.py, hf3fs/hf3fs_connector.py, hisparse/stats.py. Plain tables.
"""

from __future__ import annotations

from typing import NamedTuple

from fastfront.telemetry.buckets import KV_CACHE_RESIDENCY


class Family(NamedTuple):
    """One family."""

    name: str
    """Without `vllm:`; a counter's as vLLM writes it, with or without `_total`."""
    kind: str
    """counter, gauge or histogram."""
    text: str
    labels: tuple[str, ...] = ()
    """Beside model_name and engine."""
    bounds: tuple[float, ...] = ()
    """Of a histogram's buckets, without +Inf."""
    members: tuple[str, ...] = ()
    """What of the engine's word it is made of, where that does not name families itself."""


_TRANSFER_SECONDS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 5.0)
_TRANSFER_BYTES = (
    2048.0,
    8192.0,
    32768.0,
    131072.0,
    524288.0,
    2097152.0,
    8388608.0,
    33554432.0,
    134217728.0,
    536870912.0,
    2147483648.0,
    8589934592.0,
)
_DESCRIPTORS = (10.0, 20.0, 30.0, 50.0, 75.0, 100.0, 200.0, 400.0, 1000.0, 2000.0, 4000.0, 10000.0, 20000.0, 50000.0)
_STORE_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0)

NIXL = (
    Family(
        "nixl_xfer_time_seconds",
        "histogram",
        "Histogram of transfer duration for NIXL KV Cache transfers.",
        bounds=_TRANSFER_SECONDS[1:],
        members=("transfer_duration",),
    ),
    Family(
        "nixl_post_time_seconds",
        "histogram",
        "Histogram of transfer post time for NIXL KV Cache transfers.",
        bounds=_TRANSFER_SECONDS,
        members=("post_duration",),
    ),
    Family(
        "nixl_bytes_transferred",
        "histogram",
        "Histogram of bytes transferred per NIXL KV Cache transfers.",
        bounds=_TRANSFER_BYTES,
        members=("bytes_transferred",),
    ),
    Family(
        "nixl_num_descriptors",
        "histogram",
        "Histogram of number of descriptors per NIXL  KV Cache transfers.",
        bounds=_DESCRIPTORS,
        members=("num_descriptors",),
    ),
    Family(
        "nixl_num_failed_transfers",
        "counter",
        (
            "Number of failed NIXL KV Cache transfers, including handshake and notification failures. NOTE: KV expiry"
            " is tracked separately in vllm:nixl_num_kv_expired_reqs."
        ),
        members=("num_failed_transfers", "num_failed_handshakes", "num_failed_notifications"),
    ),
    Family(
        "nixl_num_failed_notifications",
        "counter",
        (
            "Number of failed NIXL KV Cache notifications. Retained for compatibility; these failures are also "
            "included in vllm:nixl_num_failed_transfers."
        ),
        members=("num_failed_notifications",),
    ),
    Family(
        "nixl_num_kv_expired_reqs",
        "counter",
        "Number of requests that had their KV expire. NOTE: This metric is tracked on the P instance.",
        members=("num_kv_expired_reqs",),
    ),
    Family(
        "nixl_num_notifications_after_expiry",
        "counter",
        (
            "Number of completion notifications for requests that were no longer tracked, usually because their KV "
            "lease expired. The KV blocks may have been reused before the transfer finished. Counted per notification"
            " (one per remote rank), not per request."
        ),
        members=("num_notifications_after_expiry",),
    ),
)

MOONCAKE_STORE = (
    Family(
        "mooncake_store_operation_time_seconds",
        "histogram",
        "Histogram of Mooncake store communication time.",
        labels=("operation", "status"),
        bounds=_STORE_SECONDS,
        members=("duration_seconds",),
    ),
    Family(
        "mooncake_store_operation_total",
        "counter",
        "Number of Mooncake store communication operations.",
        labels=("operation", "status"),
    ),
    Family(
        "mooncake_store_operation_keys_total",
        "counter",
        "Number of Mooncake store keys touched by operations.",
        labels=("operation", "status"),
        members=("num_keys",),
    ),
    Family(
        "mooncake_store_operation_bytes_total",
        "counter",
        "Number of bytes transferred by Mooncake store operations.",
        labels=("operation", "status"),
        members=("num_bytes",),
    ),
    Family(
        "mooncake_store_operation_failed_keys_total",
        "counter",
        "Number of Mooncake store keys that failed in operations.",
        labels=("operation", "status"),
        members=("num_failed_keys",),
    ),
)

HF3FS = (
    Family(
        "hf3fs_save_duration_seconds",
        "histogram",
        "Histogram of save duration for HF3FSKVConnector.",
        bounds=_TRANSFER_SECONDS,
        members=("save_duration",),
    ),
    Family(
        "hf3fs_load_duration_seconds",
        "histogram",
        "Histogram of load duration for HF3FSKVConnector.",
        bounds=_TRANSFER_SECONDS,
        members=("load_duration",),
    ),
    Family(
        "hf3fs_num_failed_save",
        "counter",
        "Number of failed HF3FS KV save.",
        members=("num_failed_save",),
    ),
    Family(
        "hf3fs_num_failed_load",
        "counter",
        "Number of failed HF3FS KV load.",
        members=("num_failed_load",),
    ),
)

HISPARSE = (
    Family(
        "hisparse_cache_hits",
        "counter",
        "Number of HiSparse device hot-buffer hits.",
        members=("cache_hits",),
    ),
    Family(
        "hisparse_cache_misses",
        "counter",
        "Number of HiSparse device hot-buffer misses.",
        members=("cache_misses",),
    ),
    Family(
        "hisparse_host_to_device_bytes",
        "counter",
        "Bytes transferred from host KV storage to HiSparse hot buffers.",
        members=("host_to_device_bytes",),
    ),
    Family(
        "hisparse_host_cache_usage_perc",
        "gauge",
        "HiSparse host KV-cache usage. 1 means 100 percent usage. Evictable cached blocks count as free.",
        members=("host_cache_usage_perc",),
    ),
    Family(
        "hisparse_pending_page_transfers",
        "gauge",
        "HiSparse page transfers (write-backs and restores) not yet completed.",
        members=("pending_page_transfers",),
    ),
    Family(
        "hisparse_host_block_lifetime_seconds",
        "histogram",
        (
            "Histogram of HiSparse host KV block lifetime from allocation to eviction. Sampled metrics (controlled by"
            " --kv-cache-metrics-sample)."
        ),
        bounds=KV_CACHE_RESIDENCY,
        members=("host_block_lifetime_seconds",),
    ),
    Family(
        "hisparse_host_block_idle_before_evict_seconds",
        "histogram",
        (
            "Histogram of HiSparse host KV block idle time before eviction. Sampled metrics (controlled by --kv-"
            "cache-metrics-sample)."
        ),
        bounds=KV_CACHE_RESIDENCY,
        members=("host_block_idle_before_evict_seconds",),
    ),
    Family(
        "hisparse_host_block_reuse_gap_seconds",
        "histogram",
        (
            "Histogram of time gaps between consecutive HiSparse host KV block accesses. Sampled metrics (controlled "
            "by --kv-cache-metrics-sample)."
        ),
        bounds=KV_CACHE_RESIDENCY,
        members=("host_block_reuse_gap_seconds",),
    ),
)
