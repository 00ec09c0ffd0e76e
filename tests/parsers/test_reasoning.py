# SPDX-License-Identifier: Apache-2.0
"""The native reasoning parsers give what vLLM's whole answers say (golden_reasoning.json), by id and by text."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

import pytest

from fastfront._native import parse
from fastfront.output.reasoning import thinking_of
from tests.parsers.deviations import COUNT_DEVIATIONS, DEVIATIONS
from tests.parsers.driving import Segment, at_every_split, driven
from tests.reference import reasoning as reference

GOLDEN = json.loads((Path(__file__).parent / "golden_reasoning.json").read_text())
NAMES = sorted(set(GOLDEN) & set(parse.reasoning_parser_names()))


def cut_at_tokens(text, tokens):
    """Return the segments of an answer in which every special token is generated as that token."""
    if not tokens:
        return [Segment(text)]
    pattern = "|".join(re.escape(token) for token in sorted(tokens, key=len, reverse=True))
    return [Segment(part, tokens.get(part)) for part in re.split(f"({pattern})", text) if part]


def expected_of(parser, name, case):
    """Return vLLM's whole answer, or ours where it differs for a reason."""
    if (parser, name) in DEVIATIONS:
        return DEVIATIONS[parser, name]
    return case["reasoning"] or "", case["content"] or ""


def special_tokens(parser):
    """Return the special tokens that the native parser goes by."""
    return parse.special_tokens_of(parser, reasoning=True)


def cases(parser):
    """Yield each case's name, the case, and how thinking stands when its answer begins."""
    for name, case in GOLDEN[parser]["cases"].items():
        yield name, case, thinking_of(parser, [], GOLDEN[parser]["tokens"], case["kwargs"])


def differing(parser, tokens):
    """Return the cases whose message, at any split, is not the expected one."""
    wrong = []
    for name, case, thinking in cases(parser):
        segments = cut_at_tokens(case["text"], tokens)
        message = at_every_split(segments, reasoning_parser=parser, special_tokens=tokens, thinking=thinking)
        found, expected = (message["reasoning"], message["content"]), expected_of(parser, name, case)
        if found != expected:
            wrong.append({"case": name, "text": case["text"], "found": found, "expected": expected})
    return wrong


@pytest.mark.parametrize("parser", NAMES)
def test_tokens_give_vllms_whole_answer_at_every_split(parser):
    """Markers that the vocabulary has as special tokens come with their ids."""
    vocab = GOLDEN[parser]["tokens"]
    assert not differing(parser, {text: vocab[text] for text in special_tokens(parser) if text in vocab})


@pytest.mark.parametrize("parser", sorted(set(NAMES) - {"mistral"}))
def test_text_gives_vllms_whole_answer_at_every_split(parser):
    """Without special tokens, markers are found in the text. (Mistral's models without the tokens do not reason.)"""
    assert not differing(parser, {})


@pytest.mark.parametrize("parser", NAMES)
def test_reasoning_tokens_are_counted_as_vllm_counts_them(parser):
    """From the ids alone, whatever the text parser does with the same answer."""
    entry = GOLDEN[parser]
    wrong = []
    for name, case, thinking in cases(parser):
        counter = parse.ReasoningCounter(parser, entry["markers"], thinking=thinking)
        for token in case["token_ids"]:
            counter.push(token)
        if counter.count != case["reasoning_tokens"] and (parser, name) not in COUNT_DEVIATIONS:
            wrong.append((name, case["text"], counter.count, case["reasoning_tokens"]))
    assert not wrong


def test_count_of_a_name_without_a_rule_stays_0():
    """vLLM's parsers that do not count say 0."""
    counter = parse.ReasoningCounter("olmo3", {})
    counter.push(1)
    assert counter.count == 0


@pytest.mark.parametrize("parser", [*reference.KINDS, *reference.ONE_BLOCK])
def test_any_text_gives_what_the_reference_says(parser):
    """Texts put together by chance from markers, parts of them and what is like them; cut by chance."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    kind = reference.KINDS.get(parser, reference.Kind("<think>", "</think>"))
    fragments = [
        kind.start,
        kind.end,
        kind.tool or "<x>",
        kind.end[:3],
        kind.start[1:],
        "<",
        "/",
        "a",
        " ",
        "\n",
        "\u3000",
    ]
    for _ in range(300):
        text = "".join(chance.choices(fragments, k=chance.randrange(12)))
        pushes, at = [], 0
        while at < len(text):
            size = chance.randrange(1, 9)
            pushes.append(Segment(text[at : at + size]))
            at += size
        message = driven(pushes, reasoning_parser=parser)
        assert (message["reasoning"], message["content"]) == reference.whole(parser, text), repr(text)


@pytest.mark.parametrize("parser", ["nemotron_v3", "granite_thinking_parser"])
def test_an_answer_that_must_not_be_empty_repeats_its_thinking(parser):
    """Where nothing but white space follows it; at every split, and never where there is content."""

    def found(text):
        message = at_every_split([Segment(text)], reasoning_parser=parser, repeats_thinking=True)
        return message["reasoning"], message["content"].strip()

    assert found("Hm. So") == ("Hm. So", "Hm. So")
    assert found("Hm.</think>\n\n") == ("Hm.", "Hm.")
    assert found("Hm.</think>Yes.") == ("Hm.", "Yes.")
    assert found("") == ("", "")
