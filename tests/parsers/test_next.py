# SPDX-License-Identifier: Apache-2.0
"""The formats that vLLM 0.33 adds, at every split: as its own parsers read them, by token and by text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from fastfront.output.tool_schemas import tool_schemas
from tests.parsers.corpus_next import ANSWERS, TOKENS
from tests.parsers.corpus_tags import TOOLS
from tests.parsers.driving import Segment, Segments, at_every_split

GOLDEN: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "golden" / "vllm_0_33.json").read_text(encoding="utf-8")
)
EACH = [(name, title) for name, answers in ANSWERS.items() for title in answers]


def with_tokens(name: str, text: str) -> Segments:
    """The text with its special tokens as pushes of their own."""
    ids = {token: number for number, token in enumerate(TOKENS[name], 100)}
    parts = re.split("({})".format("|".join(map(re.escape, ids))), text)
    return [Segment(part, ids.get(part)) for part in parts if part]


def options_of(name: str) -> dict[str, Any]:
    """How the parsers are made."""
    return {"reasoning_parser": name, "tool_parser": name, "tools": tool_schemas(TOOLS)}


def test_the_golden_data_is_of_this_corpus():
    """Neither has a case that the other has not."""
    assert {name: list(answers) for name, answers in ANSWERS.items()} == {
        name: list(answers) for name, answers in GOLDEN.items()
    }, "run make_golden_next.py"


@pytest.mark.parametrize(("name", "title"), EACH)
def test_answers_are_vllms(name, title):
    """Thinking, content and calls are those of vLLM's whole answer, however the text is cut."""
    assert at_every_split([Segment(ANSWERS[name][title])], **options_of(name)) == GOLDEN[name][title]


@pytest.mark.parametrize(("name", "title"), EACH)
def test_special_tokens_come_with_their_ids(name, title):
    """The same where the vocabulary has the markup as tokens."""
    tokens = {token: number for number, token in enumerate(TOKENS[name], 100)}
    message = at_every_split(with_tokens(name, ANSWERS[name][title]), **options_of(name), special_tokens=tokens)
    assert message == GOLDEN[name][title]


def test_musespark1x_is_muse():
    """Another name of the same format."""
    for title, text in ANSWERS["muse"].items():
        assert at_every_split([Segment(text)], **options_of("musespark1x")) == GOLDEN["muse"][title]
