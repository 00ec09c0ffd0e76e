# SPDX-License-Identifier: Apache-2.0
"""Ranges of the sampling fields, for the values that a request sets itself.

Called once a request is decoded. Values that the model's generation_config fills in, and bounds that depend on the
model (vocabulary, context length), are the prompt's business; `verify_token_counts` and `verify_greedy` are called
there again with what they came to. Order, words and named parameters are vLLM's.

Source: vllm/sampling_params.py, SamplingParams.from_optional, __post_init__ and _verify_args.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fastfront.errors import validation_error
from fastfront.protocol.common import INT64_MIN, MAX_N_SEQUENCES, UINT64_MAX

if TYPE_CHECKING:
    from fastfront.protocol.chat import ChatCompletionRequest
    from fastfront.protocol.completions import CompletionRequest

_MAX_NAMED = 1000
"""An error names no more keys than this."""


def verify_sampling_fields(request: ChatCompletionRequest | CompletionRequest, max_tokens: int | None) -> None:
    """Refuse values out of range. `max_tokens`: what the request asks for, under either of its names."""
    if request.logit_bias:
        token_ids_of_logit_bias(request.logit_bias)
    if (n := request.n) is not None and not 1 <= n <= MAX_N_SEQUENCES:
        _refuse_n(n)
    if request.vllm_xargs:
        _verify_extra_args(request.vllm_xargs)
    if (value := request.presence_penalty) is not None and not -2.0 <= value <= 2.0:
        raise validation_error(f"presence_penalty must be in [-2, 2], got {value}.")
    if (value := request.frequency_penalty) is not None and not -2.0 <= value <= 2.0:
        raise validation_error(f"frequency_penalty must be in [-2, 2], got {value}.")
    if (value := request.repetition_penalty) is not None and not (value > 0.0 and math.isfinite(value)):
        _refuse_repetition_penalty(value)
    if (value := request.temperature) is not None and not 0.0 <= value <= 2.0:
        _refuse_temperature(value)
    if (value := request.top_p) is not None and not 0.0 < value <= 1.0:
        raise validation_error(f"top_p must be in (0, 1], got {value}.", parameter="top_p", value=value)
    if (top_k := request.top_k) is not None and not -1 <= top_k <= UINT64_MAX:
        _refuse_top_k(top_k)
    if (value := request.min_p) is not None and not 0.0 <= value <= 1.0:
        raise validation_error(f"min_p must be in [0, 1], got {value}.")
    if max_tokens is not None or request.min_tokens:
        verify_token_counts(max_tokens, request.min_tokens)
    stop = request.stop
    if stop == "" or (isinstance(stop, list) and "" in stop):
        raise validation_error("stop cannot contain an empty string.")
    if request.bad_words and "" in request.bad_words:
        raise validation_error(f"bad_words cannot contain an empty string. Got bad_words={request.bad_words}")
    if n is not None and n > 1 and request.temperature is not None and not request.use_beam_search:
        verify_greedy(n, request.temperature)


def verify_token_counts(max_tokens: int | None, min_tokens: int) -> None:
    """Refuse an answer of no tokens, and a minimum above the maximum."""
    if max_tokens is not None and max_tokens < 1:
        raise validation_error(
            f"max_tokens must be at least 1, got {max_tokens}.", parameter="max_tokens", value=max_tokens
        )
    if min_tokens < 0:
        raise validation_error(f"min_tokens must be greater than or equal to 0, got {min_tokens}.")
    if max_tokens is not None and min_tokens > max_tokens:
        raise validation_error(f"min_tokens must be less than or equal to max_tokens={max_tokens}, got {min_tokens}.")


def verify_greedy(n: int, temperature: float) -> None:
    """Refuse several answers to one prompt that could only be equal (small temperatures are raised to 0.01)."""
    if n > 1 and temperature == 0.0:
        raise validation_error(f"n must be 1 when using greedy sampling, got {n}.")


def token_ids_of_logit_bias(logit_bias: Mapping[str, float]) -> dict[int, float]:
    """Return the biases by token id, each clamped to [-100, 100], or refuse keys that are no integers."""
    biases: dict[int, float] = {}
    invalid: list[str] = []
    for token, bias in logit_bias.items():
        try:
            biases[int(token)] = min(100.0, max(-100.0, bias))
        except ValueError:
            invalid.append(token)
            if len(invalid) >= _MAX_NAMED:
                break
    if invalid:
        raise validation_error(
            f"logit_bias contains key(s) that cannot be converted to integer token IDs: {invalid!r}",
            parameter="logit_bias",
            value=invalid,
        )
    return biases


def _verify_extra_args(extra_args: Mapping[str, Any]) -> None:
    """Refuse integers that MessagePack cannot carry to the engine."""
    for value in extra_args.values():
        for item in value if isinstance(value, list) else (value,):
            if isinstance(item, int) and not INT64_MIN <= item <= UINT64_MAX:
                raise validation_error(
                    "extra_args integers must be between -2**63 and 2**64 - 1.", parameter="extra_args"
                )


def _refuse_n(n: int) -> None:
    if n < 1:
        raise validation_error(f"n must be at least 1, got {n}.")
    raise validation_error(
        f"n must be at most {MAX_N_SEQUENCES}, got {n}. To increase this limit, set the VLLM_MAX_N_SEQUENCES "
        "environment variable."
    )


def _refuse_repetition_penalty(value: float) -> None:
    if not math.isfinite(value):
        raise validation_error(f"repetition_penalty must be a finite number, got {value}.")
    raise validation_error(f"repetition_penalty must be greater than zero, got {value}.")


def _refuse_temperature(value: float) -> None:
    rule = "be a finite number" if not math.isfinite(value) else "be non-negative" if value < 0 else "be in [0, 2]"
    raise validation_error(f"temperature must {rule}, got {value}.", parameter="temperature", value=value)


def _refuse_top_k(top_k: int) -> None:
    if top_k < -1:
        raise validation_error(f"top_k must be 0 (disable), or at least 1, got {top_k}.")
    raise validation_error(f"top_k must be at most {UINT64_MAX}, got {top_k}.", parameter="top_k")
