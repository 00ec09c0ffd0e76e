# SPDX-License-Identifier: Apache-2.0
"""Requests to prompts. The golden files compare the results with vLLM's; here is what must hold besides."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from fastfront.errors import BadRequestError
from fastfront.prompt import Model, render_chat, render_completion
from fastfront.prompt.render import RenderedPrompt
from fastfront.protocol import decode_chat_completion_request, decode_completion_request


def chat(model: Model, content: str, **fields: Any) -> RenderedPrompt:
    body = {"messages": [{"role": "user", "content": content}], **fields}
    return render_chat(model, decode_chat_completion_request(json.dumps(body).encode()))


def completion(model: Model, prompt: Any, **fields: Any) -> list[RenderedPrompt]:
    return render_completion(model, decode_completion_request(json.dumps({"prompt": prompt, **fields}).encode()))


def test_a_chat_is_rendered_and_tokenized(chatml: Model) -> None:
    """The template's text, and its ids without further special tokens."""
    prompt = chat(chatml, "hello")
    assert prompt.text == "<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"
    assert chatml.tokenizer.decode(prompt.token_ids) == prompt.text


def test_chat_templates_bring_their_own_bos(sentencepiece: Model) -> None:
    """add_special_tokens is off for chats, on for completions."""
    bos = 1
    assert chat(sentencepiece, "hello").token_ids.count(bos) == 1
    assert chat(sentencepiece, "hello", add_special_tokens=True).token_ids.count(bos) == 2
    assert completion(sentencepiece, "hello")[0].token_ids[0] == bos


def test_a_huge_text_is_refused_unread(chatml: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """More characters than any prompt that fits could have: nothing is tokenized."""
    monkeypatch.setattr(chatml.tokenizer, "encode", None)
    with pytest.raises(BadRequestError, match="characters") as caught:
        chat(chatml, "x" * 1_000_000)
    assert caught.value.param == "input_text"


def test_the_engines_word_on_the_length_counts(chatml: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """max_model_len is set once the engine is ready, and holds from then on."""
    with pytest.raises(BadRequestError, match="maximum context length is 300 tokens"):
        completion(chatml, [5] * 301)
    monkeypatch.setattr(chatml, "max_model_len", 400)
    assert len(completion(chatml, [5] * 301)[0].token_ids) == 301


def test_token_ids_are_taken_as_they_are(chatml: Model) -> None:
    """No copy, no text."""
    prompts = completion(chatml, [[5, 6], [7]])
    assert prompts == [RenderedPrompt([5, 6], None), RenderedPrompt([7], None)]


def test_ids_that_the_model_cannot_embed(chatml: Model) -> None:
    """The larger of tokenizer and logits counts, as in vLLM."""
    assert completion(chatml, [511])[0].token_ids == [511]
    with pytest.raises(BadRequestError, match="Token id 512 is out of vocabulary"):
        completion(chatml, [511, 512])


def test_a_requests_template_needs_trust(chatml: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is code: off by default, and a field of the request says why it was refused."""
    with pytest.raises(BadRequestError, match="--trust-request-chat-template is not set"):
        chat(chatml, "x", chat_template="{{ messages }}")
    monkeypatch.setattr(chatml, "trust_request_chat_template", True)
    assert chat(chatml, "x", chat_template="own: {{ messages[0].content }}").text == "own: x"


def test_rendering_is_thread_safe(chatml: Model) -> None:
    """The pool renders many requests at once; each gets its own prompt."""

    def run(number: int) -> bool:
        return f"<{number}>" in (chat(chatml, f"<{number}>" * 20).text or "")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(300)))
