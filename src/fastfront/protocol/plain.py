# SPDX-License-Identifier: Apache-2.0
"""Ordinary requests: the few fields that nearly all clients send, for the express lane (routes/express.py).

Each Struct takes the bodies that its decoder in chat.py or completions.py takes to the same values, less all that is
rare: an unknown member, another type, a field with rules of its own is a ValidationError, and the complete
decoder's business. Fields have the types and defaults that they have there; a test says so.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import msgspec

from fastfront.protocol.common import Int64, StopStrings, StreamOptions

field = msgspec.field


class _Plain(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Members that are given as JSON are only skipped over: they count as they are written."""

    model: str | None = None
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    user: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    frequency_penalty: float | None = None
    presence_penalty: float | None = None
    repetition_penalty: float | None = None
    seed: Int64 | None = None
    stop: str | StopStrings | None = field(default_factory=list)
    ignore_eos: bool = False
    min_tokens: int = 0
    stop_token_ids: msgspec.Raw = msgspec.Raw()
    logit_bias: msgspec.Raw = msgspec.Raw()
    allowed_token_ids: msgspec.Raw = msgspec.Raw()
    bad_words: msgspec.Raw = msgspec.Raw()
    response_format: msgspec.Raw = msgspec.Raw()


class PlainChatRequest(_Plain):
    """A chat whose messages are any objects: which of them are ordinary is for `PlainChats` to say."""

    messages: list[dict[str, Any]]
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = 1
    logprobs: bool | None = False
    top_logprobs: int | None = 0
    tools: msgspec.Raw = msgspec.Raw()
    tool_choice: msgspec.Raw = msgspec.Raw()
    parallel_tool_calls: msgspec.Raw = msgspec.Raw()
    include_reasoning: msgspec.Raw = msgspec.Raw()
    reasoning_effort: msgspec.Raw = msgspec.Raw()
    chat_template_kwargs: msgspec.Raw = msgspec.Raw()


class PlainCompletionRequest(_Plain):
    """A text to complete."""

    prompt: str
    max_tokens: int | None = 16
    n: int = 1
    logprobs: int | None = None
    echo: bool | None = False


_SAMPLING = (
    *("temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty"),
    *("seed", "ignore_eos", "min_tokens", "max_tokens", "n", "logprobs"),
)
SAMPLING_JSON = ("stop_token_ids", "logit_bias", "allowed_token_ids", "bad_words", "response_format")
"""Members that decide it, too, and are given as JSON."""

decode_plain_chat = msgspec.json.Decoder(PlainChatRequest).decode
decode_plain_completion = msgspec.json.Decoder(PlainCompletionRequest).decode

chat_sampling_key = attrgetter(*_SAMPLING, "top_logprobs", "max_completion_tokens")
"""All that decides how a chat is sampled but for its stop strings and JSON: requests of one key are sampled alike."""

completion_sampling_key = attrgetter(*_SAMPLING, "echo")

TERMS = (
    *("tools", "tool_choice", "parallel_tool_calls", "include_reasoning", "reasoning_effort", "chat_template_kwargs"),
)
"""Members of a chat that decide how its prompt is made and its answer parsed, beside its messages."""

_terms = attrgetter(*TERMS)
_NO_TERMS = _terms(PlainChatRequest(messages=[]))
sampling_json = attrgetter(*SAMPLING_JSON)
chat_json = attrgetter(*SAMPLING_JSON, *TERMS)
NO_SAMPLING_JSON = sampling_json(PlainCompletionRequest(prompt=""))
NO_CHAT_JSON = chat_json(PlainChatRequest(messages=[]))
"""What these are for most requests."""


def sampling_json_key(request: PlainChatRequest | PlainCompletionRequest) -> tuple[bytes, ...]:
    """Return the JSON that decides sampling as the client wrote it, b"" for a member that is not there."""
    return tuple(map(bytes, sampling_json(request)))


def chat_terms_key(request: PlainChatRequest) -> tuple[bytes, ...] | None:
    """Return these members as the client wrote them, b"" for one that is not there; None: there is none."""
    terms = _terms(request)
    return None if terms == _NO_TERMS else tuple(map(bytes, terms))
