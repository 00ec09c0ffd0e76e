# SPDX-License-Identifier: Apache-2.0
"""What admission control asks the pump: prompt tokens that wait for their first output."""

from __future__ import annotations

import msgspec
import pytest

from fastfront._native import pump as native

ERROR = 3
"""FinishReason.ERROR of the wire."""


@pytest.fixture
def pump() -> native.Pump:
    """Return a pump without a thread: messages are handled as they are given."""
    return native.Pump()


def response(*lengths: int, n: int = 1) -> native.Response:
    return native.Response(
        native.KIND_COMPLETION,
        id="x",
        model="m",
        created=0,
        vocab=None,
        prompt_token_ids=[[1] * length for length in lengths],
        n=n,
    )


def output(wire_id: str, token_ids: list[int], finish: int | None = None) -> bytes:
    return msgspec.msgpack.encode([0, [[wire_id, token_ids, None, None, None, finish]], None, 1.0])


def test_every_answer_counts_its_prompt_until_its_first_output(pump: native.Pump) -> None:
    """Two prompts of 5 and 7 tokens with two answers each are 24 tokens; each output takes its own away."""
    assert pump.queued_tokens == 0
    made = response(5, 7, n=2)
    pump.add(made)
    assert pump.queued_tokens == 24
    pump.process(output(made.wire_ids[0], [9]))
    assert pump.queued_tokens == 19
    pump.process(output(made.wire_ids[0], [9]))
    assert pump.queued_tokens == 19
    pump.process(output(made.wire_ids[3], [], ERROR))
    assert pump.queued_tokens == 12


def test_who_has_left_waits_for_nothing(pump: native.Pump) -> None:
    """A response that was removed counts no more."""
    made, other = response(5), response(3)
    pump.add(made)
    pump.add(other)
    pump.remove(made)
    assert pump.queued_tokens == 3
