# SPDX-License-Identifier: Apache-2.0
"""POST /tokenize and /detokenize. Long texts are done in the pool: who counts tokens must not stall the others."""

from __future__ import annotations

import msgspec

from fastfront.errors import BadRequestError
from fastfront.frontend import Frontend
from fastfront.output import Receive, RequestStream, Scope, Send, direct_of
from fastfront.prompt.model import Model
from fastfront.prompt.render import render_tokenize_chat
from fastfront.protocol.tokenize import (
    DetokenizeRequest,
    DetokenizeResponse,
    TokenizeChatRequest,
    TokenizeRequest,
    TokenizeResponse,
    decode_detokenize_request,
    decode_tokenize_request,
)
from fastfront.routes.http import check_json_content_type, read_body, send_json

MAX_TOKEN_ID = 2**32 - 1
"""Ids beyond are none that a tokenizer could hold."""


async def tokenize(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer the token ids of a text or a chat."""
    body = await _read(frontend, scope, receive)
    request = decode_tokenize_request(body)
    frontend.check_model(request.model)
    stream = RequestStream(receive, send, frontend.engine.abort, direct=direct_of(scope))
    try:
        answer = await frontend.prepare(stream, len(body), _tokenize, frontend.model, request)
    finally:
        stream.close()
    return await send_json(scope, send, 200, answer)


async def detokenize(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer the text of token ids."""
    body = await _read(frontend, scope, receive)
    request = decode_detokenize_request(body)
    frontend.check_model(request.model)
    stream = RequestStream(receive, send, frontend.engine.abort, direct=direct_of(scope))
    try:
        answer = await frontend.prepare(stream, len(body), _detokenize, frontend.model, request)
    finally:
        stream.close()
    return await send_json(scope, send, 200, answer)


async def _read(frontend: Frontend, scope: Scope, receive: Receive) -> bytes:
    check_json_content_type(scope)
    frontend.check_started()
    return await read_body(scope, receive, frontend.config.max_request_body_size)


def _tokenize(model: Model, request: TokenizeRequest) -> bytes:
    if isinstance(request, TokenizeChatRequest):
        token_ids = render_tokenize_chat(model, request)
    else:
        token_ids = model.tokenizer.encode(request.prompt, add_special_tokens=request.add_special_tokens)
    token_strs = None
    if request.return_token_strs:
        token_strs = [token or "" for token in model.tokenizer.token_strs(token_ids)]
    answer = TokenizeResponse(
        count=len(token_ids), max_model_len=model.max_model_len, tokens=token_ids, token_strs=token_strs
    )
    return msgspec.json.encode(answer)


def _detokenize(model: Model, request: DetokenizeRequest) -> bytes:
    if any(token_id > MAX_TOKEN_ID for token_id in request.tokens):
        raise BadRequestError(f"Token ids must be at most {MAX_TOKEN_ID}.", param="tokens")
    return msgspec.json.encode(DetokenizeResponse(prompt=model.tokenizer.decode(request.tokens)))
