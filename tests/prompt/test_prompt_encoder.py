# SPDX-License-Identifier: Apache-2.0
"""The express lane's encoder gives the ids of `tokenizers`, whoever makes them, and says how much work a text is."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from fastfront.prompt import Model
from fastfront.prompt import fast_encoder as module
from fastfront.prompt.prompt_encoder import SLOWNESS, WAITS_FROM, PromptEncoder, WholePrompt
from tests.prompt.cases import TEXTS

MODELS = Path(__file__).parent / "models"


def encode(encoder: PromptEncoder, text: str, *, add_special_tokens: bool = False) -> list[int]:
    prompt = encoder.finish(encoder.split(text), add_special_tokens)
    assert prompt is not None
    return prompt.ids()


@pytest.mark.parametrize("add_special_tokens", [False, True])
@pytest.mark.parametrize("name", ["chatml", "sentencepiece"])
def test_ids_are_those_of_the_tokenizer(request: pytest.FixtureRequest, name: str, add_special_tokens: bool) -> None:
    """With fastokens (chatml) and where it does not agree (sentencepiece)."""
    model: Model = request.getfixturevalue(name)
    encoder = PromptEncoder(model.tokenizer)
    for text in [*TEXTS, "<|im_start|>user\nHello<|im_end|>\n"]:
        expected = model.tokenizer.backend.encode(text, add_special_tokens=add_special_tokens).ids
        assert encode(encoder, text, add_special_tokens=add_special_tokens) == expected, ascii(text)


def test_what_was_seen_is_no_work(chatml: Model) -> None:
    """The second time, a text is looked up."""
    encoder = PromptEncoder(chatml.tokenizer)
    text = "a text that nobody has asked for before"
    assert encoder.split(text).unseen == len(text)
    encode(encoder, text)
    assert encoder.split(text).unseen == 0


def test_without_fastokens_a_text_is_more_work(sentencepiece: Model) -> None:
    """So that it goes to the pool sooner."""
    assert PromptEncoder(sentencepiece.tokenizer).split("hello").unseen == 5 * SLOWNESS


def test_a_lone_surrogate_is_nobodys(chatml: Model) -> None:
    """It is no text; the general way says so."""
    encoder = PromptEncoder(chatml.tokenizer)
    assert encoder.finish(encoder.split("a\ud800b"), False) is None


def test_long_texts_wait_for_the_encoder_that_is_being_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The loading begins at once then, and short texts do not wait for it."""
    monkeypatch.setattr(module, "INLINE_BYTES", 0)
    monkeypatch.setattr(module, "DELAY", 3600)
    model = Model.load(str(MODELS / "chatml"))
    encoder = PromptEncoder(model.tokenizer)
    assert model.tokenizer.fast is not None
    assert isinstance(encoder.split("short"), WholePrompt)
    assert encode(encoder, "short") == model.tokenizer.encode("short", False)
    assert model.tokenizer.fast.encoder is None, "a short text waits for nobody"
    long = "word " * WAITS_FROM
    found: list[list[int]] = []
    thread = threading.Thread(target=lambda: found.append(encode(encoder, long)))
    thread.start()
    thread.join(60)
    assert found == [model.tokenizer.encode(long, False)]
    assert model.tokenizer.fast.encoder is not None
