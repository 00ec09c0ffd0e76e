# SPDX-License-Identifier: Apache-2.0
"""POST /v1/chat/completions: the request, every field that vLLM 0.32 has, and its decoding.

Source: vllm/entrypoints/openai/chat_completion/protocol.py (ChatCompletionRequest).
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any, Literal

import msgspec

from fastfront.errors import validation_error
from fastfront.protocol import lax, rules
from fastfront.protocol.common import (
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
from fastfront.protocol.messages import are_plain_messages, check_messages, verify_not_empty
from fastfront.protocol.response_format import RESPONSE_FORMAT, STRUCTURED_OUTPUTS
from fastfront.protocol.sampling import verify_sampling_fields
from fastfront.protocol.structs import check_for_struct
from fastfront.protocol.tools import TOOL_CHOICE, TOOLS, are_plain_tools, check_tool_usage

field = msgspec.field


_NO_CHOICE = b"none".decode()
"""The default of tool_choice, an object of its own: a client's "none" is another."""


class ChatCompletionRequest(msgspec.Struct, kw_only=True):
    """In vLLM's order. `request_id` is "" where the client gave none; `messages` are as messages.py leaves them."""

    messages: list[dict[str, Any]]
    model: str | None = None
    frequency_penalty: float | None = None
    logit_bias: dict[str, float] | None = None
    logprobs: bool | None = False
    top_logprobs: int = 0
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = 1
    presence_penalty: float | None = None
    response_format: dict[str, Any] | None = None
    seed: Int64 | None = None
    stop: str | StopStrings | None = field(default_factory=list)
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    temperature: float | None = None
    top_p: float | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: str | dict[str, Any] | None = _NO_CHOICE
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = None
    thinking_token_budget: int | None = None
    include_reasoning: bool = True
    parallel_tool_calls: bool | None = True
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
    prompt_logprobs: int | None = None
    logprob_token_ids: list[int] | None = None
    allowed_token_ids: list[int] | None = None
    bad_words: list[str] = field(default_factory=list)
    echo: bool = False
    add_generation_prompt: bool = True
    continue_final_message: bool = False
    add_special_tokens: bool = False
    documents: list[dict[str, str]] | None = None
    chat_template: str | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    media_io_kwargs: dict[str, dict[str, Any]] | None = None
    mm_processor_kwargs: dict[str, Any] | None = None
    structured_outputs: dict[str, Any] | None = None
    priority: Int64 = 0
    request_id: str = ""
    session_id: str | None = None
    return_tokens_as_token_ids: bool | None = None
    return_token_ids: bool | None = None
    routed_experts_prompt_start: NonNegative = 0
    return_token_offsets: bool | None = False
    return_prompt_text: bool | None = None
    mm_payload: Literal["tensors", "none"] = "tensors"
    return_mm_kwargs: bool | None = None
    cache_salt: str | None = None
    kv_transfer_params: dict[str, Any] | None = None
    ec_transfer_params: dict[str, Any] | None = None
    vllm_xargs: dict[str, XArg] | None = None
    repetition_detection: RepetitionDetectionParams | None = None
    stream_interval: StreamInterval | None = None

    @property
    def requested_max_tokens(self) -> int | None:
        """The tokens asked for, under either of the two names."""
        return self.max_tokens if self.max_completion_tokens is None else self.max_completion_tokens


_RARE_FIELDS = (
    "logprobs",
    "top_logprobs",
    "response_format",
    "thinking_token_budget",
    "use_beam_search",
    "watermarking",
    "prompt_logprobs",
    "logprob_token_ids",
    "bad_words",
    "echo",
    "continue_final_message",
    "media_io_kwargs",
    "mm_processor_kwargs",
    "structured_outputs",
    "return_token_ids",
    "routed_experts_prompt_start",
    "return_prompt_text",
    "return_mm_kwargs",
    "cache_salt",
    "kv_transfer_params",
    "ec_transfer_params",
    "repetition_detection",
    "stream_interval",
)
"""Fields with rules between them: not at their default means the slow path."""

_rare_values = attrgetter(*_RARE_FIELDS)
_RARE_DEFAULTS = _rare_values(ChatCompletionRequest(messages=[]))


def decode_chat_completion_request(body: bytes) -> ChatCompletionRequest:
    """Return the request that the body holds, or raise the error to answer."""
    return _DECODER(body)


def chat_from_object(data: dict[str, Any]) -> ChatCompletionRequest:
    """Return the request that a JSON object holds, or raise the error to answer. The object may be changed."""
    return _DECODER.from_object(data)


def _is_plain(request: ChatCompletionRequest) -> bool:
    if request.tools is not None:
        if request.tool_choice is _NO_CHOICE:
            request.tool_choice = "auto"  # as check_tool_usage has it
        if request.tool_choice not in (None, "none", "auto") or not are_plain_tools(request.tools):
            return False
    elif request.tool_choice not in (None, "none"):
        return False
    return bool(
        _rare_values(request) == _RARE_DEFAULTS
        and (request.stream_options is None or request.stream)
        and are_plain_messages(request.messages)
    )


def _verify(request: ChatCompletionRequest) -> None:
    verify_not_empty(request.messages)
    verify_sampling_fields(request, request.requested_max_tokens)


def _apply_rules(data: dict[str, Any]) -> None:
    rules.check_generation_prompt(data)
    check_tool_usage(data)
    rules.check_structured_outputs(data, chat=True)
    _check_logprobs(data)
    rules.check_stream_options(data)
    rules.check_response_format(data)
    rules.check_cache_salt(data)
    rules.apply_return_mm_kwargs(data)


def _check_logprobs(data: dict[str, Any]) -> None:
    rules.check_logprob_token_ids(data)
    if data.get("logprob_token_ids") and not data.get("logprobs"):
        raise validation_error(
            "when using `logprob_token_ids`, `logprobs` must be set to true.", parameter="logprob_token_ids"
        )
    rules.check_integers(data, "prompt_logprobs", "top_logprobs")
    rules.check_prompt_logprobs(data)
    rules.check_count_of_logprobs(data, "top_logprobs")
    top_logprobs = data.get("top_logprobs")
    if top_logprobs is not None and (top_logprobs == -1 or top_logprobs > 0) and not data.get("logprobs"):
        raise validation_error("when using `top_logprobs`, `logprobs` must be set to true.", parameter="top_logprobs")


def _top_logprobs(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
    return 0 if value is None else lax.integer(value, location, issues, strict=strict)


_CHECK = check_for_struct(
    ChatCompletionRequest,
    {
        "messages": check_messages,
        "top_logprobs": _top_logprobs,
        "response_format": RESPONSE_FORMAT,
        "tools": TOOLS,
        "tool_choice": TOOL_CHOICE,
        "thinking_token_budget": rules.thinking_token_budget,
        "structured_outputs": STRUCTURED_OUTPUTS,
        "repetition_detection": REPETITION_DETECTION,
    },
)
_DECODER = RequestDecoder(ChatCompletionRequest, _CHECK, is_plain=_is_plain, apply_rules=_apply_rules, verify=_verify)
