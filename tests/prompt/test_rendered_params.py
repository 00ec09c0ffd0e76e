# SPDX-License-Identifier: Apache-2.0
"""/render writes sampling parameters as vLLM's does (golden_rendered_params.json, by make_golden_params.py)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fastfront.prompt.model import Model
from fastfront.prompt.rendered_params import rendered_params
from fastfront.prompt.sampling import lower_chat_sampling_params, lower_completion_sampling_params
from fastfront.protocol.chat import chat_from_object
from fastfront.protocol.completions import completion_from_object
from fastfront.sim import MODEL_PATH

GOLDEN = json.loads(Path(__file__).with_name("golden_rendered_params.json").read_text(encoding="utf-8"))
MAX_TOKENS = 100
KINDS = {
    "ChatCompletionRequest": (
        chat_from_object,
        lower_chat_sampling_params,
        {"messages": [{"role": "user", "content": "hi"}]},
    ),
    "CompletionRequest": (completion_from_object, lower_completion_sampling_params, {"prompt": "hi"}),
}


@pytest.fixture(scope="module")
def model():
    """Return a model whose defaults the test sets."""
    return Model.load(str(MODEL_PATH))


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: f"{row['kind']}-{row['request']}-{bool(row['defaults'])}")
def test_params_are_vllms(model, monkeypatch, row):
    """Member by member, in the same order."""
    monkeypatch.setattr(model, "default_sampling", row["defaults"])
    decode, lower, base = KINDS[row["kind"]]
    request = decode({**base, **row["request"], "max_tokens": MAX_TOKENS})
    stops = list(dict.fromkeys(request.stop_token_ids or ()))
    params = json.loads(json.dumps(rendered_params(request, lower(request, model, 5), stops)))
    assert list(params.items()) == list(row["params"].items())
