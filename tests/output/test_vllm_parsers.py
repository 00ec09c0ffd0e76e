# SPDX-License-Identifier: Apache-2.0
"""vLLM's parsers from outside, with stand-ins for its classes; tests/real_engine has the real ones."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import pytest

from fastfront.errors import BadRequestError, StartupError
from fastfront.output.python_parsers import ParserContext
from fastfront.output.vllm_parsers import VllmParsers, vllm_parser_factory
from fastfront.protocol.chat import ChatCompletionRequest


class RefusalError(Exception):
    """A stand-in for VLLMClientError."""

    parameter = "tools"


class Theirs(SimpleNamespace):
    """A stand-in for vLLM's request: members, and defaults for those that a parser may change."""

    def __init__(self, **members: Any) -> None:
        super().__init__(**{"tools": None, "skip_special_tokens": True, "structured_outputs": None, **members})


def constraint(**given: Any) -> SimpleNamespace:
    kinds = ("json", "regex", "choice", "grammar", "json_object", "structural_tag")
    return SimpleNamespace(**{**dict.fromkeys(kinds), **given})


class Parser:
    """A stand-in for a parser that wants special tokens."""

    reasoning_parser_cls: type | None = None
    always_adjust_request = False
    imposed: SimpleNamespace | None = None
    refuses = False

    def __init__(self, tokenizer: Any, tools: Any, *, chat_template_kwargs: dict[str, Any]) -> None:
        self.made_with = (tokenizer, tools, chat_template_kwargs)

    def adjust_request(self, request: Theirs) -> Theirs:
        if self.refuses:
            raise RefusalError("cannot guarantee strict tools")
        request.skip_special_tokens = False
        request.structured_outputs = self.imposed or request.structured_outputs
        return request

    def parse_delta(self, **given: Any) -> Any:
        if not given["delta_text"]:
            return None
        message = {"content": given["delta_text"], "tool_calls": []}
        return SimpleNamespace(model_dump=lambda **_: message)


def parsers(**members: Any) -> VllmParsers:
    return VllmParsers(type("Made", (Parser,), members), "tokenizer", Theirs, RefusalError)


def chat(**members: Any) -> ChatCompletionRequest:
    return ChatCompletionRequest(messages=[], **members)


def test_a_parser_gets_what_it_asks_for() -> None:
    """Special tokens are in the text; without a constraint of the parser's the client's stays."""
    request = chat(tool_choice="auto", structured_outputs={"regex": "a"})
    parsers().adjust(request, {"structured_outputs": constraint(regex="a")})
    assert request.skip_special_tokens is False
    assert request.structured_outputs == {"regex": "a"}


def test_a_parsers_constraint_takes_the_clients_place() -> None:
    """It is the only one that the engine gets."""
    request = chat(tool_choice="required", response_format={"type": "json_object"})
    parsers(imposed=constraint(structural_tag="{}")).adjust(request, {})
    assert request.structured_outputs == {"structural_tag": "{}"}
    assert request.response_format is None


@pytest.mark.parametrize(
    ("members", "adjusted"),
    [({}, False), ({"reasoning_parser_cls": object}, True), ({"always_adjust_request": True}, True)],
)
def test_without_calls_only_some_are_asked(members: dict[str, Any], adjusted: bool) -> None:
    """As vLLM: those that read reasoning, and those that always want to be asked."""
    request = chat(tool_choice="none")
    parsers(**members).adjust(request, {})
    assert request.skip_special_tokens is not adjusted


def test_what_a_parser_refuses_is_a_400() -> None:
    """With vLLM's words and the field."""
    with pytest.raises(BadRequestError, match="cannot guarantee strict tools") as caught:
        parsers(refuses=True).adjust(chat(tool_choice="auto"), {})
    assert caught.value.param == "tools"


def test_a_choice_has_a_parser_of_its_own() -> None:
    """Made with the request's tools and template arguments; its deltas are pieces."""
    context = ParserContext({"tools": ["t"]}, [1, 2], {"enable_thinking": False})
    parser = parsers()(context)
    assert parser._parser.made_with == ("tokenizer", ["t"], {"enable_thinking": False})
    assert list(parser.push("a", [5])) == [("content", "a")]
    assert list(parser.finish()) == []


def test_without_vllm_there_is_no_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the parser and says what is missing."""
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(StartupError, match="there is no parser hf, and vLLM, which may have it, is not installed"):
        vllm_parser_factory(model="m", reasoning_parser="hf", tool_call_parser=None, enable_auto_tool_choice=False)
