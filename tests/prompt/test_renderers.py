# SPDX-License-Identifier: Apache-2.0
"""Chats of models without a chat template as vLLM renders them, character by character, and which models those are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastfront.errors import BadRequestError, StartupError
from fastfront.prompt import Model
from fastfront.prompt.renderers import ARCHITECTURES
from fastfront.prompt.render import known_chats, plain_chat_renderer, render_chat, render_completion, render_tokenize_chat
from fastfront.protocol.chat import decode_chat_completion_request
from fastfront.protocol.completions import decode_completion_request
from fastfront.protocol.tokenize import TokenizeChatRequest, decode_tokenize_request
from tests.prompt import cases_renderers as cases

GOLDEN = json.loads((Path(__file__).parent / "golden_renderers.json").read_text(encoding="utf-8"))
MODES = tuple(cases.ARCHITECTURES)
USER = {"role": "user", "content": "hi"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Model]:
    """One of each mode."""
    folder = tmp_path_factory.mktemp("models")
    return {mode: Model.load(str(cases.make_model(folder, mode))) for mode in MODES}


def asked(**body: Any) -> Any:
    return decode_chat_completion_request(json.dumps(body).encode())


@pytest.mark.parametrize("name", cases.CASES)
@pytest.mark.parametrize("mode", MODES)
def test_prompts_are_vllms(models: dict[str, Model], mode: str, name: str) -> None:
    """Systems, tools, calls and their results, thinking and its switches; what it refuses is refused in its words."""
    model, expected = models[mode], GOLDEN[mode][name]
    model.default_chat_template_kwargs = cases.DEFAULTS.get(name, {})
    if isinstance(expected, dict):
        with pytest.raises(BadRequestError) as caught:
            render_chat(model, asked(**cases.CASES[name]))
        if expected["error"] in {"ValueError", "KeyError"}:
            assert caught.value.message.partition(" Valid tasks")[0] == expected["message"]
        return
    prompt = render_chat(model, asked(**cases.CASES[name]))
    assert (prompt.text if isinstance(expected, str) else prompt.token_ids) == expected
