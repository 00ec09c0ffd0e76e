# SPDX-License-Identifier: Apache-2.0
"""Tool calls that are JSON, well-formed, at every split: as vLLM's own parsers read them (golden_json_tools.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.parsers.driving import Segment, at_every_split
from tests.parsers.json_corpus import FORMATS, SHARED_TOKENS, answers

GOLDEN: dict[str, dict[str, Any]] = json.loads(
    Path(__file__).with_name("golden_json_tools.json").read_text(encoding="utf-8")
)

KEPT = "text before calls goes out as it comes; vLLM's whole answer drops it, its stream does not"
LIST_IN_ARGUMENTS = "vLLM ends the list of calls at the first bracket of their arguments, and loses them all"
DEVIATIONS = {
    **{
        (name, f"parallel, {title}"): KEPT
        for name in ("llama3_json", "llama4_json", "phi4_mini_json")
        for title in ("text before", "lines before", "text after")
    },
    **{("phi4_mini_json", title): LIST_IN_ARGUMENTS for title in ("nested", "spacing", "lookalikes", "code")},
    ("xlam", "lookalikes"): "vLLM ends a code block at three backticks inside of a string, and finds no call",
    ("xlam, behind thinking", "parallel, blank before"): "spaces before a text that has gone out already",
    ("cohere_command3", "no arguments"): "vLLM's arguments are the empty string, which is no JSON",
    ("cohere_command4", "no arguments"): "vLLM's arguments are the empty string, which is no JSON",
}
"""Where fastfront's answer is another, and why (docs/compatibility.md)."""


def tokens_of(name: str) -> dict[str, int]:
    """A vocabulary as a model of this format has it."""
    return {token: number for number, token in enumerate((*SHARED_TOKENS, *FORMATS[name].tokens), 100)}


def parsed(name: str, text: str) -> dict[str, Any]:
    """The answer of the native parser, which is the same at every split."""
    message = at_every_split([Segment(text)], tool_parser=FORMATS[name].parser, special_tokens=tokens_of(name))
    return {"content": message["content"], "tool_calls": message["tool_calls"]}


@pytest.mark.parametrize("name", FORMATS)
def test_well_formed_answers_are_vllms(name):
    """At every split, content and calls are those of vLLM's whole answer."""
    assert GOLDEN[name].keys() == dict(answers(name)).keys(), "run make_golden_json_tools.py"
    for title, text in answers(name):
        if (name, title) not in DEVIATIONS:
            assert parsed(name, text) == GOLDEN[name][title], title


@pytest.mark.parametrize(("name", "title"), DEVIATIONS)
def test_deviations_keep_what_the_model_wrote(name, title):
    """Where vLLM's parser fails or drops text, the calls are there, and so is the text before them."""
    text = dict(answers(name))[title]
    message = parsed(name, text)
    assert message != GOLDEN[name][title], "no deviation any more"
    assert json.loads(message["tool_calls"][0]["arguments"]) is not None
    assert message["content"] == "" or text.startswith(message["content"])


@pytest.mark.parametrize("name", FORMATS)
def test_special_tokens_may_come_with_their_ids(name):
    """A special token is a push of its own with its id; the answer is the one of its text."""
    tokens = tokens_of(name)
    for title, text in answers(name):
        segments = [Segment(text)]
        for token, number in tokens.items():
            segments = [
                part
                for segment in segments
                for part in ([segment] if segment.token is not None else _cut_out(segment.text, token, number))
            ]
        message = at_every_split(segments, tool_parser=FORMATS[name].parser, special_tokens=tokens)
        assert {"content": message["content"], "tool_calls": message["tool_calls"]} == parsed(name, text), title


def _cut_out(text: str, token: str, number: int) -> list[Segment]:
    parts = text.split(token)
    segments = [Segment(parts[0])]
    for part in parts[1:]:
        segments += [Segment(token, number), Segment(part)]
    return [segment for segment in segments if segment.text]
