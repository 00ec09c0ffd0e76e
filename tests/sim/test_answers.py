# SPDX-License-Identifier: Apache-2.0
"""What the engine says: readable, quoting, reproducible."""

from __future__ import annotations

from itertools import islice

import pytest

from fastfront.sim.answers import REMARKS, Answerer
from fastfront.sim.prompts import read_question
from tests.sim.peer import END, MODEL, chat


def answer(prompt, seed=None, variation=0, end=END, at_least=0, engine_seed=0, pieces=400):
    """Return the text of an answer, as far as it is read."""
    answerer = Answerer(MODEL, engine_seed)
    dice = answerer.dice(prompt, seed, variation)
    made = answerer.answer(read_question(prompt, MODEL), len(prompt), dice, end, at_least)
    return MODEL.decode([token for piece in islice(made, pieces) for token in piece.tokens])


def test_an_answer_is_sentences_with_the_question_in_the_first():
    """It reads like text: quotes, full stops, single blanks, one end token."""
    text = answer(chat("Can pigs fly?"))
    first, *rest = text.split(". ")
    assert '"Can pigs fly?"' in first
    assert len(rest) >= 3
    assert "  " not in text
    assert text.endswith(".<|im_end|>")
    assert text.count("<|im_end|>") == 1


def test_a_completion_goes_on_behind_its_prompt():
    """It begins with the blank that the prompt lacks, and quotes the prompt's end."""
    text = answer(MODEL.encode("word " * 60 + "and they lived happily"))
    assert text.startswith(" ")
    assert 'they lived happily"' in text


def test_a_prompt_without_text_is_answered_too():
    """Nothing is quoted where there is nothing."""
    assert '""' not in answer([])
    assert len(answer([])) > 50
    assert '""' not in answer(chat(""))


def test_braces_in_a_prompt_are_only_text():
    """What a user writes is never taken for a format."""
    assert "{quote} {0} %s {num_words!r}" in answer(chat("{quote} {0} %s {num_words!r}"))


@pytest.mark.parametrize("change", [{"seed": 1}, {"variation": 1}, {"engine_seed": 1}])
def test_seed_sample_and_engine_each_change_the_words(change):
    """Every one of them is part of what an answer depends on."""
    prompts = [chat(f"Question {i}") for i in range(5)]
    assert [answer(p) for p in prompts] == [answer(p) for p in prompts]
    assert [answer(p) for p in prompts] != [answer(p, **change) for p in prompts]


def test_without_an_end_token_an_answer_goes_on_for_ever():
    """Every remark comes before any comes again."""
    text = answer(chat("Go on"), end=None, pieces=2000)
    assert len(text) > 50_000
    assert all(abs(text.count(remark) - text.count(REMARKS[0])) <= 1 for remark in REMARKS)


def test_at_least_so_many_tokens_come_before_the_end():
    """min_tokens makes an answer longer, not different."""
    text = answer(chat("Hello"), at_least=500)
    assert len(MODEL.encode(text)) > 450
    assert text.startswith(answer(chat("Hello"))[:60])
