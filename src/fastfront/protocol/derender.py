# SPDX-License-Identifier: Apache-2.0
"""POST /v1/{chat/completions,completions}/derender: what /inference/v1/generate answered, to be made into text.

Which of the two forms a body has, whole or a chunk of a stream, is said by its `stream`. Source:
vllm/entrypoints/scale_out/token_in_token_out/protocol.py (0.32).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from fastfront.errors import BadRequestError, SchemaError
from fastfront.protocol import lax
from fastfront.protocol.body import load_object
from fastfront.protocol.chat import ChatCompletionRequest, chat_from_object
from fastfront.protocol.common import INT64_MAX
from fastfront.protocol.completions import CompletionRequest, completion_from_object
from fastfront.protocol.decode import OutOfRangeError
from fastfront.protocol.issues import Issues
from fastfront.protocol.structs import check_for_struct

MAX_WINDOW = 1024
"""Most tokens that a stream's state may carry: a decoder looks back five."""

TokenIds = list[Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX)]]
Count = Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX)]


class GenerateLogProb(msgspec.Struct, kw_only=True):
    token_id: int
    logprob: float
    rank: int | None = None


class GenerateLogProbsContent(msgspec.Struct, kw_only=True):
    token_id: int
    logprob: float
    rank: int | None = None
    top_logprobs: list[GenerateLogProb] = []


class GenerateLogProbs(msgspec.Struct, kw_only=True):
    content: list[GenerateLogProbsContent] | None = None


class GeneratedChoice(msgspec.Struct, kw_only=True):
    """Of a whole answer, whose `finish_reason` is "stop" where it is not given."""

    index: int
    finish_reason: str | None = "stop"
    stop_reason: int | str | None = None
    token_ids: TokenIds | None = None
    logprobs: GenerateLogProbs | None = None


class GeneratedChunkChoice(msgspec.Struct, kw_only=True):
    index: int
    finish_reason: str | None = None
    stop_reason: int | str | None = None
    token_ids: TokenIds | None = None
    logprobs: GenerateLogProbs | None = None


class GeneratedUsage(msgspec.Struct, kw_only=True):
    prompt_tokens: int = 0
    total_tokens: int = 0
    completion_tokens: int | None = 0


class Generated(msgspec.Struct, kw_only=True):
    """A whole answer of /inference/v1/generate, with output_mode "tokens"."""

    request_id: str = ""
    prompt_logprobs: list[dict[str, Any] | None] | None = None
    prompt_token_ids: TokenIds | None = None
    metrics: dict[str, Any] | None = None
    kv_transfer_params: dict[str, Any] | None = None
    output_mode: Literal["tokens"] = "tokens"
    choices: list[GeneratedChoice]


class GeneratedChunk(msgspec.Struct, kw_only=True):
    """One event's data of its stream."""

    request_id: str = ""
    usage: GeneratedUsage | None = None
    prompt_token_ids: TokenIds | None = None
    metrics: dict[str, Any] | None = None
    output_mode: Literal["tokens"] = "tokens"
    choices: list[GeneratedChunkChoice]


class DerenderStreamState(msgspec.Struct, kw_only=True):
    """What a client carries from one chunk to the next: the tokens that the decoder still looks back on."""

    prev_tokens: list[str] = []
    prefix_offset: Count = 0
    read_offset: Count = 0
    role_sent: bool = False
    logprob_context_token_ids: list[int] = []
    logprob_text_offset: Count = 0
    output_token_ids: list[int] = []
    output_chunk_lens: list[int] = []
    tools_streamed: bool = False
    last_tool_call_ids: list[str] = []


class DerenderChatRequest(msgspec.Struct, kw_only=True):
    stream: bool = False
    model: str | None = None
    generate_response: Generated
    prompt_tokens: int | None = None
    prompt_token_ids: TokenIds | None = None
    chat_request: ChatCompletionRequest | None = None


class DerenderChatStreamRequest(msgspec.Struct, kw_only=True):
    stream: bool
    model: str | None = None
    generate_chunk: GeneratedChunk
    stream_state: DerenderStreamState | None = None
    prompt_tokens: int | None = None
    prompt_token_ids: TokenIds | None = None
    chat_request: ChatCompletionRequest | None = None


class DerenderCompletionRequest(msgspec.Struct, kw_only=True):
    """Each list has a member for each prompt."""

    stream: bool = False
    model: str | None = None
    generate_responses: list[Generated]
    prompt_tokens: list[int] | None = None
    prompt_token_ids: list[TokenIds | None] | None = None
    completion_request: CompletionRequest | None = None


class DerenderCompletionStreamRequest(msgspec.Struct, kw_only=True):
    stream: bool
    model: str | None = None
    generate_chunk: GeneratedChunk
    stream_state: DerenderStreamState | None = None
    prompt_tokens: int | None = None
    prompt_token_ids: TokenIds | None = None
    completion_request: CompletionRequest | None = None


def decode_derender_chat(body: bytes) -> DerenderChatRequest | DerenderChatStreamRequest:
    """Return the request that the body holds, or raise the error to answer."""
    data = load_object(body, branches=2)
    request: DerenderChatRequest | DerenderChatStreamRequest
    request = _checked(data, _CHAT_STREAM if data.get("stream") is True else _CHAT)
    if isinstance(request, DerenderChatStreamRequest):
        _check_state(request.stream_state)
    return request


def decode_derender_completion(body: bytes) -> DerenderCompletionRequest | DerenderCompletionStreamRequest:
    """Return the request that the body holds, or raise the error to answer."""
    data = load_object(body, branches=2)
    request: DerenderCompletionRequest | DerenderCompletionStreamRequest
    request = _checked(data, _COMPLETION_STREAM if data.get("stream") is True else _COMPLETION)
    if isinstance(request, DerenderCompletionStreamRequest):
        _check_state(request.stream_state)
        return request
    for name in ("prompt_tokens", "prompt_token_ids"):
        given = getattr(request, name)
        if given is not None and len(given) != len(request.generate_responses):
            raise SchemaError(
                f"Value error, {name} length ({len(given)}) must equal generate_responses length "
                f"({len(request.generate_responses)})",
                param="body",
            )
    return request


def _checked(data: dict[str, Any], check: lax.Fields) -> Any:
    issues = Issues()
    request = check(data, (), issues)
    if issues.count:
        raise issues.to_error()
    return request


def _check_state(state: DerenderStreamState | None) -> None:
    if state is None:
        return
    if len(state.prev_tokens) > MAX_WINDOW:
        raise SchemaError(
            f"Value error, prev_tokens length ({len(state.prev_tokens)}) exceeds maximum ({MAX_WINDOW})",
            param="body.stream_state.prev_tokens",
        )
    if sum(state.output_chunk_lens) != len(state.output_token_ids) or min(state.output_chunk_lens, default=1) < 1:
        raise SchemaError(
            "Value error, output_chunk_lens must sum to len(output_token_ids) "
            f"(got sum={sum(state.output_chunk_lens)}, len(output_token_ids)={len(state.output_token_ids)})",
            param="body.stream_state",
        )
    if not state.prefix_offset <= state.read_offset <= len(state.prev_tokens):
        raise SchemaError("The offsets do not lie within prev_tokens.", param="body.stream_state")


def _original(decode: Any) -> lax.Check:
    """Return the check of the request that the client made first; its errors are those that it would have had."""

    def check(value: Any, location: tuple[str | int, ...], issues: Issues, *, strict: bool = False) -> Any:
        if value is None:
            return None
        if not isinstance(value, dict):
            issues.add("model_attributes_type", location, "Input should be a valid dictionary", value)
            return lax.INVALID
        try:
            return decode(dict(value))
        except OutOfRangeError as error:
            raise BadRequestError(error.message, param=error.param) from None  # it is not the request that is asked

    return check


_AS_CHAT = {"chat_request": _original(chat_from_object)}
_AS_COMPLETION = {"completion_request": _original(completion_from_object)}
_CHAT = check_for_struct(DerenderChatRequest, _AS_CHAT)
_CHAT_STREAM = check_for_struct(DerenderChatStreamRequest, _AS_CHAT)
_COMPLETION = check_for_struct(DerenderCompletionRequest, _AS_COMPLETION)
_COMPLETION_STREAM = check_for_struct(DerenderCompletionStreamRequest, _AS_COMPLETION)
