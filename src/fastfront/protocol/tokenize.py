# SPDX-License-Identifier: Apache-2.0
"""POST /tokenize and /detokenize: requests and responses.

/tokenize takes two forms, a prompt or messages. vLLM tries both and reports the errors of both; here the form that
the members name is the one reported on.

Source: vllm/entrypoints/serve/tokenize/protocol.py.
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from fastfront.errors import SchemaError
from fastfront.protocol import rules
from fastfront.protocol.body import load_object
from fastfront.protocol.common import INT64_MAX
from fastfront.protocol.decode import RequestDecoder
from fastfront.protocol.issues import Issues
from fastfront.protocol.messages import check_messages, verify_not_empty
from fastfront.protocol.structs import check_for_struct
from fastfront.protocol.tools import TOOLS

TokenId = Annotated[int, msgspec.Meta(ge=0, le=INT64_MAX)]


class TokenizeCompletionRequest(msgspec.Struct, kw_only=True):
    model: str | None = None
    prompt: str
    add_special_tokens: bool = True
    return_token_strs: bool | None = False


class TokenizeChatRequest(msgspec.Struct, kw_only=True):
    """`messages` are as messages.py leaves them."""

    model: str | None = None
    messages: list[dict[str, Any]]
    add_generation_prompt: bool = True
    return_token_strs: bool | None = False
    continue_final_message: bool = False
    add_special_tokens: bool = False
    chat_template: str | None = None
    chat_template_kwargs: dict[str, Any] | None = None
    media_io_kwargs: dict[str, dict[str, Any]] | None = None
    mm_processor_kwargs: dict[str, Any] | None = None
    tools: list[dict[str, Any]] | None = None


TokenizeRequest = TokenizeCompletionRequest | TokenizeChatRequest


class TokenizeResponse(msgspec.Struct, kw_only=True):
    count: int
    max_model_len: int
    tokens: list[int]
    token_strs: list[str] | None = None


class DetokenizeRequest(msgspec.Struct, kw_only=True):
    model: str | None = None
    tokens: list[TokenId]


class DetokenizeResponse(msgspec.Struct, kw_only=True):
    prompt: str


_PROMPT_DECODER = RequestDecoder(
    TokenizeCompletionRequest, check_for_struct(TokenizeCompletionRequest), is_plain=lambda request: True
)
_CHAT_DECODER = RequestDecoder(
    TokenizeChatRequest,
    check_for_struct(TokenizeChatRequest, {"messages": check_messages, "tools": TOOLS}),
    is_plain=lambda request: False,
    verify=lambda request: verify_not_empty(request.messages),
)
_DETOKENIZE_DECODER = RequestDecoder(
    DetokenizeRequest, check_for_struct(DetokenizeRequest), is_plain=lambda request: True
)


def decode_tokenize_request(body: bytes) -> TokenizeRequest:
    """Return the request that the body holds, or raise the error to answer. Messages win over a prompt."""
    data = load_object(body, branches=2)
    rules.check_generation_prompt(data)
    if "messages" not in data:
        issues = Issues()
        if "prompt" not in data:
            issues.add("missing", ("prompt",), "Field required", data)
            issues.add("missing", ("messages",), "Field required", data)
            raise issues.to_error()
        return _PROMPT_DECODER.from_object(data)
    if "prompt" not in data:
        return _CHAT_DECODER.from_object(data)
    try:
        return _CHAT_DECODER.from_object(data)
    except SchemaError:
        return _PROMPT_DECODER.from_object(data)


def decode_detokenize_request(body: bytes) -> DetokenizeRequest:
    """Return the request that the body holds, or raise the error to answer."""
    return _DETOKENIZE_DECODER(body)
