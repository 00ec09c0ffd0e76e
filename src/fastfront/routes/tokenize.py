# SPDX-License-Identifier: Apache-2.0
"""POST /tokenize and /detokenize, GET /tokenizer_info. Long texts are done in the pool: who counts tokens must not
stall the others.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from fastfront.frontend import Frontend
from fastfront.output import Receive, RequestStream, Scope, Send, direct_of
from fastfront.prompt.model import Model
from fastfront.prompt.tokenize import detokenize as answer_detokenize
from fastfront.prompt.tokenize import tokenize as answer_tokenize
from fastfront.prompt.tokenizer_info import tokenizer_info as answer_tokenizer_info
from fastfront.protocol.decode import OutOfRangeError
from fastfront.protocol.tokenize import (
    DetokenizeRequest,
    TokenizeRequest,
    decode_detokenize_request,
    decode_tokenize_request,
)
from fastfront.routes.handler import Routes
from fastfront.routes.http import check_json_content_type, read_body, send_json

RequestT = TypeVar("RequestT", TokenizeRequest, DetokenizeRequest)


async def tokenize(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer the token ids of a text or a chat."""
    return await _answer(frontend, scope, receive, send, decode_tokenize_request, answer_tokenize)


async def detokenize(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer the text of token ids."""
    return await _answer(frontend, scope, receive, send, decode_detokenize_request, answer_detokenize)


async def tokenizer_info(frontend: Frontend, scope: Scope, receive: Receive, send: Send) -> int:
    """Answer what the tokenizer's configuration is, chat template included."""
    frontend.check_started()
    return await send_json(scope, send, 200, msgspec.json.encode(answer_tokenizer_info(frontend.model)))


async def _answer(
    frontend: Frontend,
    scope: Scope,
    receive: Receive,
    send: Send,
    decode: Callable[[bytes], RequestT],
    answer: Callable[[Model, RequestT], msgspec.Struct],
) -> int:
    check_json_content_type(scope)
    frontend.check_started()
    body = await read_body(scope, receive, frontend.config.max_request_body_size)
    stream = RequestStream(receive, send, frontend.engine.abort, direct=direct_of(scope))
    try:
        try:
            request = await frontend.decode(stream, body, decode)
        except OutOfRangeError as error:
            frontend.check_model(error.request.model)
            raise
        frontend.check_model(request.model)
        answered = await frontend.prepare(stream, len(body), answer, frontend.model, request)
        # Encoding a long list of ids is quick next to making it.
        return await send_json(scope, send, 200, msgspec.json.encode(answered))
    finally:
        stream.close()


ROUTES: Routes = {"/tokenize": {"POST": tokenize}, "/detokenize": {"POST": detokenize}}
INFO_ROUTES: Routes = {"/tokenizer_info": {"GET": tokenizer_info}}
