# SPDX-License-Identifier: Apache-2.0
"""Bounds of the histograms: vLLM's, and those of --custom-histogram-buckets in their place."""

from __future__ import annotations

import pytest

from fastfront.telemetry.buckets import histogram_buckets, one_two_five


def test_token_buckets_end_at_the_context_length():
    """1, 2, 5 and their multiples of ten."""
    assert one_two_five(100) == (1, 2, 5, 10, 20, 50, 100)
    assert one_two_five(99) == (1, 2, 5, 10, 20, 50)
    assert histogram_buckets(4096)["request_prompt_tokens"][-1] == 2000


def test_iteration_buckets():
    """Powers of two, as vLLM has them."""
    assert histogram_buckets(1)["iteration_tokens_total"][:3] == (1, 8, 16)
    assert histogram_buckets(1)["iteration_tokens_total"][-1] == 16384


def test_custom_bounds_replace_a_family():
    """Every histogram of the family has them; the others keep theirs."""
    buckets = histogram_buckets(100, {"request_latency": [0.5, 1], "request_tokens": [7]})
    assert buckets["e2e_request_latency_seconds"] == (0.5, 1)
    assert buckets["request_queue_time_seconds"] == (0.5, 1)
    assert buckets["request_prompt_tokens"] == (7,)
    assert buckets["inter_token_latency_seconds"][0] == 0.01


@pytest.mark.parametrize(
    ("custom", "message"),
    [
        ({"nonsense": [1.0]}, "unknown bucket family 'nonsense'; known families: ['inter_token_latency'"),
        ({"request_latency": []}, "bucket list must not be empty"),
        ({"request_latency": 5}, "bucket list must not be empty"),
        ({"request_latency": [True]}, "bound True must be a number, not a bool"),
        ({"request_latency": ["1"]}, "bound '1' must be a number, not a str"),
        ({"request_latency": [0]}, "bound 0 must be finite and greater than 0"),
        ({"request_latency": [float("inf")]}, "bound inf must be finite and greater than 0"),
        ({"request_latency": [2, 1]}, "bounds [2, 1] must be strictly increasing"),
    ],
)
def test_bad_custom_bounds_are_refused(custom, message):
    """In vLLM's words."""
    with pytest.raises(ValueError) as refused:
        histogram_buckets(100, custom)
    assert message in str(refused.value)
