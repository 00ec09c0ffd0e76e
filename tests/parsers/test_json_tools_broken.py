# SPDX-License-Identifier: Apache-2.0
"""Tool calls that are JSON, malformed, cut off, or only looking like calls: nothing is lost, nothing comes twice, and
the slow and obvious version (tests/reference/json_tools.py) agrees.
"""

from __future__ import annotations

import random
import sys
from typing import Any

import pytest

from fastfront._native.parse import Parser, ToolSchemas
from tests.parsers.driving import Segment, at_every_split, whole
from tests.parsers.json_corpus import FORMATS, SHARED_TOKENS, answers
from tests.reference.json_formats import RULES
from tests.reference.json_tools import parse

PIECES = (
    *'{}[]",:\\\n -',
    "<tool_call>",
    "</tool_call>",
    "```",
    "[TOOL_CALLS]",
    "[ARGS]",
    '"name"',
    '"arguments": ',
    '"parameters": null',
    '"arguments": "{}"',
    '{"name": "g", "arguments": {}}',
    '"id": "x", ',
    "tru",
    "NaN",
    "1.5",
    "01",
    "\\u12",
    "\\ud83d",
    "\u3000",
    "é",
    "助手：",
    "<|message_sep|>",
)
"""What mutations put into answers, besides the format's own markup."""


def options_of(name: str) -> dict[str, Any]:
    """How a format's parser is made."""
    tokens = (*SHARED_TOKENS, *FORMATS[name].tokens)
    return {
        "tool_parser": FORMATS[name].parser,
        "special_tokens": {token: number for number, token in enumerate(tokens, 100)},
    }


def rules_of(name: str) -> str:
    """The format's name in the reference."""
    return name if name in RULES else FORMATS[name].parser


def as_reference(message: Any) -> tuple[str, list[tuple[str, str, str]]]:
    """A message in the reference's form."""
    return message["content"], [(call["name"], call["id"], call["arguments"]) for call in message["tool_calls"]]


def hermes(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Content and calls (name, arguments) of a hermes answer, the same at every split."""
    content, calls = as_reference(at_every_split([Segment(text)], **options_of("hermes")))
    return content, [(name, arguments) for name, _, arguments in calls]


@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        '{"name": f, "arguments": {}}',
        '{"name": "f", "arguments": [1}',
        '{"arguments": {}}',
        '{"name": "f"}',
        '{"name": 1, "arguments": {}}',
        '{"name": "f" "arguments": {}}',
        '[{"name": "f", "arguments": {}}]',
        "",
    ],
)
def test_a_malformed_call_is_content(body):
    """All of it, markup included, once and in its place."""
    text = f"before <tool_call>{body}</tool_call> after"
    assert hermes(text) == (text, [])


def test_a_call_behind_a_malformed_one_is_read():
    """Its markup begins a call again."""
    bad, good = "<tool_call>{bad}</tool_call>", '<tool_call>{"name": "f", "arguments": {}}</tool_call>'
    assert hermes(bad + good) == (bad, [("f", "{}")])
    assert hermes(f"<tool_call>{good}") == ("<tool_call>", [("f", "{}")])


def test_a_malformed_call_behind_a_good_one_is_content():
    """The good one has gone out already; what follows the malformed one is not dropped either."""
    good = '<tool_call>{"name": "f", "arguments": {}}</tool_call>'
    assert hermes(f"{good}\n<tool_call>{{bad}}</tool_call> end") == ("<tool_call>{bad}</tool_call> end", [("f", "{}")])


def test_arguments_that_break_end_where_they_break():
    """What has gone out stays; the rest of the text is content."""
    assert hermes('<tool_call>{"name": "f", "arguments": {"a": 1, b}}</tool_call>') == (
        "b}}</tool_call>",
        [("f", '{"a": 1, ')],
    )
    assert hermes('<tool_call>{"name": "f", "arguments": {"a": nul}}</tool_call>') == (
        "nul}}</tool_call>",
        [("f", '{"a": ')],
    )


def test_too_many_braces_are_content():
    """A model's most common slip does not undo its call."""
    assert hermes('<tool_call>{"name": "f", "arguments": {}}}</tool_call>') == ("}</tool_call>", [("f", "{}")])


def test_an_end_in_a_string_ends_nothing():
    """The format's markup may be an argument."""
    arguments = '{"html": "</tool_call><tool_call>"}'
    assert hermes(f'<tool_call>{{"name": "f", "arguments": {arguments}}}</tool_call>') == ("", [("f", arguments)])


def test_markup_that_is_none_is_content():
    """What begins like markup and goes on otherwise."""
    text = "a <tool_cal> b <tool_ call> c </tool_call> <<tool_cal"
    assert hermes(text) == (text, [])


def test_a_call_cut_off_keeps_what_was_written():
    """Before its arguments begin it is content, then a call with what there is of its arguments."""
    assert hermes('hi <tool_call>{"name": "f", "argu') == ('hi <tool_call>{"name": "f", "argu', [])
    assert hermes('hi <tool_call>{"name": "f", "arguments": {"a": 12') == ("hi ", [("f", '{"a": 12')])
    assert hermes('hi <tool_call>{"name": "f", "arguments": {"a": "\\u00') == ("hi ", [("f", '{"a": "\\u00')])
    assert hermes('hi <tool_call>{"name": "f", "arguments": {"a": 1}}</tool_c') == ("hi ", [("f", '{"a": 1}')])


def test_arguments_before_the_name_wait_for_it():
    """A call is announced when both are there."""
    assert hermes('<tool_call>{"arguments": {"a": 1}, "name": "f"}</tool_call>') == ("", [("f", '{"a": 1}')])
    text = '<tool_call>{"arguments": {"a": 1}, "na'
    assert hermes(text) == (text, [])


def test_json_that_is_no_call_is_content():
    """A llama answers with JSON that a user asked for."""
    for text in ('{"answer": 42, "list": [1]}', '{"name": "Bob", "age": 5}', "[1, 2]", "f(x) { return [y]; }"):
        assert as_reference(at_every_split([Segment(text)], **options_of("llama3_json"))) == (text, [])


def test_a_named_function_gets_the_whole_answer():
    """tool_choice names a function: the text is its arguments, as it stands; nothing but spaces is no call."""
    tools = ToolSchemas([("get_weather", (64, [], None), ())])
    options: dict[str, Any] = {"tool_parser": "json:named", "tools": tools}
    text = ' {"city":"Paris"} \n'
    assert as_reference(at_every_split([Segment(text)], **options)) == ("", [("get_weather", "", text)])
    assert as_reference(at_every_split([Segment(" \n ")], **options)) == ("", [])


def test_what_is_not_as_required_is_content():
    """tool_choice is "required" and the answer is something else: vLLM drops it, here it is content."""
    for text in ("I cannot.", '{"name": "f"}', '[{"name": "f", "parameters": 5}]', '[{"name"', "[1]"):
        assert as_reference(at_every_split([Segment(text)], tool_parser="json:required")) == (text, [])
    assert as_reference(at_every_split([Segment("[]")], tool_parser="json:required")) == ("", [])


def test_blocks_behind_the_first_are_calls():
    """vLLM reads the first block of these formats only."""
    block = '<tool_calls>[{"name": "f", "arguments": {}}]</tool_calls>'
    _, calls = as_reference(at_every_split([Segment(block * 2)], **options_of("jamba")))
    assert calls == [("f", "", "{}")] * 2


def test_arguments_stream_as_they_come():
    """No push of a long argument passes without its part of the arguments."""
    parser = Parser(**options_of("hermes"))
    parser.push('<tool_call>{"name": "f", "arguments": {"text": "')
    for word in ("one ", "two ", "three "):
        assert parser.push(word) == [("arguments", 0, word)]


@pytest.mark.parametrize("name", FORMATS)
def test_cut_off_anywhere(name):
    """Truncated at every length, the answer is the reference's."""
    texts = dict(answers(name))
    for title in ("numbers", "escapes", "swapped", "parallel, between"):
        text = texts.get(title, "")
        for size in range(len(text)):
            message = whole([Segment(text[:size])], **options_of(name))
            assert as_reference(message) == parse(rules_of(name), text[:size]), text[:size]


def mutated(text: str, pieces: list[str], chance: random.Random) -> str:
    """A text that is a little different: something put in, taken out, moved, or cut off."""
    for _ in range(chance.choice([1, 1, 1, 2, 3, 5])):
        at = chance.randrange(len(text) + 1)
        way = chance.random()
        if way < 0.4:
            text = text[:at] + chance.choice(pieces) + text[at:]
        elif way < 0.7:
            text = text[:at] + text[at + chance.choice([1, 1, 2, 5, 10]) :]
        elif way < 0.8:
            text = text[:at]
        else:
            other = chance.randrange(len(text) + 1)
            text = text[:at] + text[other : other + chance.choice([1, 5, 20])] + text[at:]
    return text


@pytest.mark.parametrize("name", FORMATS)
def test_mutations(name):
    """Whatever a model writes, every split gives what the reference reads in the whole."""
    seed = random.randrange(2**32)
    sys.stdout.write(f"seed {seed}\n")
    chance = random.Random(seed)
    rules = RULES[rules_of(name)]
    markup = [*rules.begins, *rules.ends, *rules.around, *rules.separators, *rules.silent, *rules.spoken]
    texts = [text for _, text in answers(name)]
    for number in range(100):
        text = mutated(chance.choice(texts), [*PIECES, *markup * 3], chance)
        segments = [Segment(text)]
        message = (whole if number % 10 else at_every_split)(segments, **options_of(name))
        assert as_reference(message) == parse(rules_of(name), text), text
