# SPDX-License-Identifier: Apache-2.0
"""Chats of gpt-oss as vLLM renders them, token by token, and what happens without the library."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from fastfront.errors import BadRequestError
from fastfront.prompt import Model
from fastfront.prompt.harmony import HarmonyRenderer
from fastfront.prompt.render import known_chats, plain_chats, render_chat
from fastfront.protocol.chat import decode_chat_completion_request
from tests.prompt import cases_harmony as cases
from tests.prompt.conftest import MODELS

GOLDEN = json.loads((Path(__file__).parent / "golden_harmony.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def renderer() -> HarmonyRenderer:
    """The library's vocabulary takes a second to load."""
    return HarmonyRenderer()


@pytest.fixture(autouse=True)
def date(monkeypatch: pytest.MonkeyPatch) -> None:
    """The day of the golden file."""
    monkeypatch.setenv("VLLM_SYSTEM_START_DATE", cases.DATE)


def gpt_oss(folder: Path) -> Model:
    """A small model that says it is gpt-oss."""
    path = Path(shutil.copytree(MODELS / "chatml", folder / "model"))
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    changed = {"model_type": "gpt_oss", "architectures": ["GptOssForCausalLM"]}
    (path / "config.json").write_text(json.dumps(config | changed), encoding="utf-8")
    return Model.load(str(path))


def rendered(renderer: HarmonyRenderer, body: dict[str, Any]) -> list[int]:
    request = decode_chat_completion_request(json.dumps(body).encode())
    return renderer.render(request.messages, request.tools, request.reasoning_effort)


@pytest.mark.parametrize("name", cases.CASES)
def test_prompts_are_vllms(renderer: HarmonyRenderer, name: str) -> None:
    """Instructions, tools, calls and their results, thinking that is dropped and thinking that stays."""
    assert rendered(renderer, cases.CASES[name]) == GOLDEN[name]


@pytest.mark.parametrize("effort", ["none", "minimal"])
def test_an_effort_that_the_model_does_not_have_is_refused(renderer: HarmonyRenderer, effort: str) -> None:
    """By the field's name."""
    with pytest.raises(BadRequestError) as caught:
        renderer.render([{"role": "user", "content": "hi"}], None, effort)
    assert caught.value.param == "reasoning_effort"


def test_what_the_library_does_not_take_is_refused(renderer: HarmonyRenderer) -> None:
    """A role that Harmony does not have is the client's fault."""
    with pytest.raises(BadRequestError, match="Harmony cannot render this chat"):
        renderer.render([{"role": "function", "content": "hi"}], None, None)


def test_instructions_may_go_to_the_system_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """VLLM_GPT_OSS_HARMONY_SYSTEM_INSTRUCTIONS=1, as in vLLM."""
    monkeypatch.setenv("VLLM_GPT_OSS_HARMONY_SYSTEM_INSTRUCTIONS", "1")
    renderer = HarmonyRenderer()
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}]
    text = renderer._encoding.decode(renderer.render(chat, None, None))
    assert "Be brief.\nKnowledge cutoff" in text
    assert "developer" not in text


def test_a_gpt_oss_model_renders_with_harmony(tmp_path: Path) -> None:
    """Its chat template is not used, and no shortcut that goes by it."""
    model = gpt_oss(tmp_path)
    request = decode_chat_completion_request(b'{"messages": [{"role": "user", "content": "hi"}]}')
    assert model.harmony is not None
    assert render_chat(model, request).token_ids == model.harmony.render(request.messages, None, None)
    assert plain_chats(model, request) is None
    assert known_chats(model, decode_chat_completion_request) is None


def test_without_the_library_the_template_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With a line in the log that says what to install."""
    monkeypatch.setitem(sys.modules, "openai_harmony", None)
    model = gpt_oss(tmp_path)
    assert model.harmony is None
    assert "fastfront[harmony]" in caplog.text
    assert "its chat template is used" in caplog.text
