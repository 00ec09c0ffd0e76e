# SPDX-License-Identifier: Apache-2.0
"""The responses as Structs: what /openapi.json says of them, and what tests read them with.

The server itself makes none of these: bodies and events are written natively. Members that are left out of a response
where they have nothing to say have a default here. Source: vllm/entrypoints/openai/*/protocol.py,
vllm/entrypoints/serve/engine/protocol.py.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class ErrorInfo(msgspec.Struct, kw_only=True):
    """`param` names the field at fault, where there is one; `code` is the HTTP status."""

    message: str
    type: str
    param: str | None
    code: int


class ErrorResponse(msgspec.Struct):
    """Any error: 4xx and 5xx, and the event that ends a stream which fails."""

    error: ErrorInfo


class HTTPError(msgspec.Struct):
    """A path or method that is none."""

    detail: str


class Unauthorized(msgspec.Struct):
    """No API key, or a wrong one."""

    error: str


class PromptTokenUsageInfo(msgspec.Struct, kw_only=True):
    cached_tokens: int | None = None


class CompletionTokenUsageInfo(msgspec.Struct, kw_only=True):
    reasoning_tokens: int | None = None


class UsageInfo(msgspec.Struct, kw_only=True):
    prompt_tokens: int = 0
    total_tokens: int = 0
    completion_tokens: int | None = 0
    prompt_tokens_details: PromptTokenUsageInfo | None = None
    completion_tokens_details: CompletionTokenUsageInfo | None = None


class FunctionCall(msgspec.Struct, kw_only=True):
    """`arguments` is JSON, as the model wrote it."""

    name: str | None = None
    arguments: str | None = None


class ToolCall(msgspec.Struct, kw_only=True):
    id: str | None = None
    type: str | None = None
    index: int | None = None
    function: FunctionCall | None = None


class ChatCompletionLogProb(msgspec.Struct, kw_only=True):
    token: str
    logprob: float
    bytes: list[int] | None = None


class ChatCompletionLogProbsContent(msgspec.Struct, kw_only=True):
    token: str
    logprob: float
    bytes: list[int] | None = None
    top_logprobs: list[ChatCompletionLogProb] = []


class ChatCompletionLogProbs(msgspec.Struct, kw_only=True):
    content: list[ChatCompletionLogProbsContent] | None = None


class ChatMessage(msgspec.Struct, kw_only=True):
    role: str
    content: str | None = None
    refusal: str | None = None
    annotations: Any = None
    audio: Any = None
    function_call: FunctionCall | None = None
    tool_calls: list[ToolCall] = []
    reasoning: str | None = None


class ChatCompletionResponseChoice(msgspec.Struct, kw_only=True):
    """`stop_reason`: the stop string or token id that was met; null at the end of a model's turn."""

    index: int
    message: ChatMessage
    logprobs: ChatCompletionLogProbs | None = None
    finish_reason: str | None = "stop"
    stop_reason: int | str | None = None
    token_ids: list[int] | None = None


class ChatCompletionResponse(msgspec.Struct, kw_only=True):
    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatCompletionResponseChoice]
    usage: UsageInfo
    service_tier: str | None = None
    system_fingerprint: str | None = None
    prompt_logprobs: list[dict[str, Any] | None] | None = None
    prompt_token_ids: list[int] | None = None
    kv_transfer_params: dict[str, Any] | None = None


class DeltaMessage(msgspec.Struct, kw_only=True):
    role: str | None = None
    content: str | None = None
    reasoning: str | None = None
    tool_calls: list[ToolCall] = []


class ChatCompletionResponseStreamChoice(msgspec.Struct, kw_only=True):
    index: int
    delta: DeltaMessage
    logprobs: ChatCompletionLogProbs | None = None
    finish_reason: str | None = None
    stop_reason: int | str | None = None
    token_ids: list[int] | None = None


class ChatCompletionStreamResponse(msgspec.Struct, kw_only=True):
    """The data of an event. A stream ends with the data `[DONE]`."""

    id: str
    object: Literal["chat.completion.chunk"]
    created: int
    model: str
    choices: list[ChatCompletionResponseStreamChoice]
    usage: UsageInfo | None = None
    system_fingerprint: str | None = None
    prompt_token_ids: list[int] | None = None


class CompletionLogProbs(msgspec.Struct, kw_only=True):
    """One entry per token in each list."""

    text_offset: list[int] = []
    token_logprobs: list[float | None] = []
    tokens: list[str] = []
    top_logprobs: list[dict[str, float] | None] = []


class CompletionResponseChoice(msgspec.Struct, kw_only=True):
    index: int
    text: str
    logprobs: CompletionLogProbs | None = None
    finish_reason: str | None = None
    stop_reason: int | str | None = None
    token_ids: list[int] | None = None
    prompt_logprobs: list[dict[str, Any] | None] | None = None
    prompt_token_ids: list[int] | None = None


class CompletionResponse(msgspec.Struct, kw_only=True):
    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[CompletionResponseChoice]
    usage: UsageInfo
    service_tier: str | None = None
    system_fingerprint: str | None = None
    kv_transfer_params: dict[str, Any] | None = None


class CompletionStreamResponse(msgspec.Struct, kw_only=True):
    """The data of an event. A stream ends with the data `[DONE]`."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[CompletionResponseChoice]
    usage: UsageInfo | None = None
    system_fingerprint: str | None = None


class ModelCard(msgspec.Struct, kw_only=True):
    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    root: str | None = None
    parent: str | None = None
    max_model_len: int | None = None
    permission: list[dict[str, Any]] = []


class ModelList(msgspec.Struct, kw_only=True):
    object: Literal["list"]
    data: list[ModelCard]


class GenerateChoice(msgspec.Struct, kw_only=True):
    """`text` is there with output_mode "text" only."""

    index: int
    finish_reason: str | None = None
    stop_reason: int | str | None = None
    token_ids: list[int] | None = None
    routed_experts: str | None = None
    sampling_mask: list[list[int]] | None = None
    weight_versions: list[dict[str, Any]] | None = None
    text: str | None = None
    logprobs: dict[str, Any] | None = None


class GenerateResponse(msgspec.Struct, kw_only=True):
    request_id: str
    model: str | None = None
    created: int | None = None
    usage: UsageInfo | None = None
    prompt_logprobs: list[dict[str, Any] | None] | None = None
    prompt_token_id_logprobs: str | None = None
    prompt_token_ids: list[int] | None = None
    mm_placeholders: dict[str, Any] | None = None
    metrics: dict[str, Any] | None = None
    kv_transfer_params: dict[str, Any] | None = None
    ec_transfer_params: dict[str, Any] | None = None
    output_mode: Literal["tokens", "text"] = "tokens"
    choices: list[GenerateChoice]


class GenerateStreamResponse(msgspec.Struct, kw_only=True):
    """The data of an event. A stream ends with the data `[DONE]`."""

    request_id: str
    usage: UsageInfo | None = None
    prompt_token_ids: list[int] | None = None
    output_mode: Literal["tokens", "text"] = "tokens"
    choices: list[GenerateChoice]
