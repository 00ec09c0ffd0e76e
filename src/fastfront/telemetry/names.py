# SPDX-License-Identifier: Apache-2.0
"""The names and help texts of vLLM's metrics (vllm/v1/metrics, 0.32), without `vllm:` and `_total`. Data only."""

from __future__ import annotations

COUNTERS = ("num_preemptions", "prompt_tokens", "prompt_tokens_cached", "generation_tokens")
"""Counted by the pump under the same names."""

HISTOGRAMS = (
    "request_prompt_tokens",
    "request_generation_tokens",
    "iteration_tokens_total",
    "request_max_num_generation_tokens",
    "request_params_n",
    "request_params_max_tokens",
    "time_to_first_token_seconds",
    "inter_token_latency_seconds",
    "request_time_per_output_token_seconds",
    "e2e_request_latency_seconds",
    "request_queue_time_seconds",
    "request_inference_time_seconds",
    "request_prefill_time_seconds",
    "request_decode_time_seconds",
    "request_num_preemptions",
    "request_prefill_kv_computed_tokens",
)

SCHEDULER_COUNTERS = {
    "prefix_cache_queries": "prefix_queries",
    "prefix_cache_hits": "prefix_hits",
    "external_prefix_cache_queries": "connector_queries",
    "external_prefix_cache_hits": "connector_hits",
    "estimated_flops_per_gpu": "flops",
    "estimated_read_bytes_per_gpu": "read_bytes",
    "estimated_write_bytes_per_gpu": "write_bytes",
}
"""What engines tell of themselves, and how the snapshot calls it."""

SPEC_DECODE = {
    "spec_decode_num_drafts": "num_drafts",
    "spec_decode_num_draft_tokens": "num_draft_tokens",
    "spec_decode_num_accepted_tokens": "num_accepted_tokens",
}

DIFFUSION = {
    "diffusion_num_denoising_steps": "num_drafts",
    "diffusion_num_canvas_positions": "num_draft_tokens",
    "diffusion_num_committed_tokens": "num_accepted_tokens",
}
"""The same of a diffusion model, whose steps an engine tells as drafts."""

KV_BLOCKS = ("kv_block_lifetime_seconds", "kv_block_idle_before_evict_seconds", "kv_block_reuse_gap_seconds")

TEXTS = {
    "tool_call_parser_invocations": (
        "Total number of ToolParser invocations. Non-streaming increments once per choice; streaming increments once "
        "per delta."
    ),
    "estimated_flops_per_gpu": (
        "Estimated number of floating point operations per GPU (for Model Flops Utilization calculations)."
    ),
    "estimated_read_bytes_per_gpu": (
        "Estimated number of bytes read from memory per GPU (for Model Flops Utilization calculations)."
    ),
    "estimated_write_bytes_per_gpu": (
        "Estimated number of bytes written to memory per GPU (for Model Flops Utilization calculations)."
    ),
    "num_requests_running": "Number of requests in model execution batches.",
    "num_requests_waiting": "Number of requests waiting to be processed.",
    "num_requests_waiting_by_reason": (
        "Number of waiting requests by reason. Reason labels: 'capacity' = waiting for scheduling capacity; "
        "'deferred' = deferred by transient constraints (LoRA budget, KV transfer, blocked status). Sum of all "
        "reasons equals vllm:num_requests_waiting."
    ),
    "engine_sleep_state": (
        "Engine sleep state; awake = 0 means engine is sleeping; awake = 1 means engine is awake; "
        "weights_offloaded = 1 means sleep level 1; discard_all = 1 means sleep level 2."
    ),
    "kv_cache_usage_perc": "KV-cache usage. 1 means 100 percent usage.",
    "prefix_cache_queries": "Prefix cache queries, in terms of number of queried tokens.",
    "prefix_cache_hits": "Prefix cache hits, in terms of number of cached tokens.",
    "external_prefix_cache_queries": (
        "External prefix cache queries from KV connector cross-instance cache sharing, in terms of number of "
        "queried tokens."
    ),
    "external_prefix_cache_hits": (
        "External prefix cache hits from KV connector cross-instance cache sharing, in terms of number of cached "
        "tokens."
    ),
    "mm_cache_queries": "Multi-modal cache queries, in terms of number of queried items.",
    "mm_cache_hits": "Multi-modal cache hits, in terms of number of cached items.",
    "num_preemptions": "Cumulative number of preemption from the engine.",
    "prompt_tokens": "Number of prefill tokens processed.",
    "prompt_tokens_by_source": "Number of prompt tokens by source.",
    "prompt_tokens_cached": "Number of cached prompt tokens (local + external).",
    "prompt_tokens_cached_by_source": (
        "Prefix-cache hit tokens by the cache tier that supplied them: device (local HBM), host (offloaded to "
        "DRAM), disk, p2p (transferred from another vLLM instance) or external_unspecified. Counted at admission; "
        "sums to vllm:prefix_cache_hits + vllm:external_prefix_cache_hits."
    ),
    "generation_tokens": "Number of generation tokens processed.",
    "request_success": "Count of successfully processed requests.",
    "admission_rejections": "Number of admission attempts rejected by a queue limit, by reason.",
    "request_prompt_tokens": "Number of prefill tokens processed.",
    "request_generation_tokens": "Number of generation tokens processed.",
    "iteration_tokens_total": "Histogram of number of tokens per engine_step.",
    "request_max_num_generation_tokens": "Histogram of maximum number of requested generation tokens.",
    "request_params_n": "Histogram of the n request parameter.",
    "request_params_max_tokens": "Histogram of the max_tokens request parameter.",
    "time_to_first_token_seconds": "Histogram of time to first token in seconds.",
    "inter_token_latency_seconds": "Histogram of inter-token latency in seconds.",
    "request_time_per_output_token_seconds": "Histogram of time_per_output_token_seconds per request.",
    "e2e_request_latency_seconds": "Histogram of e2e request latency in seconds.",
    "request_queue_time_seconds": "Histogram of time spent in WAITING phase for request.",
    "request_inference_time_seconds": "Histogram of time spent in RUNNING phase for request.",
    "request_prefill_time_seconds": "Histogram of time spent in PREFILL phase for request.",
    "request_decode_time_seconds": "Histogram of time spent in DECODE phase for request.",
    "request_num_preemptions": "Histogram of the number of times a request was preempted.",
    "request_prefill_kv_computed_tokens": (
        "Histogram of new KV tokens computed during prefill (excluding cached tokens)."
    ),
    "cache_config_info": "Information of the LLMEngine CacheConfig",
    "num_requests_kv_fetch_by_stage": (
        "Number of waiting requests by async KV load stage. Stage labels: 'waiting_to_start' = needs an async KV "
        "load that has not started; 'in_progress' = load started and not yet reported finished; "
        "'completed_waiting' = load finished, request not running yet."
    ),
    "corrupted_requests": "Corrupted requests, in terms of total number of requests with NaNs in logits.",
    "diffusion_num_denoising_steps": "Number of denoising steps.",
    "diffusion_num_canvas_positions": "Number of canvas positions evaluated.",
    "diffusion_num_committed_tokens": "Number of committed (finalized) tokens.",
    "spec_decode_num_drafts": "Number of spec decoding drafts.",
    "spec_decode_num_draft_tokens": "Number of draft tokens.",
    "spec_decode_num_accepted_tokens": "Number of accepted tokens.",
    "spec_decode_num_accepted_tokens_per_pos": "Accepted tokens per draft position.",
    "kv_block_lifetime_seconds": (
        "Histogram of KV cache block lifetime from allocation to eviction. Sampled metrics (controlled by --kv-"
        "cache-metrics-sample)."
    ),
    "kv_block_idle_before_evict_seconds": (
        "Histogram of idle time before KV cache block eviction. Sampled metrics (controlled by --kv-cache-metrics-"
        "sample)."
    ),
    "kv_block_reuse_gap_seconds": (
        "Histogram of time gaps between consecutive KV cache block accesses. Only the most recent accesses are "
        "recorded (ring buffer). Sampled metrics (controlled by --kv-cache-metrics-sample)."
    ),
    "lora_requests_info": "Running stats on lora requests.",
}
