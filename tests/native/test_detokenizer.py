# SPDX-License-Identifier: Apache-2.0
"""The native detokenizer gives, step by step, what vLLM's wrapper around the real DecodeStream gives."""

from __future__ import annotations

import itertools
import random

import pytest

from fastfront._native.text import Detokenizer
from tests.native.detokenizer_cases import REAL, load_case, random_ids, random_prompt


def test_random_streams_equal_decode_stream(case, options, seed):
    """Any ids behind any prompt, in any pieces: the same text from every push."""
    steps = 0
    resets = 0
    for stream in range(60):
        name = f"{seed}:{case.name}:{options}:{stream}"
        rng = random.Random(name)
        prompt = random_prompt(case, rng)
        expected, actual = case.library(prompt, **options), case.native(prompt, **options)
        ids = iter(random_ids(case, rng, rng.choice([5, 30, 150])))
        while piece := list(itertools.islice(ids, rng.choice([1, 1, 1, 2, 5, 40]))):
            assert expected.push(piece) == actual.push(piece), (name, steps)
            steps += len(piece)
        resets += expected.resets
    assert steps > 1000
    assert (resets > 0) == (case.vocab.family == "byte_fallback")  # the worst that can happen did happen


def test_the_slow_version_equals_decode_stream(small_case, options, seed):
    """The readable version of the rules is the rules."""
    for stream in range(40):
        name = f"{seed}:{small_case.name}:{options}:{stream}"
        rng = random.Random(name)
        prompt = random_prompt(small_case, rng)
        ids = random_ids(small_case, rng, 40)
        expected, actual = small_case.library(prompt, **options), small_case.reference(prompt, **options)
        assert [expected.push([i]) for i in ids] == [actual.push([i]) for i in ids], name


def test_cutting_the_stream_changes_nothing(small_case, options, seed):
    """Every cut of a stream into three pieces gives the same text."""
    ids = random_ids(small_case, random.Random(seed), 40)
    whole = small_case.native([], **options).push(ids)
    for i, j in itertools.combinations_with_replacement(range(len(ids) + 1), 2):
        detokenizer = small_case.native([], **options)
        pieces = [detokenizer.push(piece) for piece in (ids[:i], ids[i:j], ids[j:])]
        assert whole == "".join(pieces), (i, j)


def tokens_named(case, *names):
    ids = [case.tokenizer.token_to_id(name) for name in names]
    assert None not in ids
    return ids


def prompts_of(case):
    """Prompts in which it matters how far back one looks."""
    if case.vocab.family == "byte_level":
        names = [["<|im_start|>"], ["a"], ["ä", "½"], ["ł"], ["ÿ"], ["Ġ"], ["A"], []]
    else:
        names = [["<s>"], ["a"], ["<0xE4>", "<0xBD>"], ["<0xA0>"], ["<0xFF>"], ["<0x20>"], ["<0x41>"], [""]]
    special, text, cut, rest, lone, space, ascii_byte, empty = (tokens_named(case, *some) for some in names)
    unknown = [case.vocab.size + 5]
    return {
        "empty": [],
        "incomplete": text + cut,
        "incomplete, long": text * 300 + cut,
        "incomplete, hidden behind special tokens": text + cut + special * 40,
        "whole character": text + cut + rest,
        "only special tokens": special * 40,
        "only unknown tokens": unknown * 40,
        "text behind special tokens": text + special * 40,
        "invalid": text + lone,
        "invalid at the beginning of a long run": lone + (cut + rest) * 30,
        "invalid at the beginning of a long run of ASCII": text + lone + ascii_byte * 40,
        "run that is over": text + ascii_byte + empty,
        "run that is over, invalid": text + lone + empty,
        "space behind text and empty tokens": text + empty * 40 + space,
        "space behind empty tokens": empty * 40 + space,
        "long run": (cut + rest) * 30,
        "long run, incomplete": (cut + rest) * 30 + cut,
        "space": space,
        "spaces": space * 2,
        "space behind special tokens": special * 40 + space,
        "space behind text": text + special * 40 + space,
        "long": text * 5000,
    }


def test_prompts_of_every_kind(small_case, options):
    """What the prompt ends with decides what the first tokens give, however long ago it began."""
    kinds = prompts_of(small_case)
    text, lone, rest = kinds["long"][:1], kinds["invalid"][-1:], kinds["whole character"][-1:]
    space = kinds["space"]
    for kind, prompt in kinds.items():
        for ids in (text + text, lone + text + text, rest + text, space + text, [*rest, *lone, *text]):
            expected, actual = small_case.library(prompt, **options), small_case.native(prompt, **options)
            assert [expected.push([i]) for i in ids] == [actual.push([i]) for i in ids], (kind, ids)


def test_prompt_ending_inside_a_character_comes_out_with_it():
    """DecodeStream's own surprise is kept: the whole prompt is given out with the first complete token."""
    case = load_case("byte_level")
    prompt = prompts_of(case)["incomplete"]
    assert Detokenizer(case.vocab, prompt).push(tokens_named(case, "ł")) == "a你"


def test_a_broken_run_loses_what_was_held_back():
    """vLLM's way out of "Invalid prefix encountered": a new stream begins with the token at hand."""
    case = load_case("byte_fallback_strip")
    detokenizer = Detokenizer(case.vocab, tokens_named(case, "▁the"))
    steps = tokens_named(case, "<0x41>", "<0xFF>", "▁the", "▁the")
    assert [detokenizer.push([i]) for i in steps] == ["A", "", "the", " the"]


def test_ids_that_are_no_token_ids_are_passed_over(small_case, options):
    """vLLM logs what DecodeStream refuses and goes on."""
    text = prompts_of(small_case)["long"][:1]
    added = [next(iter(small_case.added))]
    for bad in (-1, 1 << 32, 1 << 70, (1 << 32) - 1):
        ids = [*added, *added, bad, *added, *text]
        expected, actual = small_case.library(text, **options), small_case.native(text, **options)
        assert [expected.push([i]) for i in ids] == [actual.push([i]) for i in ids]


def test_ids_must_be_integers(small_case):
    """Text is not a list of ids."""
    with pytest.raises(TypeError):
        Detokenizer(small_case.vocab).push("12")


def test_a_vocabulary_is_needed():
    """There is no detokenizer without a table."""
    with pytest.raises(TypeError):
        Detokenizer(None)


@pytest.mark.parametrize("name", ["byte_level", *REAL])
def test_text_comes_back(name, options):
    """Text that was encoded comes back as it was."""
    case = load_case(name)
    text = "Grüße, 今天天气很好! 😀👩‍👩‍👧‍👦 def f(x):\n\treturn x  # 𠮷"
    ids = case.tokenizer.encode(text, add_special_tokens=False).ids
    prompt = case.tokenizer.encode("a", add_special_tokens=False).ids
    assert case.native(prompt, **options).push(ids).removeprefix(" ") == text
