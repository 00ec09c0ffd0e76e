# SPDX-License-Identifier: Apache-2.0
"""/tokenize takes a prompt or messages, /detokenize token ids."""

from __future__ import annotations

import json

import pytest

from fastfront.errors import FastFrontError
from fastfront.protocol import (
    DetokenizeRequest,
    TokenizeChatRequest,
    TokenizeCompletionRequest,
    decode_detokenize_request,
    decode_tokenize_request,
)

HI = [{"role": "user", "content": "hi"}]


def _tokenize(**members: object) -> TokenizeChatRequest | TokenizeCompletionRequest:
    return decode_tokenize_request(json.dumps(members).encode())


def test_prompt_form():
    """A prompt gets special tokens by default, and may be empty."""
    assert _tokenize(prompt="") == TokenizeCompletionRequest(prompt="")
    assert _tokenize(prompt="x", add_special_tokens="no") == TokenizeCompletionRequest(
        prompt="x", add_special_tokens=False
    )


def test_chat_form():
    """Messages get none: the template writes them."""
    request = _tokenize(messages=HI, return_token_strs=True)
    assert request == TokenizeChatRequest(messages=HI, return_token_strs=True)
    assert not request.add_special_tokens


def test_both_forms():
    """Messages win over a prompt; a prompt is taken where the messages are wrong."""
    assert _tokenize(prompt="x", messages=HI) == TokenizeChatRequest(messages=HI)
    assert _tokenize(prompt="x", messages=[5]) == TokenizeCompletionRequest(prompt="x")


def test_neither_form():
    """Both missing members are told."""
    with pytest.raises(FastFrontError) as caught:
        _tokenize(model="m")
    assert caught.value.param == "body.prompt"
    assert "'loc': 'body.messages'" in caught.value.message


@pytest.mark.parametrize(
    ("members", "param"),
    [
        ({"prompt": ["x"]}, "body.prompt"),
        ({"prompt": "x", "add_special_tokens": "x"}, "body.add_special_tokens"),
        ({"messages": [{"role": "user", "content": 5}]}, "body.messages.0.content"),
        ({"messages": HI, "tools": [{}]}, "body.tools.0.function"),
        ({"messages": HI, "chat_template": 5}, "body.chat_template"),
    ],
)
def test_errors_name_the_form_that_was_used(members, param):
    """What is wrong is told of the form that the client chose."""
    with pytest.raises(FastFrontError) as caught:
        _tokenize(**members)
    assert caught.value.param == param


def test_empty_messages_are_refused():
    """An empty conversation cannot be rendered."""
    with pytest.raises(FastFrontError, match="empty conversation"):
        _tokenize(messages=[])


def test_detokenize():
    """Ids are integers from 0 on, or what can be read as such."""
    assert decode_detokenize_request(b'{"tokens":[1,2]}') == DetokenizeRequest(tokens=[1, 2])
    assert decode_detokenize_request(b'{"tokens":["1",2.0]}') == DetokenizeRequest(tokens=[1, 2])
    for tokens in ("[-1]", "[9223372036854775808]", "5", '["x"]'):
        with pytest.raises(FastFrontError):
            decode_detokenize_request(f'{{"tokens":{tokens}}}'.encode())
