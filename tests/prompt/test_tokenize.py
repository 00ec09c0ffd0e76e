# SPDX-License-Identifier: Apache-2.0
"""What /tokenize and /detokenize answer."""

from __future__ import annotations

import json

import pytest

from fastfront.errors import BadRequestError
from fastfront.prompt import Model, detokenize, tokenize
from fastfront.protocol import decode_detokenize_request, decode_tokenize_request


def test_a_text(sentencepiece: Model) -> None:
    """Special tokens are added unless the request says otherwise; strings only if asked for."""
    request = decode_tokenize_request(b'{"prompt": "hello", "return_token_strs": true}')
    answer = tokenize(sentencepiece, request)
    assert answer.token_strs is not None
    assert answer.token_strs[0] == "<s>"
    assert answer.count == len(answer.tokens) == len(answer.token_strs)
    assert answer.max_model_len == 300
    bare = tokenize(sentencepiece, decode_tokenize_request(b'{"prompt": "hello", "add_special_tokens": false}'))
    assert bare.tokens == answer.tokens[1:]
    assert bare.token_strs is None


def test_a_chat_of_any_length(chatml: Model) -> None:
    """Counting is not generating: more than fits the model is no error."""
    body = {"messages": [{"role": "user", "content": "word " * 1000}], "add_generation_prompt": False}
    answer = tokenize(chatml, decode_tokenize_request(json.dumps(body).encode()))
    assert answer.count > chatml.max_model_len
    assert chatml.tokenizer.decode(answer.tokens).endswith("word <|im_end|>\n")


def test_ids_back_to_text(chatml: Model) -> None:
    """Special tokens are shown; an id without a token says nothing; a number that is no id is refused."""
    ids = chatml.tokenizer.encode("hi<|im_end|>", add_special_tokens=False)
    assert detokenize(chatml, decode_detokenize_request(json.dumps({"tokens": ids}).encode())).prompt == "hi<|im_end|>"
    assert not detokenize(chatml, decode_detokenize_request(b'{"tokens": [4000000]}')).prompt
    with pytest.raises(BadRequestError, match="too large"):
        detokenize(chatml, decode_detokenize_request(b'{"tokens": [9223372036854775807]}'))
