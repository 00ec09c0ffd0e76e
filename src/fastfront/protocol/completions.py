# SPDX-License-Identifier: Apache-2.0
"""POST /v1/completions: the request, every field that vLLM 0.32 has, and its decoding (fast and slow, as in chat.py).

Source: vllm/entrypoints/openai/completion/protocol.py (CompletionRequest).
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Literal

import msgspec

from fastfront.errors import validation_error
from fastfront.protocol import lax, rules
from fastfront.protocol.common import (
    MAX_COMPLETION_PROMPTS,
    REPETITION_DETECTION,
    Int64,
    NonNegative,
    RepetitionDetectionParams,
    StopStrings,
    StreamInterval,
    StreamOptions,
    TruncatePromptTokens,
    XArg,
)
from fastfront.protocol.decode import RequestDecoder
from fastfront.protocol.issues import Issues, Location
from fastfront.protocol.lax import INVALID
from fastfront.protocol.response_format import RESPONSE_FORMAT, STRUCTURED_OUTPUTS
from fastfront.protocol.sampling import verify_sampling_fields
from fastfront.protocol.structs import check_for_struct

field = msgspec.field

Prompt = str | list[int] | list[str] | list[list[int]]


class CompletionRequest(msgspec.Struct, kw_only=True):
    """In vLLM's order. `request_id` is "" where the client gave none; `prompt` holds a Prompt (see `prompts`)."""

    model: str | None = None
    prompt: str | list[Any] | None = None
    echo: bool | None = False
    frequency_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: int | None = None
    max_tokens: int | None = 16
    n: int = 1
    presence_penalty: float | None = None
    seed: Int64 | None = None
    stop: str | StopStrings | None = field(default_factory=list)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    suffix: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    user: str | None = None
    use_beam_search: bool = False
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    watermarking: bool | None = None
    length_penalty: float = 1.0
    stop_token_ids: list[int] | None = field(default_factory=list)
    include_stop_str_in_output: bool = False
    ignore_eos: bool = False
    min_tokens: int = 0
    skip_special_tokens: bool = True
    spaces_between_special_tokens: bool = True
    truncate_prompt_tokens: TruncatePromptTokens | None = None
    truncation_side: Literal["left", "right"] | None = None
    allowed_token_ids: list[int] | None = None
    prompt_logprobs: int | None = None
    logprob_token_ids: list[int] | None = None
    bad_words: list[str] = field(default_factory=list)
    prompt_embeds: str | list[str] | None = None
    add_special_tokens: bool = True
    response_format: dict[str, Any] | None = None
    structured_outputs: dict[str, Any] | None = None
    priority: Int64 = 0
    request_id: str = ""
    session_id: str | None = None
    return_tokens_as_token_ids: bool | None = None
    return_token_ids: bool | None = None
    routed_experts_prompt_start: NonNegative = 0
    return_token_offsets: bool | None = False
    mm_payload: Literal["tensors", "none"] = "tensors"
    return_mm_kwargs: bool | None = None
    cache_salt: str | None = None
    kv_transfer_params: dict[str, Any] | None = None
    ec_transfer_params: dict[str, Any] | None = None
    vllm_xargs: dict[str, XArg] | None = None
    repetition_detection: RepetitionDetectionParams | None = None
    thinking_token_budget: int | None = None
    stream_interval: StreamInterval | None = None

    @property
    def prompts(self) -> list[str] | list[list[int]]:
        """The prompts, one or more: texts, or token ids."""
        prompt: Any = self.prompt
        if isinstance(prompt, str) or (prompt and isinstance(prompt[0], int)):
            return [prompt]
        return prompt or []

    @property
    def embeds(self) -> list[str]:
        """The prompts that are embeddings, one or more or none: base64 of tensor files. They come before the others."""
        given = self.prompt_embeds
        return [given] if isinstance(given, str) else given or []


_RARE_FIELDS = (
    "echo",
    "logprobs",
    "suffix",
    "use_beam_search",
    "watermarking",
    "prompt_logprobs",
    "logprob_token_ids",
    "bad_words",
    "prompt_embeds",
    "response_format",
    "structured_outputs",
    "return_token_ids",
    "routed_experts_prompt_start",
    "return_mm_kwargs",
    "cache_salt",
    "kv_transfer_params",
    "ec_transfer_params",
    "repetition_detection",
    "thinking_token_budget",
    "stream_interval",
)
"""Fields with rules between them: not at their default means the slow path."""

_rare_values = attrgetter(*_RARE_FIELDS)
_RARE_DEFAULTS = _rare_values(CompletionRequest())
_TokenIds = list[NonNegative]
_PROMPT_TYPES: dict[type, Any] = {int: _TokenIds, str: list[str], list: list[_TokenIds]}
"""By the type of the first item, what the list must be to be taken as it is."""


def decode_completion_request(body: bytes) -> CompletionRequest:
    """Return the request that the body holds, or raise the error to answer."""
    return _DECODER(body)


def completion_from_object(data: dict[str, Any]) -> CompletionRequest:
    """Return the request that a JSON object holds, or raise the error to answer. The object may be changed."""
    return _DECODER.from_object(data)


def _is_plain(request: CompletionRequest) -> bool:
    return bool(
        _rare_values(request) == _RARE_DEFAULTS
        and request.max_tokens is not None
        and (request.stream_options is None or request.stream)
        and _is_plain_prompt(request.prompt)
    )


def _is_plain_prompt(prompt: str | list[Any] | None) -> bool:
    """Return whether the slow path is sure to take the prompt as it is. Long lists are looked through in C."""
    if not prompt:
        return False
    if isinstance(prompt, str):
        return True
    kind = type(prompt[0])
    if kind not in _PROMPT_TYPES or (kind is not int and len(prompt) > MAX_COMPLETION_PROMPTS):
        return False
    try:
        msgspec.convert(prompt, _PROMPT_TYPES[kind])
    except msgspec.ValidationError:
        return False
    return True


def _verify(request: CompletionRequest) -> None:
    if request.prompt == [] and not request.prompt_embeds:
        raise validation_error("You must pass at least one prompt")
    # An echo of the prompt alone makes the engine generate one token, which is left out.
    verify_sampling_fields(request, 1 if request.echo and request.max_tokens == 0 else request.max_tokens)


def _apply_rules(data: dict[str, Any]) -> None:
    _check_prompt(data)
    rules.check_stream_options(data)
    _check_logprobs(data)
    rules.check_structured_outputs(data, chat=False)
    rules.check_response_format(data)
    if data.get("max_tokens") is None:
        data.pop("max_tokens", None)
    rules.check_cache_salt(data)
    rules.apply_return_mm_kwargs(data)


def _check_prompt(data: dict[str, Any]) -> None:
    prompt, prompt_embeds = data.get("prompt"), data.get("prompt_embeds")
    if isinstance(prompt, list) and prompt and not isinstance(prompt[0], int):
        _check_count("prompt", prompt)
    if isinstance(prompt_embeds, list):
        _check_count("prompt_embeds", prompt_embeds)
    if prompt in (None, "") and prompt_embeds in (None, []):
        raise validation_error("Either prompt or prompt_embeds must be provided and non-empty.", parameter="prompt")


def _check_count(name: str, prompts: list[Any]) -> None:
    if len(prompts) > MAX_COMPLETION_PROMPTS:
        raise validation_error(
            f"{name} list length {len(prompts)} exceeds the maximum allowed count of {MAX_COMPLETION_PROMPTS}. "
            "To increase this limit, set the VLLM_MAX_COMPLETION_PROMPTS environment variable.",
            parameter=name,
        )


def _check_logprobs(data: dict[str, Any]) -> None:
    rules.check_logprob_token_ids(data)
    if data.get("use_beam_search") and data.get("echo") and data.get("logprobs") is not None:
        raise validation_error(
            "`echo` with `logprobs` is not supported with beam search because beam search does not compute "
            "prompt logprobs.",
            parameter="echo",
        )
    if data.get("logprob_token_ids"):
        if data.get("echo") and data.get("max_tokens") == 0:
            raise validation_error(
                "`logprob_token_ids` is not supported when `echo=True` and `max_tokens=0` because no output tokens "
                "are generated.",
                parameter="logprob_token_ids",
            )
        if data.get("logprobs") is None:
            raise validation_error(
                "when using `logprob_token_ids`, `logprobs` must be set.", parameter="logprob_token_ids"
            )
    rules.check_integers(data, "prompt_logprobs", "logprobs")
    rules.check_prompt_logprobs(data)
    rules.check_count_of_logprobs(data, "logprobs")


def _bytes(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
    if isinstance(value, str):
        return value
    issues.add("bytes_type", location, "Input should be a valid bytes", value)
    return INVALID


_token_ids = lax.list_of(lax.bounded(lax.integer, ge=0), exact=_TokenIds)

_CHECK = check_for_struct(
    CompletionRequest,
    {
        "prompt": lax.nullable(
            lax.union(
                _token_ids,
                lax.list_of(_token_ids, exact=list[_TokenIds]),
                lax.string,
                lax.list_of(lax.string, exact=list[str]),
            )
        ),
        "prompt_embeds": lax.nullable(lax.union(_bytes, lax.list_of(_bytes))),
        "response_format": RESPONSE_FORMAT,
        "structured_outputs": STRUCTURED_OUTPUTS,
        "repetition_detection": REPETITION_DETECTION,
        "thinking_token_budget": rules.thinking_token_budget,
    },
)
_DECODER = RequestDecoder(CompletionRequest, _CHECK, is_plain=_is_plain, apply_rules=_apply_rules, verify=_verify)
