# SPDX-License-Identifier: Apache-2.0
"""Frontends before a fake engine, for lanes."""

from __future__ import annotations

import pytest

from fastfront.prompt import Model
from fastfront.sim import MODEL_PATH
from tests.routes.lane_fakes import Frontend


@pytest.fixture(scope="module")
def model():
    """Return the embedded engine's model, with its fast encoder."""
    loaded = Model.load(str(MODEL_PATH), served_model_names=("sim", "also-sim"))
    loaded.max_model_len = 2048
    assert loaded.tokenizer.fast.wait(30)
    return loaded


@pytest.fixture
def frontend(model):
    """Return a frontend before a fake engine."""
    made = Frontend(model)
    yield made
    made.pool.shutdown()


@pytest.fixture
def parsing_frontend(model):
    """Return one whose answers are parsed for thinking and tool calls."""
    made = Frontend(model, parsed=True)
    yield made
    made.pool.shutdown()
