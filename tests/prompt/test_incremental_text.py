# SPDX-License-Identifier: Apache-2.0
"""Text out of token ids with the state outside: however the ids are cut, the text is the same."""

from __future__ import annotations

import msgspec
import pytest

from fastfront.prompt.incremental_text import LOOK_BACK, IncrementalText, Window
from fastfront.prompt.model import Model
from fastfront.sim import MODEL_PATH

TEXT = "Grüße aus Köln! 你好，世界 🌍👩‍👩‍👧‍👦 and\n\n  spaces<|im_end|>"


@pytest.fixture(scope="module")
def tokenizer():
    """Return the embedded engine's tokenizer."""
    return Model.load(str(MODEL_PATH)).tokenizer


@pytest.mark.parametrize("skip", [False, True])
def test_text_is_that_of_the_tokenizer_at_every_cut(tokenizer, skip):
    """The state goes through JSON in between, as a client carries it."""
    ids = tokenizer.encode(TEXT, add_special_tokens=False)
    expected = tokenizer.decode(ids, skip_special_tokens=skip)
    decoder = IncrementalText(tokenizer, skip_special_tokens=skip)
    for cut in range(len(ids) + 1):
        first, window = decoder.push(Window(), ids[:cut])
        carried = Window(*msgspec.json.decode(msgspec.json.encode(window)))
        second, _ = decoder.push(Window(tuple(carried.tokens), *carried[1:]), ids[cut:])
        assert first + second == expected, cut


def test_half_a_character_is_held_back(tokenizer):
    """Until its last byte has come."""
    ids = tokenizer.encode("🌍", add_special_tokens=False)
    decoder = IncrementalText(tokenizer, skip_special_tokens=True)
    texts, window = [], Window()
    for token_id in ids:
        text, window = decoder.push(window, [token_id])
        texts.append(text)
    assert texts == [""] * (len(ids) - 1) + ["🌍"]


def test_window_stays_small(tokenizer):
    """It holds what a decoder looks back on, however much has come."""
    decoder = IncrementalText(tokenizer, skip_special_tokens=True)
    prompt = tokenizer.encode(TEXT * 10, add_special_tokens=False)
    window = decoder.behind(prompt)
    assert len(window.tokens) <= LOOK_BACK + 2
    for token_id in prompt:
        _, window = decoder.push(window, [token_id])
        assert len(window.tokens) <= 2 * LOOK_BACK


def test_ids_that_are_no_tokens_say_nothing(tokenizer):
    """A client may send any."""
    decoder = IncrementalText(tokenizer, skip_special_tokens=True)
    assert decoder.push(Window(), [10**9])[0] == ""
    assert decoder.behind([10**9]).tokens == ("",)
