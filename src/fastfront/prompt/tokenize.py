# SPDX-License-Identifier: Apache-2.0
"""What /tokenize and /detokenize answer. Source: vllm/entrypoints/serve/tokenize/serving.py.

Synchronous and thread-safe, like render.py: agents send whole chats here, every turn.
"""

from __future__ import annotations

from typing import cast

from fastfront.errors import BadRequestError
from fastfront.prompt.model import Model
from fastfront.prompt.render import render_tokenize_chat
from fastfront.protocol.tokenize import (
    DetokenizeRequest,
    DetokenizeResponse,
    TokenizeCompletionRequest,
    TokenizeRequest,
    TokenizeResponse,
)


def tokenize(model: Model, request: TokenizeRequest) -> TokenizeResponse:
    """Return the token ids of a text or a chat, whatever its length."""
    if isinstance(request, TokenizeCompletionRequest):
        ids = model.tokenizer.encode(request.prompt, request.add_special_tokens)
    else:
        ids = render_tokenize_chat(model, request)
    # Every id that a tokenizer gives has a token.
    strs = cast("list[str]", model.tokenizer.token_strs(ids)) if request.return_token_strs else None
    return TokenizeResponse(count=len(ids), max_model_len=model.max_model_len, tokens=ids, token_strs=strs)


def detokenize(model: Model, request: DetokenizeRequest) -> DetokenizeResponse:
    """Return the text of the ids, special tokens included."""
    try:
        return DetokenizeResponse(prompt=model.tokenizer.decode(request.tokens))
    except OverflowError as error:
        raise BadRequestError(str(error)) from None
