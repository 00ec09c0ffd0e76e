# SPDX-License-Identifier: Apache-2.0
"""Answers read by a model's response template (`hf`, `beam`), at every split: as vLLM's own parser reads them."""

from __future__ import annotations

import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from fastfront._native import parse
from fastfront.output.response_template import ResponseTemplate
from fastfront.output.tool_schemas import tool_schemas
from fastfront.sim import MODEL_PATH
from tests.parsers.driving import Message, Segment, at_every_split, driven, whole
from tests.parsers.template_corpus import BROKEN, CASES, TEMPLATES, TOOLS, Case
from tests.reference.response_template import unread

GOLDEN: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "golden" / "response_templates.json").read_text(encoding="utf-8")
)
NATIVE = {
    name: ResponseTemplate(template, ["hf"], reasoning=False, tools=True).native for name, template in TEMPLATES.items()
}


PARTS = re.compile(r"</?[^>]*>|\w+|\W")
"""What random answers are made of."""


def fields_of(name: str) -> dict[str, Any]:
    """A template's fields, and the one that takes what is left where it has none of its own."""
    fields = TEMPLATES[name]["fields"]
    is_whole = "content" in fields or not all("open" in field or "open_pattern" in field for field in fields.values())
    return fields if is_whole else fields | {"content": {}}


def expression(letters: random.Random, depth: int) -> str:
    """A random regular expression that matches something."""
    atoms = ["a", "b", "a", r"\n", r"\s", r"\w", r"\d", "[ab]", "[^a]", ".", "^", "$", r"\b", r"\B", r"\Z", "é"]
    parts = []
    for _ in range(letters.randrange(1, 4)):
        part = letters.choice(atoms)
        if depth > 0 and letters.random() < 0.3:
            part = f"(?:{expression(letters, depth - 1)}|{expression(letters, depth - 1)})"
        if part not in ("^", "$", r"\b", r"\B", r"\Z") and letters.random() < 0.4:
            part += letters.choice(["*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{,2}?"])
        parts.append(part)
    return "".join(parts)


def prefix_of(case: Case) -> str:
    """What of the prompt belongs to the answer."""
    template = ResponseTemplate(TEMPLATES[case.template], ["hf"], reasoning=False, tools=True)
    return template.prefix([0], lambda _: case.prefix)


def options_of(case: Case, *, tools: bool = True, reasoning: bool = True) -> dict[str, Any]:
    """How the case's parser is made."""
    return {
        "reasoning_parser": "hf" if reasoning else None,
        "tool_parser": "hf" if tools or not reasoning else None,
        "tools": tool_schemas(TOOLS) if tools else None,
        "response_template": NATIVE[case.template],
        "prefix": prefix_of(case),
    }


def at_each_split(case: Case, **options: Any) -> Message:
    """The message, however the answer is cut."""
    return at_every_split([Segment(case.text)], **options_of(case, **options))


def test_the_golden_data_is_of_this_corpus():
    """Neither has a case that the other has not."""
    assert GOLDEN.keys() == (CASES | BROKEN).keys(), "run make_golden_response_templates.py"


@pytest.mark.parametrize("title", CASES)
def test_well_formed_answers_are_vllms(title):
    """At every split, thinking, content and calls are those of vLLM's whole answer."""
    assert at_each_split(CASES[title]) == GOLDEN[title]["tools"]


@pytest.mark.parametrize("title", CASES | BROKEN)
def test_calls_that_nobody_looks_for_are_content(title):
    """As the model wrote them, markup included: as vLLM has it."""
    assert at_each_split((CASES | BROKEN)[title], tools=False) == GOLDEN[title]["no tools"]


@pytest.mark.parametrize("title", CASES | BROKEN)
def test_without_a_reasoning_parser_thinking_is_content(title):
    """In its place; the rest is the same."""
    case = (CASES | BROKEN)[title]
    with_both, calls_only = at_each_split(case), at_each_split(case, reasoning=False)
    assert calls_only["tool_calls"] == with_both["tool_calls"]
    assert len(calls_only["content"]) == len(with_both["content"]) + len(with_both["reasoning"])


@pytest.mark.parametrize("title", BROKEN)
def test_a_malformed_call_is_content(title):
    """Once and in its place, markup included; calls before and behind it stay, as vLLM has them."""
    message = at_each_split(BROKEN[title])
    assert message["tool_calls"] == GOLDEN[title]["tools"]["tool_calls"]
    if title != "no JSON":
        assert message["content"] == BROKEN[title].text
    else:
        assert message["content"] == "a<tool_call>{</tool_call>bc"


@pytest.mark.parametrize("title", CASES | BROKEN)
def test_the_prompt_tells_whether_thinking_has_ended(title):
    """As vLLM tells its engine, with thinking on and off."""
    case = (CASES | BROKEN)[title]
    ended = [NATIVE[case.template].has_thinking_ended(prefix_of(case), is_thinking_off=off) for off in (False, True)]
    assert ended == GOLDEN[title]["ended"]


def test_arguments_go_out_as_they_come():
    """Plain JSON streams; what waits for its type goes out when it is complete."""
    parser = parse.Parser(**options_of(CASES["one call"]))
    seen = [parser.push(part) for part in ('<tool_call>{"name": "get_weather", "arg', 'uments": {"city": "Pa', 'ris"')]
    assert seen == [
        [],
        [("call", 0, "get_weather", ""), ("arguments", 0, '{"city": "Pa')],
        [("arguments", 0, 'ris"')],
    ]
    assert parser.push(', "days": "') == [("arguments", 0, ', "days": ')]
    assert parser.push('3", "x": ') == [("arguments", 0, '3, "x": ')]


@pytest.mark.parametrize(
    ("text", "arguments", "content"),
    [
        ('{"name": "now", "arguments": {"a": 1}, "x": 2}', '{"a": 1}', ""),
        ('{"name": "now", "arguments": {"a": 1}} and', '{"a": 1}', " and</tool_call>"),
        ('{"name": "now", "arguments": {"a": 1,}', '{"a": 1, ', "}</tool_call>"),
        ('{"name": "get_weather", "arguments": {"days": "3', '{"days": "3', ""),
    ],
)
def test_a_call_that_has_gone_out_keeps_what_came_before(text, arguments, content):
    """The rest of a region that turns out to be no call is content."""
    case = Case("json", f"<tool_call>{text}</tool_call>" if content or text.endswith("2}") else f"<tool_call>{text}")
    message = at_each_split(case)
    assert [call["arguments"] for call in message["tool_calls"]] == [arguments]
    assert message["content"] == content


@pytest.mark.parametrize("name", TEMPLATES)
def test_random_answers_are_as_the_reference_reads_them(name):
    """Whole and character by character, with nobody looking for calls; with calls, both are the same message."""
    seed = random.randrange(sys.maxsize)
    print(f"seed {seed}")
    letters = random.Random(seed)
    fields = fields_of(name)
    parts = sorted({part for case in CASES.values() if case.template == name for part in PARTS.findall(case.text)})
    for _ in range(150):
        text = "".join(letters.choices([*parts, "<", " ", "\n", "x", "é", '"', "{}"], k=letters.randrange(24)))
        case = Case(name, text)
        message = whole([Segment(text)], **options_of(case, tools=False))
        assert {kind: message[kind] for kind in ("reasoning", "content")} == unread(fields, text), text
        assert driven([Segment(c) for c in text], **options_of(case, tools=False)) == message, text
        both = whole([Segment(text)], **options_of(case))
        assert driven([Segment(c) for c in text], **options_of(case)) == both, text


def test_random_expressions_match_as_pythons_re():
    """Regions between random regular expressions, of random texts, are those of `re`."""
    seed = random.randrange(sys.maxsize)
    print(f"seed {seed}")
    letters = random.Random(seed)
    for _ in range(400):
        fields = {"thinking": {"open_pattern": expression(letters, 3), "close_pattern": expression(letters, 3)}}
        try:
            native = parse.ResponseTemplate(json.dumps({"fields": fields | {"content": {}}}))
        except ValueError:  # repetition of what may be empty
            continue
        options = {"reasoning_parser": "hf", "response_template": native}
        for _ in range(8):
            text = "".join(letters.choices("aab\n é1", k=letters.randrange(14)))
            expected = unread(fields | {"content": {}}, text)
            for pushes in ([Segment(text)], [Segment(c) for c in text]):
                message = driven(pushes, **options)
                assert {kind: message[kind] for kind in expected} == expected, (fields, text)


def test_token_splits_of_a_real_tokenizer():
    """Answers cut as a model writes them are read alike."""
    tokenizer = Tokenizer.from_file(str(MODEL_PATH / "tokenizer.json"))
    for title, case in CASES.items():
        encoding = tokenizer.encode(case.text, add_special_tokens=False)
        pushes = [Segment(case.text[begin:end]) for begin, end in encoding.offsets]
        if "".join(push.text for push in pushes) == case.text:
            assert driven(pushes, **options_of(case)) == GOLDEN[title]["tools"], title
