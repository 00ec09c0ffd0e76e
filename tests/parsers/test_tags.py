# SPDX-License-Identifier: Apache-2.0
"""Tool-call formats made of tags against what vLLM's parsers made of the same answers, at every split."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastfront._native import parse
from fastfront.output.tool_schemas import tool_schemas
from tests.parsers import corpus_tags as corpus

GOLDEN = json.loads((Path(__file__).parent / "golden" / "tags.json").read_text(encoding="utf-8"))
TOOLS = tool_schemas(corpus.TOOLS)

DIFFERENT = {
    # json.dumps writes numbers that no JSON has; here the text stays a string.
    "value_n_7": ("poolside_v1", "hy_v3", "hy_v4", "dots", "deepseek_v32", "deepseek_v4", "deepseek_v41", "step3"),
    "value_n_8": ("dots", "step3"),
    "value_a_5": ("poolside_v1", "hy_v3", "hy_v4", "dots", "deepseek_v32", "deepseek_v4", "deepseek_v41"),
    # vLLM drops a call of a function that the request does not have; here it stays content.
    "unknown_function": ("glm45", "glm47", "ling3", "minimax_m2"),
    # vLLM takes the first of several types, here a string may be anything.
    "value_either_0": ("dots",),
    # vLLM drops a parameter whose value has a "<".
    "code": ("step3",),
    "value_s_9": ("step3",),
}


def driven(parser: str, pushes: list[str], *, tools: bool) -> dict[str, Any]:
    """The message that these pushes give."""
    made = parse.Parser(tool_parser=parser, tools=TOOLS if tools else None)
    message: dict[str, Any] = {"content": "", "calls": []}
    for piece in [piece for text in pushes for piece in made.push(text)] + made.finish():
        if piece[0] == "call":
            message["calls"].append({"name": piece[2], "arguments": ""})
        elif piece[0] == "arguments":
            message["calls"][piece[1]]["arguments"] += piece[2]
        else:
            message["content"] += piece[1]
    return message | {"content": message["content"] or None}


def chunks(text: str, size: int) -> list[str]:
    """The text in pieces of that many characters."""
    return [text[at : at + size] for at in range(0, len(text), size)]


@pytest.mark.parametrize("parser", corpus.RENDER)
def test_whole_answers_are_vllms(parser: str) -> None:
    """Well-formed answers give what vLLM's whole answer holds, character for character."""
    for name, (text, tools) in corpus.answers(parser).items():
        same = driven(parser, [text], tools=tools) == GOLDEN[parser][name]
        assert same != (parser in DIFFERENT.get(name, ())), name


@pytest.mark.parametrize("parser", corpus.RENDER)
def test_splits_change_nothing(parser: str) -> None:
    """An answer gives the same message however it is cut: at each place once, and in pieces of one to five characters."""
    for name, (text, tools) in corpus.answers(parser).items():
        expected = driven(parser, [text], tools=tools)
        for size in (1, 2, 3, 5):
            assert driven(parser, chunks(text, size), tools=tools) == expected, (name, size)
        if name.startswith("value_"):
            continue
        for at in range(1, len(text)):
            assert driven(parser, [text[:at], text[at:]], tools=tools) == expected, (name, at)
