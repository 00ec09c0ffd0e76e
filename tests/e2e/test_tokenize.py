# SPDX-License-Identifier: Apache-2.0
"""POST /tokenize and /detokenize."""

from __future__ import annotations

import pytest

from tests.e2e.ways import every_way

pytestmark = [pytest.mark.e2e, every_way]

TEXT = "Hello wörld, 你好! 🌍"


def test_text_and_back(http):
    """Detokenizing gives the text that was tokenized."""
    answer = http.post("/tokenize", json={"model": "tester", "prompt": TEXT}).json()
    assert answer["count"] == len(answer["tokens"])
    assert answer["max_model_len"] == 8192
    assert answer["token_strs"] is None
    back = http.post("/detokenize", json={"model": "tester", "tokens": answer["tokens"]})
    assert back.json() == {"prompt": TEXT}


def test_token_strs(http):
    """The tokens in the vocabulary's spelling, one per id."""
    answer = http.post("/tokenize", json={"prompt": "the weather", "return_token_strs": True}).json()
    assert len(answer["token_strs"]) == answer["count"]
    assert "".join(answer["token_strs"]).replace("Ġ", " ") == "the weather"


def test_chat_is_what_a_chat_request_sends(http):
    """The count of a chat is the prompt_tokens of its answer: what agents use it for."""
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": TEXT}]
    count = http.post("/tokenize", json={"messages": messages}).json()["count"]
    answer = http.post("/v1/chat/completions", json={"messages": messages, "max_tokens": 1}).json()
    assert answer["usage"]["prompt_tokens"] == count


def test_longer_than_the_context(http):
    """Counting is what one does with a text that is too long."""
    answer = http.post("/tokenize", json={"prompt": "word " * 20_000})
    assert answer.status_code == 200
    assert answer.json()["count"] > 8192


def test_token_id_beyond_the_vocabulary_is_left_out(http):
    """As in vLLM; one that no tokenizer could have is refused."""
    assert http.post("/detokenize", json={"tokens": [2**31]}).json() == {"prompt": ""}
    refused = http.post("/detokenize", json={"tokens": [2**33]})
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "number too large to fit in target type"  # vLLM's words


@pytest.mark.parametrize("path", ["/tokenize", "/detokenize"])
def test_unknown_model(http, path):
    """404 with the names there are."""
    answer = http.post(path, json={"model": "other", "prompt": "x", "tokens": [1]})
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == (
        "The model `other` does not exist. Valid aliases: tester, also-tester."
    )
