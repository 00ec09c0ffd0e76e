# SPDX-License-Identifier: Apache-2.0
"""One request's outputs, step by step."""

from __future__ import annotations

import msgspec
import pytest

from fastfront.engine.types import EngineCoreOutput, FinishReason
from fastfront.sim.request import Request
from fastfront.sim.script import Piece
from tests.sim.peer import add


def play(pieces, tokens_per_step=1):
    """Return the outputs of an answer, and the request."""
    request = Request(add([1, 2, 3], "id"), iter(pieces), tokens_per_step, now=1.0)
    outputs = []
    while not request.finished and (output := request.advance()) is not None:
        outputs.append(msgspec.msgpack.decode(output, type=EngineCoreOutput))
    return outputs, request


@pytest.mark.parametrize("tokens_per_step", range(1, 9))
@pytest.mark.parametrize("cut", range(8))
def test_outputs_have_the_same_size_however_the_answer_is_cut(tokens_per_step, cut):
    """All but the last have tokens_per_step tokens, and the finish rides on the last."""
    tokens = list(range(7))
    outputs, _ = play([Piece(tokens[:cut]), Piece(tokens[cut:], FinishReason.STOP, 6)], tokens_per_step)
    sizes = [len(output.new_token_ids) for output in outputs]
    assert [token for output in outputs for token in output.new_token_ids] == tokens
    assert all(size == tokens_per_step for size in sizes[:-1])
    assert [output.finish_reason for output in outputs] == [None] * (len(outputs) - 1) + [FinishReason.STOP]
    assert outputs[-1].stop_reason == 6


def test_only_the_first_output_has_events_and_prefill_statistics():
    """Even if it has no tokens."""
    outputs, request = play([Piece([], together=True), Piece([5], together=True), Piece([], FinishReason.STOP)])
    assert [output.prefill_stats is None for output in outputs] == [False, True, True]
    assert [len(output.events or ()) for output in outputs] == [2, 0, 0]
    assert request.num_generated == 1


def test_an_answer_without_a_finish_falls_silent():
    """After its last token there is never another output."""
    outputs, request = play([Piece([5, 6])])
    assert [output.new_token_ids for output in outputs] == [[5], [6]]
    assert not request.finished
    assert request.advance() is None


def test_token_ids_of_any_size_are_played():
    """One, two, three, five and nine bytes of msgpack."""
    tokens = [0, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**64 - 1]
    outputs, _ = play([Piece(tokens, FinishReason.LENGTH)])
    assert [output.new_token_ids for output in outputs] == [[token] for token in tokens]
