# SPDX-License-Identifier: Apache-2.0
"""Bucket boundaries of the histograms that the pump feeds, as vLLM's (vllm/v1/metrics/buckets.py)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence

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


KV_CACHE_RESIDENCY = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0),
    *(600.0, 1200.0, 1800.0),
)
FAMILIES = {
    "request_latency": (
        *("e2e_request_latency_seconds", "request_queue_time_seconds", "request_prefill_time_seconds"),
        *("request_decode_time_seconds", "request_inference_time_seconds"),
    ),
    "time_to_first_token": ("time_to_first_token_seconds",),
    "inter_token_latency": ("inter_token_latency_seconds", "request_time_per_output_token_seconds"),
    "iteration_tokens": ("iteration_tokens_total",),
    "request_params_n": ("request_params_n",),
    "request_num_preemptions": ("request_num_preemptions",),
    "request_tokens": (
        *("request_prompt_tokens", "request_generation_tokens", "request_max_num_generation_tokens"),
        *("request_params_max_tokens", "request_prefill_kv_computed_tokens"),
    ),
    "kv_cache_residency": ("kv_cache_residency",),
}
"""The histograms of each family of bounds; those of KV blocks are set by the family's own name."""


def histogram_buckets(
    max_model_len: int, custom: Mapping[str, Sequence[float]] | None = None
) -> dict[str, tuple[float, ...]]:
    """Return the bounds of every histogram by its name; token counts end at the context length.

    `custom`: bounds of whole families, as --custom-histogram-buckets gives them.
    """
    defaults = {
        "request_latency": REQUEST_LATENCY,
        "time_to_first_token": TIME_TO_FIRST_TOKEN,
        "inter_token_latency": INTER_TOKEN_LATENCY,
        "iteration_tokens": ITERATION_TOKENS,
        "request_params_n": REQUEST_PARAMS_N,
        "request_num_preemptions": REQUEST_NUM_PREEMPTIONS,
        "request_tokens": one_two_five(max_model_len),
        "kv_cache_residency": KV_CACHE_RESIDENCY,
    }
    bounds = {**defaults, **check_buckets(custom or {})}
    return {name: tuple(bounds[family]) for family, names in FAMILIES.items() for name in names}


def check_buckets(custom: Mapping[str, Sequence[float]]) -> Mapping[str, Sequence[float]]:
    """Return the bounds as they are, or raise ValueError in the words of vllm/config/observability.py."""
    for family, bounds in custom.items():
        where = f"custom_histogram_buckets[{family!r}]"
        if family not in FAMILIES:
            raise ValueError(
                f"custom_histogram_buckets: unknown bucket family {family!r}; known families: {sorted(FAMILIES)}"
            )
        if not isinstance(bounds, list) or not bounds:
            raise ValueError(f"{where}: bucket list must not be empty")
        for bound in bounds:
            if isinstance(bound, bool) or not isinstance(bound, (int, float)):
                raise ValueError(f"{where}: bound {bound!r} must be a number, not a {type(bound).__name__}")  # noqa: TRY004
            if not math.isfinite(bound) or bound <= 0:
                raise ValueError(f"{where}: bound {bound!r} must be finite and greater than 0")
        if any(low >= high for low, high in itertools.pairwise(bounds)):
            raise ValueError(f"{where}: bounds {bounds} must be strictly increasing")
    return custom
