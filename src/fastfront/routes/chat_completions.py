# SPDX-License-Identifier: Apache-2.0
"""POST /v1/chat/completions."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any

from fastfront._native.pump import KIND_CHAT, KIND_CHAT_STREAM
from fastfront.frontend import Frontend
from fastfront.output import Receive, Scope, Send, cohere_tags
from fastfront.output.parsers import Parsing
from fastfront.prompt.model import Model
from fastfront.prompt.render import chat_template_kwargs, render_chat
from fastfront.prompt.sampling import lower_chat_sampling_params
from fastfront.protocol.chat import ChatCompletionRequest, decode_chat_completion_request
from fastfront.routes.constraints import is_for_xgrammar
from fastfront.routes.generate import Hooks, Prompts, Shape, generate
from fastfront.routes.handler import Routes

SHAPE = Shape(KIND_CHAT_STREAM, KIND_CHAT, "chatcmpl-", numbers_prompts=False)


def chat_completions(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> Awaitable[int]:
    """Answer a chat."""
    return generate(
        frontend,
        scope,
        receive,
        send,
        decode=decode_chat_completion_request,
        prepare=prepare,
        role=role,
        shape=SHAPE,
        hooks=HOOKS,
    )


def adjust(frontend: Frontend, request: ChatCompletionRequest) -> Awaitable[None] | None:
    """Let tool_choice mean something to the engine; refuse what this server has no parser for."""
    doubtful = frontend.parsers.adjust(request)
    if isinstance(doubtful, cohere_tags.Wanted):
        if doubtful.calls:
            return _impose(frontend, request, doubtful)
        cohere_tags.impose(request, doubtful)
        return None
    return None if doubtful is None else _settle(frontend, request, dict(doubtful))


async def _impose(frontend: Frontend, request: ChatCompletionRequest, want: cohere_tags.Wanted) -> None:
    cohere_tags.impose(request, want, await frontend.structured.calls_grammar(want.calls))


async def _settle(frontend: Frontend, request: ChatCompletionRequest, constraint: dict[str, Any]) -> None:
    frontend.parsers.settle(request, form_fits=await is_for_xgrammar(frontend.structured, constraint))


def parse(frontend: Frontend, request: ChatCompletionRequest, prompts: Prompts) -> Parsing:
    """Say how the answers are parsed."""
    kwargs = chat_template_kwargs(frontend.model, request) if frontend.parsers.any else {}
    return frontend.parsers.parsing(request, prompts.token_ids[0], kwargs)


HOOKS = Hooks(adjust, parse)


def prepare(model: Model, request: ChatCompletionRequest) -> Prompts:
    """Return the chat's one prompt. Thread-safe: a long one is made in the pool."""
    prompt = render_chat(model, request)
    params = lower_chat_sampling_params(request, model, len(prompt.token_ids))
    return Prompts([prompt.token_ids], [params], [prompt.text], None if prompt.embeds is None else [prompt.embeds])


def role(model: Model, request: ChatCompletionRequest) -> str:
    """Return who speaks: the assistant, or whoever's message is continued."""
    if request.add_generation_prompt:
        return model.response_role
    return str(request.messages[-1]["role"])


ROUTES: Routes = {"/v1/chat/completions": {"POST": chat_completions}}
