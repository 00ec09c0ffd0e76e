# SPDX-License-Identifier: Apache-2.0
"""POST /inference/v1/generate: token ids in, token ids (and text, if asked for) out. The request and its decoding.

A request is lowered to a completion of one prompt of token ids, so that everything behind it is what completions have.
Source: vllm/entrypoints/scale_out/token_in_token_out/protocol.py, vllm/sampling_params.py (0.32).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from fastfront.errors import SchemaError, validation_error
from fastfront.protocol import lax, rules
from fastfront.protocol.common import (
    INT64_MAX,
    REPETITION_DETECTION,
    Int64,
    NonNegative,
    RepetitionDetectionParams,
    StreamInterval,
    StreamOptions,
)
from fastfront.protocol.completions import CompletionRequest
from fastfront.protocol.decode import RequestDecoder
from fastfront.protocol.features import FEATURES, verify_features
from fastfront.protocol.response_format import STRUCTURED_OUTPUTS
from fastfront.protocol.sampling import verify_sampling_fields
from fastfront.protocol.structs import check_for_struct

field = msgspec.field

MAX_TOKENS_NOT_GIVEN = -(2**63)
"""Not given: as much as the model's defaults say or the context has room for. Null: the same. vLLM tells them apart."""

TokenIds = Annotated[list[Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX)]], msgspec.Meta(min_length=1)]


class SamplingParams(msgspec.Struct, kw_only=True):
    """How to sample. What is not given is vLLM's default: the model's generation_config does not come in."""

    n: int = 1
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    temperature: float = 1.0
    watermarking: bool | None = None
    top_p: float = 1.0
    top_k: int = 0
    min_p: float = 0.0
    seed: Int64 | None = None
    stop: str | list[str] | None = None
    stop_token_ids: list[int] | None = None
    ignore_eos: bool = False
    max_tokens: int | None = MAX_TOKENS_NOT_GIVEN
    min_tokens: int = 0
    logprobs: int | None = None
    prompt_logprobs: int | None = None
    prompt_logprob_token_ids: list[list[int]] | None = None
    logprob_token_ids: list[int] | None = None
    detokenize: bool = True
    skip_special_tokens: bool = True
    spaces_between_special_tokens: bool = True
    include_stop_str_in_output: bool = False
    stream_interval: StreamInterval | None = None
    structured_outputs: dict[str, Any] | None = None
    logit_bias: dict[str, float] | None = None
    allowed_token_ids: list[int] | None = None
    extra_args: dict[str, Any] | None = None
    bad_words: list[str] | None = None
    thinking_token_budget: int | None = None
    repetition_detection: RepetitionDetectionParams | None = None
    routed_experts_prompt_start: NonNegative = 0


class GenerateRequest(msgspec.Struct, kw_only=True):
    """What /render answers and /inference/v1/generate takes."""

    request_id: str = ""
    token_ids: TokenIds
    token_offsets: list[list[int]] | None = None
    features: dict[str, Any] | None = None
    content_parts: list[dict[str, Any]] | None = None
    sampling_params: SamplingParams
    model: str | None = None
    reasoning_ended: bool | None = None
    reasoning_parser_kwargs: dict[str, Any] | None = None
    return_token_ids: bool | None = None
    output_mode: Literal["tokens", "text"] = "tokens"
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    cache_salt: str | None = None
    priority: Int64 = 0
    kv_transfer_params: dict[str, Any] | None = None
    ec_transfer_params: dict[str, Any] | None = None


def decode_generate_request(body: bytes) -> GenerateRequest:
    """Return the request that the body holds, or raise the error to answer: of sampling_params also for its values."""
    request = _DECODER(body)
    _verify(request)
    return request


def completion_of(request: GenerateRequest) -> CompletionRequest:
    """Return the completion that samples the same tokens."""
    params = request.sampling_params
    extra_args = dict(params.extra_args or {})
    given = None if params.max_tokens == MAX_TOKENS_NOT_GIVEN else params.max_tokens
    return CompletionRequest(
        model=request.model,
        prompt=request.token_ids,
        frequency_penalty=params.frequency_penalty,
        logit_bias=params.logit_bias,
        logprobs=params.logprobs,
        prompt_logprobs=params.prompt_logprobs,
        logprob_token_ids=params.logprob_token_ids,
        max_tokens=given,
        n=params.n,
        presence_penalty=params.presence_penalty,
        seed=params.seed,
        stop=params.stop or [],
        stream=request.stream,
        stream_options=request.stream_options,
        temperature=params.temperature,
        top_p=params.top_p,
        top_k=params.top_k,
        min_p=params.min_p,
        repetition_penalty=params.repetition_penalty,
        watermarking=params.watermarking,
        stop_token_ids=params.stop_token_ids or [],
        include_stop_str_in_output=params.include_stop_str_in_output,
        ignore_eos=params.ignore_eos,
        min_tokens=params.min_tokens,
        skip_special_tokens=params.skip_special_tokens,
        spaces_between_special_tokens=params.spaces_between_special_tokens,
        allowed_token_ids=params.allowed_token_ids,
        bad_words=params.bad_words or [],
        add_special_tokens=False,
        structured_outputs=params.structured_outputs,
        priority=request.priority,
        request_id=request.request_id,
        routed_experts_prompt_start=params.routed_experts_prompt_start,
        cache_salt=request.cache_salt,
        kv_transfer_params=request.kv_transfer_params,
        ec_transfer_params=request.ec_transfer_params,
        vllm_xargs=extra_args or None,
        repetition_detection=params.repetition_detection,
        thinking_token_budget=params.thinking_token_budget,
        stream_interval=params.stream_interval,
    )


def _verify(request: GenerateRequest) -> None:
    params = request.sampling_params
    verify_features(request.features, request.content_parts, request.ec_transfer_params, len(request.token_ids))
    completion = completion_of(request)
    verify_sampling_fields(completion, completion.max_tokens)
    for name in ("logprobs", "prompt_logprobs"):
        value = getattr(params, name)
        if value is not None and value < -1:
            raise validation_error(f"{name} must be non-negative or -1, got {value}.", parameter=name, value=value)
    if params.stop and not params.detokenize:
        raise validation_error(
            "stop strings are only supported when detokenize is True. Set detokenize=True to use stop."
        )
    if request.output_mode != "tokens" and not params.detokenize:
        raise SchemaError(
            f"Value error, output_mode={request.output_mode!r} requires sampling_params.detokenize to be true",
            param="body",
        )
    for name, value in (request.reasoning_parser_kwargs or {}).items():
        where = f"body.reasoning_parser_kwargs.{name}"
        if name != "chat_template_kwargs":
            raise SchemaError("Extra inputs are not permitted", param=where)
        if not isinstance(value, dict):
            raise SchemaError("Input should be a valid dictionary", param=where)


_SAMPLING = check_for_struct(
    SamplingParams,
    {
        "structured_outputs": STRUCTURED_OUTPUTS,
        "repetition_detection": REPETITION_DETECTION,
        "thinking_token_budget": rules.thinking_token_budget,
    },
)
_DECODER = RequestDecoder(
    GenerateRequest,
    check_for_struct(
        GenerateRequest,
        {
            "token_ids": lax.not_empty(
                lax.list_of(lax.bounded(lax.integer, ge=0, le=INT64_MAX), exact=list[NonNegative])
            ),
            "features": FEATURES,
            "sampling_params": _SAMPLING,
        },
    ),
    is_plain=lambda request: (
        request.cache_salt is None
        and request.features is None
        and not request.content_parts
        and request.sampling_params.structured_outputs is None
    ),
    apply_rules=rules.check_cache_salt,
)
