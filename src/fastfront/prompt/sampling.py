# SPDX-License-Identifier: Apache-2.0
"""Request fields and the model's defaults to the SamplingParams that the engine reads.

Sources: `to_sampling_params` in vllm/entrypoints/openai/*/protocol.py, vllm/sampling_params.py (`__post_init__`,
`verify`, `update_from_*`), `get_max_tokens` in vllm/entrypoints/serve/utils/api_utils.py. What can be said of a field
alone has been checked by `protocol`; here is what depends on the model or on defaults. Must not know prompts beyond
their length.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from fastfront.engine.types import RepetitionDetectionParams, SamplingParams, StructuredOutputsParams
from fastfront.errors import validation_error
from fastfront.prompt import limits
from fastfront.protocol.response_format import constraint_of
from fastfront.protocol.sampling import token_ids_of_logit_bias, verify_greedy, verify_token_counts
from fastfront.structured import check_constraint

if TYPE_CHECKING:
    from fastfront.prompt.model import Model
    from fastfront.protocol.chat import ChatCompletionRequest
    from fastfront.protocol.completions import CompletionRequest

_LOWEST_TEMPERATURE = 1e-2
_NEUTRAL: dict[str, Any] = {
    "repetition_penalty": 1.0,
    "presence_penalty": 0.0,
    "frequency_penalty": 0.0,
    "temperature": 1.0,
    "top_p": 1.0,
    "top_k": 0,
    "min_p": 0.0,
}


def get_max_tokens(
    model: Model, requested: int | None, prompt_length: int, truncate_prompt_tokens: int | None = None
) -> int:
    """Return how many tokens may be generated: what was asked for (or the default), as far as the context has room."""
    if truncate_prompt_tokens is not None:
        limit = model.max_model_len if truncate_prompt_tokens == -1 else truncate_prompt_tokens
        prompt_length = min(prompt_length, limit)
    if model.max_model_len < prompt_length:
        raise validation_error(
            f"Input length ({prompt_length}) exceeds model's maximum context length ({model.max_model_len})."
        )
    wanted = requested if requested is not None else model.default_sampling.get("max_tokens")
    bounds = (model.max_model_len - prompt_length, wanted, model.override_max_tokens)
    return min(bound for bound in bounds if bound is not None)


def lower_chat_sampling_params(request: ChatCompletionRequest, model: Model, prompt_length: int) -> SamplingParams:
    """Return what the engine needs for each of the request's `n` answers."""
    if request.use_beam_search:
        return _lower_beam_search(request, model)
    max_tokens = get_max_tokens(model, request.requested_max_tokens, prompt_length, request.truncate_prompt_tokens)
    logprobs = request.top_logprobs if request.logprobs and not request.logprob_token_ids else None
    prompt_logprobs = request.prompt_logprobs
    if prompt_logprobs is None and request.echo:
        prompt_logprobs = request.top_logprobs
    return _lower(request, model, prompt_length, max_tokens, logprobs, prompt_logprobs)


def lower_completion_sampling_params(request: CompletionRequest, model: Model, prompt_length: int) -> SamplingParams:
    """Return what the engine needs for each of the `n` answers to one of the request's prompts."""
    if request.use_beam_search:
        return _lower_beam_search(request, model)
    max_tokens = get_max_tokens(model, request.max_tokens, prompt_length, request.truncate_prompt_tokens)
    if request.echo and request.max_tokens == 0:
        max_tokens = 1  # the engine always generates; the answer leaves this token out
    logprobs = None if request.logprob_token_ids else request.logprobs
    prompt_logprobs = request.prompt_logprobs
    if prompt_logprobs is None and request.echo:
        prompt_logprobs = request.logprobs
    return _lower(request, model, prompt_length, max_tokens, logprobs, prompt_logprobs)


def params_of_sample(params: SamplingParams, index: int) -> SamplingParams:
    """Return the params of the request's answer number `index`: with a seed, each answer has its own."""
    if params.seed is None or index == 0:
        return params
    return msgspec.structs.replace(params, seed=params.seed + index)


def _lower_beam_search(request: ChatCompletionRequest | CompletionRequest, model: Model) -> SamplingParams:
    """Return what the engine needs for one step of one beam: a token, and twice as many candidates as beams."""
    temperature = request.temperature
    if temperature is None:
        temperature = model.default_sampling.get("temperature", _NEUTRAL["temperature"])
    if 0 < temperature < _LOWEST_TEMPERATURE:
        temperature = _LOWEST_TEMPERATURE
    params = SamplingParams(temperature=temperature, watermarking=False, max_tokens=1, logprobs=2 * (request.n or 1))
    _check_against_model(params, [], model)
    _set_end_tokens(params, [], model)
    return params


def _lower(
    request: ChatCompletionRequest | CompletionRequest,
    model: Model,
    prompt_length: int,
    max_tokens: int,
    logprobs: int | None,
    prompt_logprobs: int | None,
) -> SamplingParams:
    constraint = constraint_of(request.structured_outputs, request.response_format)
    defaults = model.default_sampling
    values: dict[str, Any] = {}
    for name, neutral in _NEUTRAL.items():
        value = getattr(request, name)
        values[name] = value if value is not None else defaults.get(name, neutral)
    verify_token_counts(max_tokens, request.min_tokens)
    if values["temperature"] == 0:
        values.update(top_p=1.0, top_k=0, min_p=0.0)
        verify_greedy(1 if request.n is None else request.n, 0.0)
    elif values["temperature"] < _LOWEST_TEMPERATURE:
        values["temperature"] = _LOWEST_TEMPERATURE  # below it logits overflow
    params = SamplingParams(
        **values,
        watermarking=request.watermarking,
        seed=None if request.seed == -1 else request.seed,
        ignore_eos=request.ignore_eos,
        max_tokens=max_tokens,
        min_tokens=request.min_tokens,
        logprobs=logprobs,
        prompt_logprobs=prompt_logprobs,
        logprob_token_ids=request.logprob_token_ids or None,
        stream_interval=request.stream_interval,
        logit_bias=None if request.logit_bias is None else token_ids_of_logit_bias(request.logit_bias),
        allowed_token_ids=request.allowed_token_ids,
        extra_args=_extra_args(request),
        routed_experts_prompt_start=request.routed_experts_prompt_start,
    )
    if request.repetition_detection is not None:
        params.repetition_detection = RepetitionDetectionParams(**msgspec.structs.asdict(request.repetition_detection))
    stop_token_ids = list(dict.fromkeys(request.stop_token_ids or ()))
    _check_against_model(params, stop_token_ids, model)
    if constraint is not None:
        check_constraint(constraint)
        # Which backend takes it is found out later, off the loop.
        params.structured_outputs = StructuredOutputsParams(**constraint)
    if request.thinking_token_budget not in (None, -1):
        params.thinking_token_budget = request.thinking_token_budget
    if params.thinking_token_budget is not None and not model.has_reasoning_config:
        raise validation_error(
            "thinking_token_budget is set but reasoning_config is not configured. Please set --reasoning-parser "
            "and/or --reasoning-config to use thinking_token_budget."
        )
    if not 0 <= params.routed_experts_prompt_start <= prompt_length:
        raise validation_error(
            f"routed_experts_prompt_start must be between 0 and the prompt length ({prompt_length}), inclusive.",
            parameter="routed_experts_prompt_start",
            value=params.routed_experts_prompt_start,
        )
    _set_end_tokens(params, stop_token_ids, model)
    if request.bad_words:
        params.bad_words_token_ids = _bad_words_token_ids(request.bad_words, model)
    return params


def _set_end_tokens(params: SamplingParams, stop_token_ids: list[int], model: Model) -> None:
    extra = model.extra_eos_token_ids
    ends = {*stop_token_ids, *extra}
    if model.eos_token_id is not None:
        ends.add(model.eos_token_id)
        if not params.ignore_eos:
            params.eos_token_id = model.eos_token_id
    # Known to the engine in any case: min_tokens keeps all of them from being sampled.
    params.all_stop_token_ids = ends
    if extra and not params.ignore_eos:
        stop_token_ids = list({*extra, *stop_token_ids})
    if stop_token_ids:
        params.stop_token_ids = stop_token_ids


def _check_against_model(params: SamplingParams, stop_token_ids: list[int], model: Model) -> None:
    """Refuse what the served model cannot do: too many logprobs, ids that it has no logits for."""
    if params.logprobs:
        _check_logprobs("sample", "logprobs", params.logprobs, model)
    if params.logprob_token_ids is not None:
        _check_label_ids(params.logprob_token_ids, model.vocab_size)
    if params.prompt_logprobs:
        _check_logprobs("prompt", "prompt_logprobs", params.prompt_logprobs, model)
    if params.logit_bias:
        _check_vocabulary("logit_bias", params.logit_bias, model.vocab_size)
    if stop_token_ids:
        _check_vocabulary("stop_token_ids", stop_token_ids, model.vocab_size)
    allowed = params.allowed_token_ids
    if allowed is None:
        return
    if not allowed:
        raise validation_error("allowed_token_ids is not None and empty!", parameter="allowed_token_ids", value=allowed)
    outside = _outside(allowed, model.vocab_size)
    if outside:
        raise validation_error(
            "allowed_token_ids contains out-of-vocab token id!", parameter="allowed_token_ids", value=outside
        )


def _check_logprobs(kind: str, parameter: str, asked: int, model: Model) -> None:
    number = model.vocab_size if asked == -1 else asked
    most = model.vocab_size if model.max_logprobs == -1 else model.max_logprobs
    if number > most:
        raise validation_error(
            f"Requested {kind} logprobs of {number}, which is greater than max allowed: {most}",
            parameter=parameter,
            value=number,
        )


def _check_label_ids(token_ids: list[int], vocab_size: int) -> None:
    if len(token_ids) > limits.MAX_LOGPROB_TOKEN_IDS:
        raise validation_error(
            f"Requested logprob_token_ids of length {len(token_ids)}, "
            f"which is greater than max allowed: {limits.MAX_LOGPROB_TOKEN_IDS}",
            parameter="logprob_token_ids",
            value=len(token_ids),
        )
    _check_vocabulary("logprob_token_ids", token_ids, vocab_size)


def _check_vocabulary(parameter: str, token_ids: Iterable[int], vocab_size: int) -> None:
    outside = _outside(token_ids, vocab_size)
    if outside:
        raise validation_error(
            f"token_id(s) {outside} in {parameter} contain out-of-vocab token ids. Vocabulary size: {vocab_size}",
            parameter=parameter,
            value=outside,
        )


def _outside(token_ids: Iterable[int], vocab_size: int) -> list[int]:
    return [token_id for token_id in token_ids if not 0 <= token_id < vocab_size]


def _bad_words_token_ids(bad_words: list[str], model: Model) -> list[list[int]]:
    """Return the token sequences to keep from being completed: each word at the start of text and after a space."""
    words = list(dict.fromkeys(bad_words))
    sequences: list[list[int]] = []
    for word in words:
        text = word.lstrip()
        bare = model.tokenizer.encode(text, add_special_tokens=False)
        if not bare:
            raise validation_error(
                "bad_words entries must tokenize to at least one token.", parameter="bad_words", value=words
            )
        spaced = model.tokenizer.encode(" " + text, add_special_tokens=False)
        differs = bool(spaced) and spaced[0] != bare[0] and len(spaced) == len(bare)
        sequences.extend((bare, spaced) if differs else (bare,))
        if len(sequences) > limits.MAX_NUM_BAD_WORDS:
            # vLLM counts one by one, and stops at the first too many.
            raise validation_error(
                f"Too many bad words after tokenization: {limits.MAX_NUM_BAD_WORDS + 1}. "
                f"The max number is {limits.MAX_NUM_BAD_WORDS}.",
                parameter="bad_words",
                value=words,
            )
    return sequences


def _extra_args(request: ChatCompletionRequest | CompletionRequest) -> dict[str, Any] | None:
    extra: dict[str, Any] = dict(request.vllm_xargs or {})
    if request.kv_transfer_params:
        extra["kv_transfer_params"] = request.kv_transfer_params
    if request.ec_transfer_params:
        extra["ec_transfer_params"] = request.ec_transfer_params
    _check_integers(extra)
    return extra or None


def _check_integers(extra: dict[str, Any]) -> None:
    """Refuse integers that MessagePack cannot carry to the engine."""
    pending: list[Any] = [extra] if extra else []
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, int) and not -(2**63) <= value < 2**64:
            raise validation_error("extra_args integers must be between -2**63 and 2**64 - 1.", parameter="extra_args")
