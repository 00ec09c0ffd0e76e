# SPDX-License-Identifier: Apache-2.0
"""The two small models, loaded once."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastfront.prompt import Model

MODELS = Path(__file__).parent / "models"


@pytest.fixture(scope="session")
def chatml() -> Model:
    """Byte-level BPE, ChatML, two end tokens, sampling defaults of its own."""
    return Model.load(str(MODELS / "chatml"), served_model_names=("tiny", "also-tiny"))


@pytest.fixture(scope="session")
def sentencepiece() -> Model:
    """BPE with byte fallback that puts <s> before a text."""
    return Model.load(str(MODELS / "sentencepiece"))
