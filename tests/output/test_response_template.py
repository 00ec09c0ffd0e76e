# SPDX-License-Identifier: Apache-2.0
"""Response templates: which are served, what of a prompt belongs to the answer, and what a request may ask for."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from fastfront.errors import BadRequestError, StartupError
from fastfront.output.parsers import AnswerParsers
from fastfront.output.response_template import ResponseTemplate, UncompiledTemplateError
from fastfront.protocol.chat import ChatCompletionRequest

TEMPLATE: dict[str, Any] = {
    "defaults": {"role": "assistant"},
    "start_anchor": ["<bot>", "<bot>\n"],
    "fields": {
        "thinking": {"open": "<think>", "close": "</think>"},
        "tool_calls": {
            "open": "[",
            "close": "]",
            "content": "json",
            "repeats": True,
            "transform": {"function": {"name": "{content.name}", "arguments": "{content.args}"}},
        },
    },
}
CLOCK = {"type": "function", "function": {"name": "clock"}}


def template(source: Any = TEMPLATE) -> ResponseTemplate:
    return ResponseTemplate(source, ["hf"], reasoning=True, tools=True)


def changed(field: str | None, **members: Any) -> dict[str, Any]:
    """The template with some members changed: a field's, or its own."""
    made = copy.deepcopy(TEMPLATE)
    (made if field is None else made["fields"][field]).update(members)
    return made


def parsers(
    reasoning: str | None = "hf", tools: str | None = "hf", source: Any = TEMPLATE, *, auto: bool = True
) -> AnswerParsers:
    return AnswerParsers(
        reasoning_parser=reasoning,
        tool_call_parser=tools,
        enable_auto_tool_choice=auto,
        added_tokens={},
        config={},
        response_template=source,
        decode=lambda ids: "".join(map(chr, ids)),
    )


def request(**fields: Any) -> ChatCompletionRequest:
    return ChatCompletionRequest(messages=[], **fields)


def test_the_prompt_behind_its_last_anchor_belongs_to_the_answer() -> None:
    """The longest of several anchors counts; a prompt without one belongs to it as a whole."""
    text = "<bot>a</s>" + "x" * 300 + "<bot>\n<think>"
    assert template().prefix([ord(c) for c in text], lambda ids: "".join(map(chr, ids))) == "<think>"
    assert template().prefix([ord("x")] * 300, lambda ids: "".join(map(chr, ids))) == "x" * 300


def test_a_long_prompt_is_decoded_from_its_end() -> None:
    """As much of it as holds the anchor."""
    seen: list[int] = []

    def decode(ids: Any) -> str:
        seen.append(len(ids))
        return "".join(map(chr, ids))

    assert template().prefix([ord(c) for c in "y" * 10_000 + "<bot>ok"], decode) == "ok"
    assert seen == [256]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (None, "the parser hf goes by response_template in tokenizer_config.json: this model has none"),
        (changed(None, version=2), "version 2 is not known"),
        (changed(None, other=1), "the template has members that are not known: other"),
        (changed(None, fields={}), "fields must not be empty"),
        (changed(None, fields={"answer": {}}), "fields that an answer does not have: answer"),
        (changed(None, defaults={"x": 1}), "fields that an answer does not have: x"),
        (changed("thinking", open=""), "open has to be a text or a list of texts, none of them empty"),
        (changed("thinking", open_pattern="x"), "the field thinking has open and open_pattern"),
        (changed("thinking", content="json"), "the field thinking has to be text as it stands"),
        (changed("tool_calls", join=1), "join has to be a text, of a field that repeats"),
        (changed("tool_calls", transform={"a": "x{content}"}), "a text of a transform is a {placeholder} or has none"),
        (changed("tool_calls", transform_each=1), "transform_each has to be true or false"),
        (changed("tool_calls", open_pattern=1, open=None), "has open and open_pattern"),
        (changed(None, start_anchor=5), "start_anchor has to be a text"),
        (changed(None, start_anchor_pattern="("), "start_anchor and start_anchor_pattern"),
        ({k: v for k, v in TEMPLATE.items() if k != "start_anchor"}, "start_anchor is missing"),
        (
            changed(None, fields={"content": {}}),
            "--reasoning-parser hf needs a response_template with the field thinking",
        ),
    ],
)
def test_a_template_that_is_none_ends_the_start(source: Any, message: str) -> None:
    """With what is wrong with it."""
    with pytest.raises(StartupError) as caught:
        template(source)
    assert message in str(caught.value)


def test_what_cannot_be_compiled_is_named() -> None:
    """Where vLLM, whose engine goes back and forth, is not there to take it."""
    made = changed("tool_calls", close_pattern="(?<=x)]")
    del made["fields"]["tool_calls"]["close"]
    with pytest.raises(UncompiledTemplateError, match=r"close_pattern '\(\?<=x\)\]': lookbehind"):
        parsers(source=made)


@pytest.mark.parametrize(("reasoning", "tools"), [("hf", "hermes"), ("qwen3", "hf"), ("hf", "beam")])
def test_it_goes_with_no_other_parser(reasoning: str, tools: str) -> None:
    """It reads all of an answer."""
    with pytest.raises(StartupError, match="it goes with no other parser"):
        parsers(reasoning, tools)


@pytest.mark.parametrize("name", ["hf", "beam"])
def test_special_tokens_stay_in_the_text(name: str) -> None:
    """The markup is found there, whatever the request says."""
    chat = request(skip_special_tokens=True)
    parsers(name, name).adjust(chat)
    assert not chat.skip_special_tokens
    assert not chat.spaces_between_special_tokens


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        ({"tool_choice": "required"}, "required tool choice"),
        ({"tool_choice": {"type": "function", "function": {"name": "clock"}}}, "named tool choice"),
        ({"tool_choice": "auto", "parallel_tool_calls": False}, "parallel_tool_calls=False"),
        ({"tool_choice": "auto", "tools": [{"type": "function", "function": {"name": "f", "strict": True}}]}, "strict"),
    ],
)
def test_what_no_grammar_guarantees_is_refused(fields: dict[str, Any], what: str) -> None:
    """In vLLM's words."""
    with pytest.raises(BadRequestError, match=f"response_template parsing cannot guarantee {what}"):
        parsers().adjust(request(**({"tools": [CLOCK]} | fields)))


def test_the_engine_hears_what_the_prompt_says_of_thinking() -> None:
    """As the template reads it: open, over, or unsaid, and then what the request says."""

    def ended(prompt: str, **kwargs: Any) -> bool | None:
        made = parsers().parsing(request(), [ord(c) for c in prompt], kwargs)
        return made.reasoning_ended

    assert ended("<bot><think>") is False
    assert ended("<bot><think></think>") is True
    assert ended("<bot>") is False
    assert ended("<bot>", enable_thinking=False) is True
    assert ended("<bot>[") is True


def test_chats_without_tools_are_read_too() -> None:
    """Their calls are content, their other markup goes."""
    made = parsers(None, "hf")
    assert made.prompt_reading({}) is None
    assert made.parsing(request(), [], {}).plan is not None
    assert made.parsing(request(), [], {}).reasoning_ended is None
    assert parsers(None, "hf", auto=False).prompt_reading({}) is not None
