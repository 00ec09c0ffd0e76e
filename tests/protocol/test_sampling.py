# SPDX-License-Identifier: Apache-2.0
"""Sampling fields out of range are refused in vLLM's order and words; the ends of the ranges are inside."""

from __future__ import annotations

import math

import pytest

from fastfront.errors import BadRequestError
from fastfront.protocol import ChatCompletionRequest
from fastfront.protocol.sampling import (
    token_ids_of_logit_bias,
    verify_greedy,
    verify_sampling_fields,
    verify_token_counts,
)

INSIDE = [
    {"n": 1},
    {"n": 16384},
    {"n": None},
    {"presence_penalty": -2.0, "frequency_penalty": 2.0},
    {"repetition_penalty": 1e-9},
    {"temperature": 0.0},
    {"temperature": 2.0},
    {"top_p": 1e-9},
    {"top_p": 1.0},
    {"top_k": -1},
    {"top_k": 2**64 - 1},
    {"min_p": 0.0},
    {"min_p": 1.0},
    {"stop": []},
    {"stop": " "},
    {"min_tokens": 7},
    {"logit_bias": {"5": math.nan}},
    {"vllm_xargs": {"a": -(2**63), "b": [2**64 - 1, "x", 1.5]}},
]
OUTSIDE = [
    ({"n": 0}, None, "n must be at least 1, got 0."),
    ({"n": 16385}, None, "n must be at most 16384, got 16385. To increase this limit, set the VLLM_MAX_N_SEQUENCES"),
    ({"presence_penalty": 2.1}, None, "presence_penalty must be in [-2, 2], got 2.1."),
    ({"frequency_penalty": math.nan}, None, "frequency_penalty must be in [-2, 2], got nan."),
    ({"repetition_penalty": 0.0}, None, "repetition_penalty must be greater than zero, got 0.0."),
    ({"repetition_penalty": math.nan}, None, "repetition_penalty must be a finite number, got nan."),
    ({"temperature": -0.1}, "temperature", "temperature must be non-negative, got -0.1. (parameter=temperature, "),
    ({"temperature": 2.1}, "temperature", "temperature must be in [0, 2], got 2.1. (parameter=temperature, value=2.1)"),
    ({"temperature": math.inf}, "temperature", "temperature must be a finite number, got inf."),
    ({"top_p": 0.0}, "top_p", "top_p must be in (0, 1], got 0.0. (parameter=top_p, value=0.0)"),
    ({"top_p": math.nan}, "top_p", "top_p must be in (0, 1], got nan."),
    ({"top_k": -2}, None, "top_k must be 0 (disable), or at least 1, got -2."),
    ({"top_k": 2**64}, "top_k", "top_k must be at most 18446744073709551615"),
    ({"min_p": 1.1}, None, "min_p must be in [0, 1], got 1.1."),
    ({"min_tokens": -1}, None, "min_tokens must be greater than or equal to 0, got -1."),
    ({"stop": ""}, None, "stop cannot contain an empty string."),
    ({"stop": ["a", ""]}, None, "stop cannot contain an empty string."),
    ({"bad_words": [""]}, None, "bad_words cannot contain an empty string. Got bad_words=['']"),
    ({"n": 2, "temperature": 0.0}, None, "n must be 1 when using greedy sampling, got 2."),
    ({"logit_bias": {"x": 1.0}}, "logit_bias", "logit_bias contains key(s) that cannot be converted to integer token"),
    ({"vllm_xargs": {"a": 2**64}}, "extra_args", "extra_args integers must be between -2**63 and 2**64 - 1."),
    ({"vllm_xargs": {"a": ["x", -(2**63) - 1]}}, "extra_args", "extra_args integers must be between"),
]


@pytest.mark.parametrize("fields", INSIDE)
def test_value_inside_its_range(fields):
    """The ends of a range belong to it."""
    verify_sampling_fields(ChatCompletionRequest(messages=[], **fields), None)


@pytest.mark.parametrize(("fields", "param", "message"), OUTSIDE)
def test_value_outside_its_range(fields, param, message):
    """A value past the end of its range is refused in vLLM's words."""
    with pytest.raises(BadRequestError) as caught:
        verify_sampling_fields(ChatCompletionRequest(messages=[], **fields), None)
    assert caught.value.message.startswith(message)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("max_tokens", "min_tokens", "message"),
    [
        (0, 0, "max_tokens must be at least 1, got 0. (parameter=max_tokens, value=0)"),
        (3, 5, "min_tokens must be less than or equal to max_tokens=3, got 5."),
        (None, -1, "min_tokens must be greater than or equal to 0, got -1."),
    ],
)
def test_token_counts_that_contradict(max_tokens, min_tokens, message):
    """No tokens, and a minimum above the maximum, are refused."""
    with pytest.raises(BadRequestError) as caught:
        verify_token_counts(max_tokens, min_tokens)
    assert caught.value.message == message


def test_token_counts_that_agree():
    """A minimum may equal the maximum, and stand alone."""
    verify_token_counts(5, 5)
    verify_token_counts(None, 5)


def test_one_greedy_answer_is_fine():
    """One answer may be greedy, several may be almost greedy."""
    verify_greedy(1, 0.0)
    verify_greedy(2, 1e-9)


def test_logit_bias_by_token_id():
    """Keys become integers as int() reads them, biases are clamped; not a number becomes the lowest, as in vLLM."""
    assert token_ids_of_logit_bias({" 1_0 ": 200.0, "-1": -200.0, "7": 1.5, "8": math.nan}) == {
        10: 100.0,
        -1: -100.0,
        7: 1.5,
        8: -100.0,
    }


def test_wrong_keys_of_logit_bias_are_all_named():
    """The keys that are no integers are named, the others are not."""
    with pytest.raises(BadRequestError) as caught:
        token_ids_of_logit_bias({"a": 1.0, "1": 1.0, "1.0": 1.0})
    assert caught.value.message.endswith("token IDs: ['a', '1.0'] (parameter=logit_bias, value=['a', '1.0'])")
