# SPDX-License-Identifier: Apache-2.0
"""What tools, tool_choice and formats say to the engine, against what vLLM 0.32 says for the same requests."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from fastfront.output import tool_choice
from fastfront.output.tool_strictness import LEVEL_OF, LEVELS, TAG_OF, Strictness, wrap_in_final_message
from fastfront.protocol.chat import ChatCompletionRequest, decode_chat_completion_request
from fastfront.protocol.response_format import constraint_of
from tests.parsers import corpus_structural_tags as corpus

GOLDEN = json.loads((Path(__file__).parent / "golden" / "structural_tags.json").read_text(encoding="utf-8"))
MEMBERS = ("json", "json_object", "regex", "choice", "grammar", "structural_tag")
STRICT, LOOSE = Strictness(), Strictness(enforced=False)


def decoded(body: dict[str, Any]) -> ChatCompletionRequest:
    return decode_chat_completion_request(
        json.dumps({"messages": [{"role": "user", "content": "hi"}], **body}).encode()
    )


def expected(parser: str, case: str) -> Any:
    answer = GOLDEN[parser][case]
    return GOLDEN[parser][answer] if isinstance(answer, str) else answer


def said(parser: str, case: str) -> Any:
    """What the request says to the engine, as the golden file has it."""
    level, body = corpus.cases(parser)[case]
    request = decoded(body)
    strictness = Strictness(LEVELS[level])
    if parser == "openai":
        wrap_in_final_message(request)
    if request.tool_choice != "none":
        fits = tool_choice.in_question(request, parser, strictness) is None or case != "beyond_xgrammar"
        tool_choice.constrain(request, parser, strictness, form_fits=fits or parser == "openai")
    constraint = constraint_of(request.structured_outputs, request.response_format)
    if constraint is None:
        return None
    found = {name: constraint[name] for name in MEMBERS if constraint.get(name) is not None}
    if "structural_tag" in found:
        found["structural_tag"] = json.loads(found["structural_tag"])
    return found


def test_every_parser_has_the_tag_and_level_that_vllm_gives_it() -> None:
    """The names, the levels, and who reads calls that have to come as JSON, with strict tool calling and without."""
    table = GOLDEN["parsers"]
    assert {name: row[0] for name, row in table.items() if row[0] is not None} == TAG_OF
    assert {name: row[3] for name, row in table.items() if row[3] is not None} == LEVEL_OF
    for column, strictness in ((1, STRICT), (2, LOOSE)):
        asked = decoded({"tools": [corpus.RICH], "tool_choice": "required"})
        as_json = {name for name in table if tool_choice.forced_parser(name, asked, strictness) == tool_choice.REQUIRED}
        # What a gpt-oss model says is never JSON alone.
        assert as_json == {name for name, row in table.items() if row[column]} - {"openai"}


@pytest.mark.parametrize("parser", corpus.PARSERS)
def test_the_engine_hears_what_it_hears_from_vllm(parser: str) -> None:
    """For every choice, strictness, level and format, the constraint is the same JSON."""
    for case in corpus.cases(parser):
        assert json.dumps(said(parser, case)) == json.dumps(expected(parser, case)), case


def test_a_request_keeps_its_tools() -> None:
    """Building a tag changes nothing in the request's own tools."""
    request = decoded({"tools": [corpus.RICH], "tool_choice": "required"})
    before = copy.deepcopy(request.tools)
    for parser in TAG_OF:
        tool_choice.constrain(request, parser, STRICT)
    assert request.tools == before
