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


class PlainChatRequest(_Plain):
    """A chat whose messages are any objects: which of them are ordinary is for `PlainChats` to say.

    Members that are given as JSON are only skipped over: they count as they are written.
    """

    messages: list[dict[str, Any]]
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    n: int | None = 1
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


_SAMPLING = (
    *("temperature", "top_p", "top_k", "min_p", "frequency_penalty", "presence_penalty", "repetition_penalty"),
    *("seed", "ignore_eos", "max_tokens", "n"),
)

decode_plain_chat = msgspec.json.Decoder(PlainChatRequest).decode
decode_plain_completion = msgspec.json.Decoder(PlainCompletionRequest).decode

chat_sampling_key = attrgetter(*_SAMPLING, "max_completion_tokens")
"""All that decides how a chat is sampled but for its stop strings: requests of one key are sampled alike."""

completion_sampling_key = attrgetter(*_SAMPLING)

TERMS = (
    *("tools", "tool_choice", "parallel_tool_calls", "include_reasoning", "reasoning_effort", "chat_template_kwargs"),
)
"""Members of a chat that decide how its prompt is made and its answer parsed, beside its messages."""

chat_terms = attrgetter(*TERMS)
NO_TERMS = chat_terms(PlainChatRequest(messages=[]))
"""Those of most requests."""


def chat_terms_key(request: PlainChatRequest) -> tuple[bytes, ...] | None:
    """Return these members as the client wrote them, b"" for one that is not there; None: there is none."""
    terms = chat_terms(request)
    return None if terms == NO_TERMS else tuple(map(bytes, terms))
