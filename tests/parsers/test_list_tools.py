# SPDX-License-Identifier: Apache-2.0
"""Tool calls that are Python calls, well-formed, at every split: as vLLM's own parsers read them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from fastfront._native.parse import Parser
from fastfront.sim import MODEL_PATH
from tests.parsers.driving import Message, Segment, Segments, at_every_split, driven, whole
from tests.parsers.list_corpus import FORMATS, TOKENS, answers

GOLDEN: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "golden" / "list_tools.json").read_text(encoding="utf-8")
)
SPECIAL = {token: number for number, token in enumerate(TOKENS, 100)}


def options_of(name: str) -> dict[str, Any]:
    """How a format's parser is made."""
    return {"tool_parser": FORMATS[name].parser, "special_tokens": SPECIAL}


def shown(message: Message) -> dict[str, Any]:
    """A message as the golden file has it."""
    return {"content": message["content"], "tool_calls": message["tool_calls"]}


def with_tokens(text: str) -> Segments:
    """The text with its special tokens as pushes of their own."""
    segments = [Segment(text)]
    for token, number in SPECIAL.items():
        cut: Segments = []
        for segment in segments:
            if segment.token is not None:
                cut.append(segment)
                continue
            first, *rest = segment.text.split(token)
            cut.append(Segment(first))
            for part in rest:
                cut += [Segment(token, number), Segment(part)]
        segments = [segment for segment in cut if segment.text]
    return segments


@pytest.mark.parametrize("name", FORMATS)
def test_well_formed_answers_are_vllms(name):
    """At every split, content and calls are those of vLLM's whole answer."""
    assert GOLDEN[name].keys() == dict(answers(name)).keys(), "run make_golden_list_tools.py"
    for title, text in answers(name):
        assert shown(at_every_split([Segment(text)], **options_of(name))) == GOLDEN[name][title], title


@pytest.mark.parametrize("name", FORMATS)
def test_special_tokens_may_come_with_their_ids(name):
    """A special token is a push of its own with its id; the answer is the one of its text."""
    for title, text in answers(name):
        assert shown(whole(with_tokens(text), **options_of(name))) == GOLDEN[name][title], title


@pytest.mark.parametrize("name", FORMATS)
def test_token_splits_change_nothing(name):
    """Pushed token by token of a real tokenizer, the answer is the one of the whole text."""
    tokenizer = Tokenizer.from_file(str(MODEL_PATH / "tokenizer.json"))
    for title, text in answers(name):
        ends = [end for _, end in tokenizer.encode(text, add_special_tokens=False).offsets]
        pieces = [Segment(text[begin:end]) for begin, end in pairwise([0, *ends, len(text)]) if begin < end]
        assert shown(driven(pieces, **options_of(name))) == GOLDEN[name][title], title


@pytest.mark.parametrize("name", FORMATS)
def test_strings_go_out_as_they_come(name):
    """Every character of a string argument is in the pieces of its own push, the name before."""
    text = FORMATS[name].render(["say(text='Hello')"])
    parser = Parser(**options_of(name))
    written = [[piece for piece in parser.push(c) if piece[0] in ("call", "arguments")] for c in text]
    begin = text.index("'Hello'")
    assert written[begin - 1] == [("call", 0, "say", "")]
    assert written[begin] == [("arguments", 0, '{"text": "')]
    assert written[begin + 1 : begin + 6] == [[("arguments", 0, c)] for c in "Hello"]
