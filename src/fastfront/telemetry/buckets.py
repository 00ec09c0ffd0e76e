# SPDX-License-Identifier: Apache-2.0
"""Bucket boundaries of the histograms that the pump feeds, as vLLM's (vllm/v1/metrics/buckets.py). Data only."""

from __future__ import annotations

REQUEST_LATENCY = (
    *(0.3, 0.5, 0.8, 1.0, 1.5, 2.0, 2.5, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0, 60.0, 120.0, 240.0, 480.0, 960.0),
    *(1920.0, 7680.0),
)
TIME_TO_FIRST_TOKEN = (
    *(0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0),
    *(160.0, 640.0, 2560.0),
)
INTER_TOKEN_LATENCY = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 20.0, 40.0, 80.0),
)
ITERATION_TOKENS = tuple(float(n) for n in (1, *(2**exponent for exponent in range(3, 15))))
REQUEST_PARAMS_N = (1.0, 2.0, 5.0, 10.0, 20.0)
REQUEST_NUM_PREEMPTIONS = (1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0)


def one_two_five(largest: int) -> tuple[float, ...]:
    """Return 1, 2, 5, 10, 20, 50, ... up to `largest`: what token counts are sorted into."""
    bounds: list[float] = []
    decade = 1
    while True:
        for mantissa in (1, 2, 5):
            if mantissa * decade > largest:
                return tuple(bounds)
            bounds.append(float(mantissa * decade))
        decade *= 10


def histogram_buckets(max_model_len: int) -> dict[str, tuple[float, ...]]:
    """Return the boundaries of every histogram by its name; token counts end at the context length."""
    tokens = one_two_five(max_model_len)
    return {
        "time_to_first_token_seconds": TIME_TO_FIRST_TOKEN,
        "inter_token_latency_seconds": INTER_TOKEN_LATENCY,
        "request_time_per_output_token_seconds": INTER_TOKEN_LATENCY,
        "e2e_request_latency_seconds": REQUEST_LATENCY,
        "request_queue_time_seconds": REQUEST_LATENCY,
        "request_prefill_time_seconds": REQUEST_LATENCY,
        "request_decode_time_seconds": REQUEST_LATENCY,
        "request_inference_time_seconds": REQUEST_LATENCY,
        "request_prompt_tokens": tokens,
        "request_generation_tokens": tokens,
        "request_max_num_generation_tokens": tokens,
        "request_params_max_tokens": tokens,
        "request_prefill_kv_computed_tokens": tokens,
        "request_params_n": REQUEST_PARAMS_N,
        "request_num_preemptions": REQUEST_NUM_PREEMPTIONS,
        "iteration_tokens_total": ITERATION_TOKENS,
    }
