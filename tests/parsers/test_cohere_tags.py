# SPDX-License-Identifier: Apache-2.0
"""What tools and schemas say to the engine with Cohere's parsers, against what vLLM 0.32 says for the same requests."""

from __future__ import annotations

import contextlib
import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fastfront.errors import BadRequestError
from fastfront.output.cohere_tags import architecture_of
from fastfront.output.parsers import AnswerParsers
from fastfront.prompt import Model, lower_chat_sampling_params
from fastfront.protocol.chat import ChatCompletionRequest, decode_chat_completion_request
from fastfront.protocol.response_format import constraint_of
from fastfront.routes import chat_completions
from fastfront.routes.constraints import settle_constraints
from fastfront.routes.express import learner
from fastfront.structured import Checker
from tests.parsers import corpus_cohere_tags as corpus

GOLDEN = json.loads((Path(__file__).parent / "golden" / "cohere_tags.json").read_text(encoding="utf-8"))
MEMBERS = ("json", "json_object", "regex", "choice", "grammar", "structural_tag")
CASES = corpus.cases()
needs_xgrammar = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("xgrammar", "tvm_ffi")), reason="needs xgrammar"
)


def frontend(case: corpus.Case, checker: Checker) -> Any:
    """As much of a server as adjusts a request."""
    reasoning, tools = corpus.PARSERS[case.parsers]
    parsers = AnswerParsers(
        reasoning_parser=reasoning,
        tool_call_parser=tools,
        enable_auto_tool_choice=True,
        added_tokens={},
        config={"architectures": [case.architecture]},
    )
    return SimpleNamespace(parsers=parsers, structured=checker)


async def adjusted(case: corpus.Case, checker: Checker) -> ChatCompletionRequest:
    messages = [{"role": "user", "content": "hi"}]
    request = decode_chat_completion_request(json.dumps({"messages": messages, **case.body}).encode())
    adjusting = chat_completions.adjust(frontend(case, checker), request)
    if adjusting is not None:
        await adjusting
    return request


async def said(case: corpus.Case, checker: Checker) -> Any:
    """What the request says to the engine, as the golden file has it."""
    try:
        request = await adjusted(case, checker)
        constraint = constraint_of(request.structured_outputs, request.response_format)
    except BadRequestError as error:
        return {"error": [error.message, error.type, error.param, error.status]}
    if constraint is None:
        return None
    found = {name: constraint[name] for name in MEMBERS if constraint.get(name) is not None}
    return found | ({"structural_tag": json.loads(tag)} if (tag := found.get("structural_tag")) else {})


def expected(name: str) -> Any:
    answer = GOLDEN[name]
    return GOLDEN[answer] if isinstance(answer, str) else answer


async def differing(names: list[str], checker: Checker) -> list[str]:
    return [name for name in names if json.dumps(await said(CASES[name], checker)) != json.dumps(expected(name))]


def test_the_file_has_every_case() -> None:
    """And no other."""
    assert list(GOLDEN) == list(CASES)


@needs_xgrammar
async def test_the_engine_hears_what_it_hears_from_vllm() -> None:
    """For every architecture, parser, format and choice the constraint is the same JSON, or the error the same."""
    with contextlib.closing(Checker(timeout=60)) as checker:
        assert await differing(list(CASES), checker) == ["schema of no grammar"]


async def test_schemas_need_no_xgrammar() -> None:
    """Where the client asks for no tools, nothing is asked of the helper."""
    nobody = Checker(command=("/nowhere",))
    assert await differing([name for name, case in CASES.items() if "tools" not in case.body], nobody) == []
    assert not nobody.is_blind


@needs_xgrammar
async def test_a_tool_that_has_no_grammar_is_the_clients_fault() -> None:
    """vLLM answers 500 with xgrammar's words."""
    with contextlib.closing(Checker(timeout=60)) as checker:
        message, *error = (await said(CASES["schema of no grammar"], checker))["error"]
    assert error == ["BadRequestError", "tools", 400]
    assert "Unsupported type" in message
    assert "Unsupported type" in expected("schema of no grammar")["error"][0]


@needs_xgrammar
@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "clock"}}])
async def test_calls_that_have_to_come_are_read_in_the_models_format(choice: Any) -> None:
    """Under the tag, or a tag of the client's; under a list of JSON they are read as that."""
    body = corpus.COMMON["named"] | {"tool_choice": choice}
    tagged = body | corpus.COMMON["tag"]
    as_json = body | corpus.MORE["format's tag"]
    with contextlib.closing(Checker(timeout=60)) as checker:
        for changed, own in ((body, True), (tagged, True), (as_json, False)):
            case = corpus.Case("Cohere2ForCausalLM", "both", changed)
            request = await adjusted(case, checker)
            parser = frontend(case, checker).parsers._tool_parser(request)
            assert (parser == "cohere_command3") is own, changed


@pytest.mark.parametrize(("parsers", "goes_on"), [("both", False), ("tools", True)])
async def test_a_schema_that_becomes_a_tag_is_not_for_the_express_lane(parsers: str, *, goes_on: bool) -> None:
    """Even if the bare one was judged before, for a completion; it stays bare where no parser adjusts the request."""
    body = {"messages": [{"role": "user", "content": "hi"}], **corpus.COMMON["object"]}
    model = Model.load(str(Path(__file__).parents[1] / "prompt" / "models" / "chatml"))
    with contextlib.closing(Checker(timeout=60)) as checker:
        made = frontend(corpus.Case("Cohere2ForCausalLM", parsers, body), checker)
        made.model = model
        request = decode_chat_completion_request(json.dumps(body).encode())
        await settle_constraints(checker, request, [lower_chat_sampling_params(request, model, 1)])
        learn = learner(made, decode_chat_completion_request, lower_chat_sampling_params, made.parsers.adjust)
        assert (learn(json.dumps(body).encode()) is not None) is goes_on


def test_a_model_that_names_no_architecture_keeps_its_json() -> None:
    """vLLM does not start with one: calls that have to come are a list, and schemas hold as they are."""
    made = AnswerParsers(
        reasoning_parser=None,
        tool_call_parser="cohere_command3",
        enable_auto_tool_choice=True,
        added_tokens={},
        config={},
    )
    request = ChatCompletionRequest(messages=[], **corpus.COMMON["required"])
    assert made.adjust(request) is None
    assert request.structured_outputs is not None
    assert list(request.structured_outputs) == ["json"]


@pytest.mark.parametrize(
    ("config", "architecture"),
    [
        ({}, None),
        ({"architectures": None}, None),
        ({"architectures": []}, None),
        ({"architectures": ["LlamaForCausalLM"]}, "LlamaForCausalLM"),
        ({"architectures": ["Unheard", "Cohere2ForCausalLM"]}, "Cohere2ForCausalLM"),
    ],
)
def test_the_architecture_is_the_one_that_vllm_takes(config: dict[str, Any], architecture: str | None) -> None:
    """The first of config.json's that it knows."""
    assert architecture_of(config) == architecture
