# SPDX-License-Identifier: Apache-2.0
"""Tool calls that are JSON, well-formed, at every split: as vLLM's own parsers read them (golden/json_tools.json)."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from fastfront.sim import MODEL_PATH
from tests.parsers.driving import Segment, at_every_split, driven, whole
from tests.parsers.json_corpus import FORMATS, SHARED_TOKENS, answers

GOLDEN: dict[str, dict[str, Any]] = json.loads(
    (Path(__file__).parent / "golden" / "json_tools.json").read_text(encoding="utf-8")
)

KEPT = "text before calls goes out as it comes; vLLM's whole answer drops it, its stream does not"
LIST_IN_ARGUMENTS = "vLLM ends the list of calls at the first bracket of their arguments, and loses them all"
NOTHING = "arguments that are empty or no object are nothing to cohere_melody: the empty string, which is no JSON"
DEVIATIONS = {
    **{
        (name, f"parallel, {title}"): KEPT
        for name in ("llama3_json", "llama4_json", "phi4_mini_json")
        for title in ("text before", "lines before", "text after")
    },
    **{
        ("phi4_mini_json", title): LIST_IN_ARGUMENTS
        for title in ("nested", "spacing", "lookalikes", "code", "swapped", "list")
    },
    ("xlam", "lookalikes"): "vLLM ends a code block at three backticks inside of a string, and finds no call",
    ("xlam, behind thinking", "parallel, blank before"): "spaces before a text that has gone out already",
    **{
        (name, title): NOTHING
        for name in ("cohere_command3", "cohere_command4")
        for title in ("no arguments", "swapped", "string", "null", "list", "number")
    },
}
"""Where fastfront's answer is another, and why (docs/compatibility.md)."""

NO_CALLS = {
    **{
        (name, title): "arguments behind a name begin with a brace, or this is no call"
        for name in ("mistral, names", "deepseek_v3", "deepseek_v31", "kimi_k2")
        for title in ("string", "null", "list", "number")
    },
    **{
        ("gigachat3, in words", title): "the token that ends the text before a call is never text"
        for title in ("string", "null", "list", "number")
    },
    **{
        (name, "swapped"): "a bare object with an object among its members does not look like a call"
        for name in ("llama3_json", "llama4_json")
    },
    **{
        ("json:required", title): "vLLM drops an answer that is not what was required"
        for title in ("string", "list", "number")
    },
}
"""Where vLLM finds calls, or drops the text, and fastfront answers with the text (docs/compatibility.md)."""


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
        if (name, title) not in DEVIATIONS.keys() | NO_CALLS.keys():
            assert parsed(name, text) == GOLDEN[name][title], title


@pytest.mark.parametrize(("name", "title"), DEVIATIONS)
def test_deviations_keep_what_the_model_wrote(name, title):
    """Where vLLM's parser fails or drops text, the calls are there, and so is the text before them."""
    text = dict(answers(name))[title]
    message = parsed(name, text)
    assert message != GOLDEN[name][title], "no deviation any more"
    json.loads(message["tool_calls"][0]["arguments"])
    assert message["content"] == "" or text.startswith(message["content"])


@pytest.mark.parametrize(("name", "title"), NO_CALLS)
def test_what_is_no_call_comes_back_as_content(name, title):
    """All of the text, once."""
    text = dict(answers(name))[title]
    message = parsed(name, text)
    assert message != GOLDEN[name][title], "no deviation any more"
    assert message == {"content": text.replace("<|message_sep|>", ""), "tool_calls": []}


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
        options: dict[str, Any] = {"tool_parser": FORMATS[name].parser, "special_tokens": tokens}
        assert whole(segments, **options) == whole([Segment(text)], **options), title


@pytest.mark.parametrize("name", FORMATS)
def test_token_splits_change_nothing(name):
    """Pushed token by token of a real tokenizer, the answer is the one of the whole text."""
    tokenizer = Tokenizer.from_file(str(MODEL_PATH / "tokenizer.json"))
    options: dict[str, Any] = {"tool_parser": FORMATS[name].parser, "special_tokens": tokens_of(name)}
    for title, text in answers(name):
        ends = [end for _, end in tokenizer.encode(text, add_special_tokens=False).offsets]
        pieces = [Segment(text[begin:end]) for begin, end in pairwise([0, *ends, len(text)]) if begin < end]
        assert driven(pieces, **options) == whole([Segment(text)], **options), title


def _cut_out(text: str, token: str, number: int) -> list[Segment]:
    parts = text.split(token)
    segments = [Segment(parts[0])]
    for part in parts[1:]:
        segments += [Segment(token, number), Segment(part)]
    return [segment for segment in segments if segment.text]
