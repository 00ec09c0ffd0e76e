# SPDX-License-Identifier: Apache-2.0
"""vllm:cache_config_info, as far as a frontend knows the engine's CacheConfig.

vLLM's server shows every member of the object that it shares with its engine (vllm/config/cache.py, 0.32). An engine
tells a frontend on the wire only what its KV cache has become; the other labels are there, and empty.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prometheus_client.core import Metric

from fastfront.telemetry.families import gauge

TEXT = "Information of the LLMEngine CacheConfig"
TOLD = (
    *("block_size", "effective_attention_block_size", "kv_cache_max_concurrency", "kv_cache_size_tokens"),
    *("mamba_block_size", "num_gpu_blocks"),
)
"""Members that the engine's ready message has, too."""
UNTOLD = (
    *("_block_size_resolved", "cache_dtype", "cache_hit_alignment_tokens", "enable_mamba_shared_prefix_checkpoint"),
    *("enable_prefix_caching", "gpu_memory_utilization", "hash_block_size", "is_attention_free"),
    *("kv_cache_dtype_skip_layers", "kv_cache_layout", "kv_cache_memory_bytes", "kv_offloading_backend"),
    *("kv_offloading_size", "kv_sharing_fast_prefill", "mamba_cache_dtype", "mamba_cache_mode"),
    *("mamba_page_size_padded", "mamba_ssm_cache_dtype", "num_cpu_blocks", "num_gpu_blocks_override"),
    *("prefix_cache_retention_interval", "prefix_caching_hash_algo", "prefix_match_unit", "replayssm_buffer_len"),
    *("skip_page_size_padded", "sliding_window", "swa_bounded_replay", "use_kda_recoverssm", "use_replayssm"),
    "user_specified_block_size",
)


def cache_config_info(ready: Any, engines: Iterable[int]) -> Metric:
    """Return the gauge, always 1. `ready`: what the engine said when it was ready, by vLLM's names."""
    told = tuple(str(getattr(ready, name, "")) for name in TOLD)
    return gauge(
        "vllm:cache_config_info",
        TEXT,
        ("engine", *TOLD, *UNTOLD),
        {(str(engine), *told, *("" for _ in UNTOLD)): 1 for engine in engines},
    )
