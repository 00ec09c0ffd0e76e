# SPDX-License-Identifier: Apache-2.0
"""Where answers stop: the rules of vLLM's scheduler, against an obvious token-by-token version of them."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastfront.engine.types import FinishReason, SamplingParams
from fastfront.sim.limits import Limits, apply_limits
from fastfront.sim.script import Piece

END, STOP, PLAIN = 9, 7, 1


def limited(pieces, num_prompt_tokens=10, max_model_len=1000, **params):
    """Return tokens, finish reason and stop reason of an answer under limits."""
    limits = Limits.of(SamplingParams(eos_token_id=END, **params), num_prompt_tokens, max_model_len)
    given_pieces = list(apply_limits((Piece(list(piece)) for piece in pieces), limits))
    last = given_pieces[-1] if given_pieces else Piece([])
    assert all(piece.finish is None for piece in given_pieces[:-1])
    return [token for piece in given_pieces for token in piece.tokens], last.finish, last.stop_reason


def stop_as_vllm_does(tokens, params, room):
    """check_stop of vllm/v1/core/sched/utils.py, one token at a time."""
    output = []
    for token in tokens:
        output.append(token)
        if token == params.eos_token_id:
            return output, FinishReason.STOP, None
        if token in (params.stop_token_ids or ()):
            return output, FinishReason.STOP, token
        if len(output) >= room:
            return output, FinishReason.LENGTH, None
    return output, None, None


@given(
    st.lists(st.lists(st.sampled_from([PLAIN, 2, STOP, END]), max_size=6), max_size=6),
    st.integers(1, 12),
    st.booleans(),
    st.lists(st.sampled_from([STOP, 2]), max_size=2),
)
def test_an_answer_stops_where_vllm_would_stop_it(pieces, max_tokens, knows_end, stop_token_ids):
    """However the answer is cut into pieces."""
    params = SamplingParams(
        max_tokens=max_tokens, stop_token_ids=stop_token_ids, eos_token_id=END if knows_end else None
    )
    out = list(apply_limits((Piece(piece) for piece in pieces), Limits.of(params, 0, 1000)))
    tokens = [token for piece in out for token in piece.tokens]
    expected = stop_as_vllm_does([token for piece in pieces for token in piece], params, max_tokens)
    assert (tokens, out[-1].finish if out else None, out[-1].stop_reason if out else None) == expected


def test_the_context_length_counts_the_prompt():
    """Ten tokens of prompt leave two of twelve."""
    assert limited([[1, 2, 3]], 10, 12, max_tokens=50) == ([1, 2], FinishReason.LENGTH, None)


def test_a_prompt_that_fills_the_context_still_gets_one_token():
    """As in vLLM, whose check comes after the token."""
    assert limited([[1, 2]], 12, 12, max_tokens=None) == ([1], FinishReason.LENGTH, None)


def test_a_stop_token_at_the_very_end_of_the_room_is_a_stop():
    """The stop check comes before the length check."""
    assert limited([[1, STOP]], max_tokens=2, stop_token_ids=[STOP]) == ([1, STOP], FinishReason.STOP, STOP)
    assert limited([[1, END]], max_tokens=2) == ([1, END], FinishReason.STOP, None)


@pytest.mark.parametrize("cut", range(6))
def test_masked_tokens_do_not_come_before_min_tokens(cut):
    """Another token stands in for them, and the first that is allowed stops."""
    answer = [END, STOP, 3, END, STOP]
    tokens, finish, reason = limited(
        [answer[:cut], answer[cut:]], min_tokens=4, stop_token_ids=[STOP], all_stop_token_ids={END, STOP}
    )
    assert (tokens, finish, reason) == ([0, 0, 3, 0, STOP], FinishReason.STOP, STOP)


def test_an_answer_of_nothing_but_masked_tokens_comes_to_an_end():
    """A request may name every token as a stop token."""
    limits = Limits.of(SamplingParams(max_tokens=50, min_tokens=40, all_stop_token_ids=set(range(9000))), 0, 100)
    pieces = apply_limits((Piece([5, 6]) for _ in iter(int, 1)), limits)
    assert sum(len(piece.tokens) for piece in islice(pieces, 100)) == 50


@pytest.mark.parametrize(
    ("params", "end"),
    [
        (SamplingParams(eos_token_id=4), 4),
        (SamplingParams(stop_token_ids=[3, 2]), 2),
        (SamplingParams(stop_token_ids=[3]), None),
        (SamplingParams(ignore_eos=True), None),
    ],
)
def test_an_answer_ends_with_a_token_that_ends_it(params, end):
    """The request's own end token, or one of the model's that the request stops at; else there is no end."""
    assert Limits.of(params, 0, 100).end_of_answer((1, 2)) == end


def test_what_a_script_says_of_the_end_survives_the_limits():
    """Its finish and stop reason stay, unless a limit comes first."""
    pieces = [Piece([1]), Piece([2], FinishReason.ERROR, "boom", together=True)]
    kept = list(apply_limits(pieces, Limits.of(SamplingParams(max_tokens=2), 0, 100)))
    assert kept == pieces
    cut = list(apply_limits(pieces, Limits.of(SamplingParams(max_tokens=1), 0, 100)))
    assert cut == [Piece([1], FinishReason.LENGTH)]
