# SPDX-License-Identifier: Apache-2.0
"""gpt-oss's Harmony format against what vLLM's HarmonyParser made of the same answers, at every split."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from fastfront._native import parse
from fastfront.output.tool_schemas import tool_schemas
from tests.parsers import corpus_harmony as corpus
from tests.parsers.driving import Segment, Segments, at_every_split
from tests.reference import harmony as reference

GOLDEN = json.loads((Path(__file__).parent / "golden" / "harmony.json").read_text(encoding="utf-8"))
IDS = {marker: 200_000 + number for number, marker in enumerate(corpus.MARKERS)}
TOOLS = tool_schemas([{"type": "function", "function": {"name": "f"}}])
PARSERS = {
    "both": {"reasoning_parser": "openai_gptoss", "tool_parser": "openai", "tools": TOOLS},
    "reasoning": {"reasoning_parser": "openai_gptoss"},
    "tools": {"tool_parser": "openai", "tools": TOOLS},
}

MARKER_IDS = {
    "<|channel|>analysis<|message|>": [200005, 35644, 200008],
    "<|end|>": [200007],
    "<|call|>": [200012],
    "<|return|>": [200002],
}
"""As gpt-oss spells what the counter goes by."""

HI = "Hi “you”."
DIFFERENT: dict[str, dict[str, Any]] = {
    # vLLM drops what it does not understand; here it is content.
    "to_assistant": {"content": "x"},
    "no_channel": {"content": "Hi"},
    "unknown_channel": {"content": "Hi"},
    "empty_channel": {"content": f"<|channel|><|message|>Hi\n{HI}"},
    "words_in_header": {"content": "<|channel|>final and some words<|message|>Hi"},
    "text_between": {"content": "a\njunk\nb"},
    "unknown_role": {"content": f"<|start|>foo<|channel|>final<|message|>{HI}"},
    "no_role": {"content": f"<|start|><|channel|>final<|message|>{HI}"},
    "two_recipients": {"content": "<|channel|>commentary to=functions.f to=functions.g<|message|>{}"},
    "type_apart": {"content": "<|channel|>commentary to=functions.f <|constrain|> json<|message|>{}"},
    # vLLM drops the model's own tools' input, but counts it as reasoning.
    "browser": {"reasoning": "search"},
    # vLLM takes the type for a function's name.
    "type_without_recipient": {"content": '{"a":1}', "calls": []},
}
DIFFERENT_ARGUMENTS = {
    # A stream has written the beginning as JSON before it turns out to be none.
    "json_cut_off": '{"city": "Par',
    "json_and_more": '{"a": 1} and more',
    "json_broken": '{"a": 1, ,}',
    # ... and a member's value before the member comes again.
    "double_member": '{"a": 1, "a": 2}',
}


def segments(text: str, *, tokens: bool) -> Segments:
    if not tokens:
        return [Segment(text)]
    parts = re.split(f"({'|'.join(map(re.escape, IDS))})", text)
    return [Segment(part, IDS.get(part)) for part in parts if part]


def message(text: str, which: str = "both", *, tokens: bool = True) -> dict[str, Any]:
    made = at_every_split(segments(text, tokens=tokens), special_tokens=IDS if tokens else {}, **PARSERS[which])
    calls = [{"name": call["name"], "arguments": call["arguments"]} for call in made["tool_calls"]]
    return {"reasoning": made["reasoning"] or None, "content": made["content"] or None, "calls": calls}


def expected(name: str, which: str) -> dict[str, Any]:
    found = {key: GOLDEN[name][which][key] for key in ("reasoning", "content", "calls")}
    changed = DIFFERENT.get(name, {})
    found |= {key: value for key, value in changed.items() if key != "reasoning" or which != "tools"}
    if name in DIFFERENT_ARGUMENTS and which != "reasoning":
        found["calls"] = [{"name": "f", "arguments": DIFFERENT_ARGUMENTS[name]}]
    return found


@pytest.mark.parametrize("which", PARSERS)
@pytest.mark.parametrize("tokens", [True, False])
def test_answers_are_vllms(which: str, tokens: bool) -> None:
    """With both parsers and with one; with markup as special tokens and spelled."""
    for name, text in corpus.ANSWERS.items():
        assert message(text, which, tokens=tokens) == expected(name, which), name


def test_what_differs_does_differ() -> None:
    """No exception is listed that is none."""
    for name in (*DIFFERENT, *DIFFERENT_ARGUMENTS):
        assert expected(name, "both") != {key: GOLDEN[name]["both"][key] for key in ("reasoning", "content", "calls")}


def test_the_reference_agrees() -> None:
    """The slow reading of every answer is the fast one's, but for broken JSON."""
    for name, text in corpus.ANSWERS.items():
        if name not in DIFFERENT_ARGUMENTS:
            assert reference.message_of(text) == message(text, tokens=False), name


def test_random_markup_is_read_as_the_reference_reads_it() -> None:
    """Markers, names and text in any order, from a seed that the failure prints."""
    seed = random.randrange(2**32)
    chosen = random.Random(seed)
    words = [
        *corpus.MARKERS,
        "assistant",
        "user",
        "final",
        "analysis",
        "commentary",
        " to=functions.f",
        " json",
        " ",
        "\n",
    ]
    words += [
        "x",
        "é",
        "<|",
        "end",
        "<|channel|>final<|message|>",
        "<|channel|>analysis<|message|>",
        "<|start|>assistant",
    ]
    for _ in range(300):
        text = "".join(chosen.choices(words, k=chosen.randrange(1, 14)))
        made = message(text, tokens=False)
        calls = [{**call, "arguments": call["arguments"].strip()} for call in made["calls"]]
        slow = reference.message_of(text)
        slow_calls = [{**call, "arguments": call["arguments"].strip()} for call in slow["calls"]]
        assert made | {"calls": calls} == slow | {"calls": slow_calls}, (seed, text)


def test_thinking_is_counted() -> None:
    """The tokens on the analysis channel are reasoning; vLLM counts those of calls, too."""
    for name, text in corpus.ANSWERS.items():
        if "commentary" in text or name in ("on_analysis", "python"):
            continue
        counter = parse.ReasoningCounter("openai_gptoss", MARKER_IDS, thinking=parse.THINKING_CLOSED)
        for token in GOLDEN[name]["both"]["token_ids"]:
            counter.push(token)
        assert counter.count == GOLDEN[name]["both"]["reasoning_tokens"], name


def test_a_header_has_a_bound() -> None:
    """Text that could still become a header is not kept for ever."""
    text = "x" * 5000
    assert message(text, tokens=True) == {"reasoning": None, "content": text, "calls": []}
    text = "<|channel|>" * 200
    assert message(text, tokens=True)["content"] == text
