# SPDX-License-Identifier: Apache-2.0
"""SamplingParams as vLLM's /render writes them: JSON members in its order, defaults left out where it leaves them out.

vLLM leaves out what is identical to a default, not what is equal: a temperature of 1.0 stays, a top_k of 0 goes.
Source: vllm/sampling_params.py, vllm/v1/serial_utils.py PydanticMsgspecMixin (0.32).
"""

from __future__ import annotations

from typing import Any

import msgspec

from fastfront.engine.types import RequestOutputKind, SamplingParams
from fastfront.protocol.chat import ChatCompletionRequest
from fastfront.protocol.completions import CompletionRequest

_CONSTRAINTS = (
    *("json", "regex", "choice", "grammar", "json_object", "disable_any_whitespace"),
    *("disable_additional_properties", "whitespace_pattern", "structural_tag"),
)


def rendered_params(
    request: ChatCompletionRequest | CompletionRequest, params: SamplingParams, stop_token_ids: list[int]
) -> dict[str, Any]:
    """Return the members. `stop_token_ids`: the request's own, without the model's end tokens."""
    stop = request.stop
    stops = [stop] if isinstance(stop, str) else list(stop or ())
    held_back = max(map(len, stops), default=1) - 1 if not request.include_stop_str_in_output else 0
    greedy = params.temperature == 0
    members: dict[str, Any] = {
        "n": _unless(request.n or 1, 1),
        "presence_penalty": params.presence_penalty,
        "frequency_penalty": params.frequency_penalty,
        "repetition_penalty": params.repetition_penalty,
        "temperature": params.temperature,
        "watermarking": params.watermarking,
        "top_p": None if greedy else params.top_p,
        "top_k": None if greedy else _unless(params.top_k, 0),
        "min_p": None if greedy else params.min_p,
        "seed": params.seed,
        "stop": stops,
        "stop_token_ids": stop_token_ids,
        "ignore_eos": _unless(params.ignore_eos, False),
        "max_tokens": _unless(params.max_tokens, 16),
        "min_tokens": _unless(params.min_tokens, 0),
        "logprobs": params.logprobs,
        "prompt_logprobs": params.prompt_logprobs,
        "logprob_token_ids": params.logprob_token_ids,
        "skip_special_tokens": _unless(request.skip_special_tokens, True),
        "spaces_between_special_tokens": _unless(request.spaces_between_special_tokens, True),
        "include_stop_str_in_output": _unless(request.include_stop_str_in_output, False),
        "output_kind": int(RequestOutputKind.DELTA if request.stream else RequestOutputKind.FINAL_ONLY),
        "stream_interval": params.stream_interval,
        "skip_clone": True,
        "output_text_buffer_length": _unless(held_back, 0),
        "structured_outputs": _constraint(params),
        "logit_bias": params.logit_bias,
        "allowed_token_ids": params.allowed_token_ids,
        "extra_args": params.extra_args,
        "bad_words": list(dict.fromkeys(request.bad_words or ())),
        "skip_reading_prefix_cache": params.prompt_logprobs is not None,
        "thinking_token_budget": params.thinking_token_budget,
        "repetition_detection": _repetition(params),
        "routed_experts_prompt_start": _unless(params.routed_experts_prompt_start, 0),
    }
    return {name: value for name, value in members.items() if value is not None}


def _unless(value: Any, default: Any) -> Any:
    return None if value == default else value


def _constraint(params: SamplingParams) -> dict[str, Any] | None:
    outputs = params.structured_outputs
    if outputs is None:
        return None
    # The backend is chosen where the request goes to the engine.
    return {**{name: getattr(outputs, name) for name in _CONSTRAINTS}, "_backend": None, "_backend_was_auto": False}


def _repetition(params: SamplingParams) -> dict[str, Any] | None:
    detection = params.repetition_detection
    return None if detection is None else msgspec.structs.asdict(detection)
