# SPDX-License-Identifier: Apache-2.0
"""POST /v1/completions."""

from __future__ import annotations

from collections.abc import Awaitable

from fastfront._native.pump import KIND_COMPLETION, KIND_COMPLETION_STREAM
from fastfront.errors import BadRequestError
from fastfront.frontend import Frontend
from fastfront.output import Receive, Scope, Send
from fastfront.prompt.model import Model
from fastfront.prompt.render import render_completion
from fastfront.prompt.sampling import lower_completion_sampling_params
from fastfront.protocol.completions import CompletionRequest, decode_completion_request
from fastfront.routes.generate import Prompts, Shape, generate
from fastfront.routes.handler import Routes

SHAPE = Shape(KIND_COMPLETION_STREAM, KIND_COMPLETION, "cmpl-", numbers_prompts=True)


def completions(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> Awaitable[int]:
    """Complete one or more prompts."""
    return generate(frontend, scope, receive, send, decode=_decode, prepare=prepare, role=role, shape=SHAPE)


def _decode(body: bytes) -> CompletionRequest:
    request = decode_completion_request(body)
    if request.stream and request.use_beam_search:  # asked before anything else, as in vLLM
        raise BadRequestError("Streaming is not currently supported with beam search")
    return request


def prepare(model: Model, request: CompletionRequest) -> Prompts:
    """Return the prompts. Thread-safe: long ones are made in the pool."""
    rendered = render_completion(model, request)
    return Prompts(
        [prompt.token_ids for prompt in rendered],
        [lower_completion_sampling_params(request, model, len(prompt.token_ids)) for prompt in rendered],
        [prompt.text for prompt in rendered],
        [prompt.embeds for prompt in rendered] if request.embeds else None,
    )


def role(model: Model, request: CompletionRequest) -> str:
    """Return nobody: completions have no speaker."""
    return ""


ROUTES: Routes = {"/v1/completions": {"POST": completions}}
