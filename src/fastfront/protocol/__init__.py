# SPDX-License-Identifier: Apache-2.0
"""The wire schema: what clients may send, decoded into Structs and validated as vLLM does, and refused in its words.

Knows JSON and the request fields. Must not know models, tokenizers, engines or HTTP; imports only `errors`.
"""

from __future__ import annotations

from fastfront.protocol.chat import ChatCompletionRequest, decode_chat_completion_request
from fastfront.protocol.completions import CompletionRequest, decode_completion_request
from fastfront.protocol.tokenize import (
    DetokenizeRequest,
    TokenizeChatRequest,
    TokenizeCompletionRequest,
    TokenizeRequest,
    decode_detokenize_request,
    decode_tokenize_request,
)

__all__ = [
    "ChatCompletionRequest",
    "CompletionRequest",
    "DetokenizeRequest",
    "TokenizeChatRequest",
    "TokenizeCompletionRequest",
    "TokenizeRequest",
    "decode_chat_completion_request",
    "decode_completion_request",
    "decode_detokenize_request",
    "decode_tokenize_request",
]
