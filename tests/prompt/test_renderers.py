# SPDX-License-Identifier: Apache-2.0
"""Chats of models without a chat template as vLLM renders them, character by character, and which models those are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastfront.errors import BadRequestError, StartupError
from fastfront.prompt import Model
from fastfront.prompt.render import (
    known_chats,
    plain_chats,
    render_chat,
    render_completion,
    render_tokenize_chat,
)
from fastfront.prompt.renderers import ARCHITECTURES
from fastfront.prompt.renderers.deepseek_v41 import DeepseekV41Renderer
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


@pytest.mark.parametrize("mode", MODES)
def test_no_shortcut_goes_by_the_template(models: dict[str, Model], mode: str) -> None:
    """The lanes of ordinary chats are made of a chat template: these models' chats go the general way."""
    assert not models[mode].uses_template
    assert plain_chats(models[mode], asked(messages=[USER])) is None
    assert known_chats(models[mode], decode_chat_completion_request) is None


@pytest.mark.parametrize(("architecture", "mode"), ARCHITECTURES.items())
def test_the_architecture_says_which_renderer(tmp_path: Path, architecture: str, mode: str) -> None:
    """As with `auto` in vLLM."""
    path = cases.make_model(tmp_path, mode)
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    config["architectures"] = [architecture]
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    found = Model.load(str(path)).renderer
    assert found is not None
    assert type(Model.load(str(path), tokenizer_mode=mode.upper()).renderer) is type(found)


def test_modes_count_more_than_the_architecture(tmp_path: Path) -> None:
    """With `hf` such a model goes with its chat template, and any other with the renderer that is named."""
    assert Model.load(str(cases.make_model(tmp_path, "deepseek_v4")), tokenizer_mode="hf").uses_template
    other = str(cases.MODELS / "chatml")
    assert Model.load(other).uses_template
    assert isinstance(Model.load(other, tokenizer_mode="deepseek_v41").renderer, DeepseekV41Renderer)


def test_inkling_needs_its_special_tokens(tmp_path: Path) -> None:
    """A tokenizer without one of them ends the start, as in vLLM."""
    path = cases.make_model(tmp_path, "inkling", without="<|unused_200024|>")
    with pytest.raises(StartupError, match=r"missing special tokens: \['<\|content_xml\|>'\]"):
        Model.load(str(path))


@pytest.mark.parametrize("mode", MODES)
def test_tokenize_renders_them_too(models: dict[str, Model], mode: str) -> None:
    """/tokenize of a chat gives the prompt's ids."""
    model = models[mode]
    model.default_chat_template_kwargs = {}
    request = decode_tokenize_request(json.dumps({"messages": [USER]}).encode())
    assert isinstance(request, TokenizeChatRequest)
    assert render_tokenize_chat(model, request) == render_chat(model, asked(messages=[USER])).token_ids


def test_text_may_be_made_ids_at_once(models: dict[str, Model]) -> None:
    """chat_template_kwargs.tokenize, as for a chat template: the ids are the same, and there is no text."""
    kept = render_chat(models["deepseek_v32"], asked(messages=[USER]))
    made = render_chat(models["deepseek_v32"], asked(messages=[USER], chat_template_kwargs={"tokenize": True}))
    assert (made.token_ids, made.text) == (kept.token_ids, None)


def test_ids_are_decoded_for_an_echo(models: dict[str, Model]) -> None:
    """Inkling's prompt has no text of its own."""
    models["inkling"].default_chat_template_kwargs = {}
    prompt = render_chat(models["inkling"], asked(messages=[USER], echo=True))
    effort = "<|message_system|><|content_text|>Thinking effort level: 0.9<|end_message|>"
    assert prompt.text == f"{effort}<|message_user|><|content_text|>hi<|end_message|><|message_model|>"


def test_a_prompt_of_ids_may_be_too_long(models: dict[str, Model], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is counted, not guessed, and may be cut."""
    monkeypatch.setattr(models["inkling"], "max_model_len", 10)
    with pytest.raises(BadRequestError, match="maximum context length is 10 tokens"):
        render_chat(models["inkling"], asked(messages=[USER]))
    assert len(render_chat(models["inkling"], asked(messages=[USER], truncate_prompt_tokens=5)).token_ids) == 5


@pytest.mark.parametrize("mode", ["deepseek_v4", "deepseek_v41"])
def test_a_completion_may_have_a_suffix(models: dict[str, Model], mode: str) -> None:
    """DeepSeek-V4 fills in the middle."""
    request = decode_completion_request(b'{"prompt": ["a", "b"], "suffix": "c"}')
    texts = [prompt.text for prompt in render_completion(models[mode], request)]
    assert texts == [f"<｜fim▁begin｜>{before}<｜fim▁hole｜>c<｜fim▁end｜>" for before in "ab"]


def test_others_fill_in_no_middle(models: dict[str, Model]) -> None:
    """The suffix is refused by name, as for a model with a chat template."""
    request = decode_completion_request(b'{"prompt": "a", "suffix": "c"}')
    with pytest.raises(BadRequestError, match="only supported for models with FIM"):
        render_completion(models["deepseek_v32"], request)


@pytest.mark.parametrize("mode", MODES)
def test_messages_are_not_changed(models: dict[str, Model], mode: str) -> None:
    """A renderer works on what is its own: the request is shown in logs and parsed by others."""
    model = models[mode]
    request = asked(**cases.CASES["two_rounds"])
    before = json.dumps(request.messages)
    render_chat(model, request)
    assert json.dumps(request.messages) == before


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("blocks", [5, ["x"], [{"type": "tool_result", "content": [1]}], [{"type": "text", "text": 1}]])
def test_members_of_a_wrong_kind_are_the_clients_fault(models: dict[str, Model], mode: str, blocks: object) -> None:
    """vLLM renders DeepSeek-V4.1 from messages as they are, and fails inside where a member is not as it should be."""
    ask = asked(messages=[{**USER, "content_blocks": blocks}])
    if mode == "deepseek_v41":
        with pytest.raises(BadRequestError):
            render_chat(models[mode], ask)
    else:
        assert render_chat(models[mode], ask).token_ids


@pytest.mark.parametrize("mode", MODES)
def test_half_a_surrogate_pair_is_refused(models: dict[str, Model], mode: str) -> None:
    """JSON can write characters that no tokenizer takes, also in arguments."""
    call = {"id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x": "\\ud800"}'}}
    with pytest.raises(BadRequestError, match="TextEncodeInput must be"):
        render_chat(models[mode], asked(messages=[USER, {"role": "assistant", "tool_calls": [call]}]))
