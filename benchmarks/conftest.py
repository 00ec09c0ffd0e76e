# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks share: a model, texts and requests, the same every time.

The model is the embedded engine's, or the directory in FASTFRONT_BENCH_MODEL (a large vocabulary tells more).
"""

from __future__ import annotations

import os
import random

import pytest

from fastfront._native.pump import Pump
from fastfront.bench.words import WORDS
from fastfront.prompt.model import Model
from fastfront.sim import MODEL_PATH


@pytest.fixture(scope="session")
def model():
    """Return the model, with everything loaded that a server loads behind its start."""
    loaded = Model.load(os.environ.get("FASTFRONT_BENCH_MODEL", str(MODEL_PATH)))
    assert loaded.vocab is not None
    if loaded.tokenizer.fast is not None:
        assert loaded.tokenizer.fast.wait(60)
    return loaded


@pytest.fixture(scope="session")
def words():
    """Return a function that makes a text of so many words."""
    source = random.Random(1)
    return lambda count: " ".join(source.choices(WORDS, k=count))


@pytest.fixture(scope="session")
def answer(model, words):
    """Return the token ids of an answer of 400 words with some characters of several tokens."""
    return model.tokenizer.encode(f"{words(200)} 你好，世界！ Größe 😀 {words(200)}", add_special_tokens=False)


@pytest.fixture
def pump():
    """Return a pump whose thread is not started: messages are handed to it."""
    made = Pump()
    yield made
    made.stop()
