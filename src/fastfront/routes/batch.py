# SPDX-License-Identifier: Apache-2.0
"""POST /v1/chat/completions/batch: one whole answer with a choice for each conversation.

Source: vllm/entrypoints/openai/chat_completion/batch_serving.py (0.32).
"""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from fastfront._native.pump import KIND_CHAT, KIND_CHAT_STREAM
from fastfront.errors import UnsupportedFieldError
from fastfront.frontend import Frontend
from fastfront.output import Receive, Scope, Send
from fastfront.prompt.model import Model
from fastfront.protocol.batch import decode_batch_request
from fastfront.protocol.chat import ChatCompletionRequest
from fastfront.routes import chat_completions
from fastfront.routes.generate import Prompts, Shape, generate
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
        role=_role,
        shape=SHAPE,
        hooks=chat_completions.HOOKS,
    )


def _decode(body: bytes) -> _Batch:
    batch = decode_batch_request(body)
    if not batch.first.add_generation_prompt and len({str(chat.messages[-1]["role"]) for chat in batch.chats}) > 1:
        raise UnsupportedFieldError("add_generation_prompt", "All conversations have to end with the same role.")
    return _Batch(**msgspec.structs.asdict(batch.first), chats=batch.chats)


def _prepare(model: Model, request: ChatCompletionRequest) -> Prompts:
    """Return a prompt for each conversation. Thread-safe: long ones are made in the pool."""
    chats = request.chats if isinstance(request, _Batch) else [request]
    made = [chat_completions.prepare(model, chat) for chat in chats]
    return Prompts(*([each for one in column for each in one] for column in zip(*made, strict=True)))


def _role(model: Model, request: ChatCompletionRequest) -> str:
    return chat_completions.role(model, request)


ROUTES: Routes = {"/v1/chat/completions/batch": {"POST": batch}}
