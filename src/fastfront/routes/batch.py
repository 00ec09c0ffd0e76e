# SPDX-License-Identifier: Apache-2.0
"""POST /v1/chat/completions/batch: one whole answer with a choice for each conversation.

Source: vllm/entrypoints/openai/chat_completion/batch_serving.py (0.32).
"""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from fastfront._native.pump import KIND_CHAT, KIND_CHAT_STREAM
from fastfront.frontend import Frontend
from fastfront.output import Receive, Scope, Send
from fastfront.prompt.model import Model
from fastfront.protocol.batch import decode_batch_request
from fastfront.protocol.chat import ChatCompletionRequest
from fastfront.routes import chat_completions
from fastfront.routes.details import last_message
from fastfront.routes.generate import Prompts, Shape, Speaker, generate
from fastfront.routes.handler import Routes

SHAPE = Shape(KIND_CHAT_STREAM, KIND_CHAT, "chatcmpl-", numbers_prompts=True)


class _Batch(ChatCompletionRequest, kw_only=True):
    """The first conversation's request, with all of them."""

    chats: list[ChatCompletionRequest] = msgspec.field(default_factory=list)


def batch(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> Awaitable[int]:
    """Answer several chats at once, not as a stream."""
    return generate(
        frontend,
        scope,
        receive,
        send,
        decode=_decode,
        prepare=_prepare,
        role=chat_completions.role,
        shape=SHAPE,
        hooks=HOOKS,
    )


def _decode(body: bytes) -> _Batch:
    batch = decode_batch_request(body)
    return _Batch(**msgspec.structs.asdict(batch.first), chats=batch.chats)


def _prepare(model: Model, request: ChatCompletionRequest) -> Prompts:
    """Return a prompt for each conversation. Thread-safe: long ones are made in the pool."""
    chats = request.chats if isinstance(request, _Batch) else [request]
    made = [chat_completions.prepare(model, chat) for chat in chats]
    embeds = [None if each.embeds is None else each.embeds[0] for each in made]
    return Prompts(
        [each.token_ids[0] for each in made],
        [each.params[0] for each in made],
        [each.texts[0] for each in made],
        embeds if any(each is not None for each in embeds) else None,
    )


def _speakers(model: Model, request: ChatCompletionRequest) -> list[Speaker]:
    """Return who speaks in each answer, and from which words on."""
    chats = request.chats if isinstance(request, _Batch) else [request]
    roles = [chat_completions.role(model, chat) for chat in chats]
    echoes = [last_message(chat, role) if chat.echo else "" for chat, role in zip(chats, roles, strict=True)]
    return [Speaker(role, echo) for role, echo in zip(roles, echoes, strict=True)]


HOOKS = chat_completions.HOOKS._replace(speakers=_speakers)

ROUTES: Routes = {"/v1/chat/completions/batch": {"POST": batch}}
