# SPDX-License-Identifier: Apache-2.0
"""The logprobs that the embedded engine makes up: their wire form, and that they look like logprobs."""

from __future__ import annotations

import struct

import msgspec
import pytest

from fastfront.sim.logprobs import Aux, Wanted, number_frames, prompt_logprobs, sample_logprobs, splice

VOCAB = 1000


def unpack(parts):
    """Return the arrays of one LogprobsLists or LogprobsTensors as nested lists, and how many left on their own."""
    frames = []
    (value,) = [msgspec.msgpack.decode(b"".join(number_frames([parts], frames)))]
    arrays = []
    for dtype, shape, data in value[:3]:
        raw = frames[data - 1] if isinstance(data, int) else data.data
        kind = {"<i4": "i", "int32": "i", "<f4": "f", "float32": "f", "<i8": "q"}[dtype]
        items = list(struct.unpack(f"<{len(raw) // struct.calcsize(kind)}{kind}", raw))
        width = shape[1] if len(shape) == 2 else None
        rows = items if width is None else [items[at : at + width] for at in range(0, len(items), width)]
        assert len(rows) == shape[0]
        arrays.append(rows)
    return arrays, len(frames)


@pytest.mark.parametrize("count", [0, 1, 5, 20])
def test_a_row_is_the_token_and_the_likeliest(count):
    """The likeliest come in order; the token's rank is its place among them."""
    (ids, values, ranks), aux = unpack(sample_logprobs([5, 6, 700], Wanted(count, None, ()), VOCAB))
    assert aux == 0  # even three rows of 21 numbers are less than 256 bytes
    for token, row, logprobs, rank in zip([5, 6, 700], ids, values, ranks, strict=True):
        assert row[0] == token
        assert len(row) == len(logprobs) == count + 1
        assert logprobs[1:] == sorted(logprobs[1:], reverse=True)
        assert len(set(row[1:])) == count
        if rank <= count:
            assert (row[rank], logprobs[rank]) == (token, logprobs[0])
        assert all(value < 0 for value in logprobs)


def test_minus_one_is_the_whole_vocabulary():
    """Every token of it has a value; so much leaves in frames of its own."""
    (ids, _, _), aux = unpack(sample_logprobs([3], Wanted(-1, None, ()), VOCAB))
    assert sorted(ids[0][1:]) == list(range(VOCAB))
    assert aux == 2


def test_labels_are_the_tokens_asked_for():
    """Behind the sampled token, in the request's order."""
    (ids, _, _), _ = unpack(sample_logprobs([3, 4], Wanted(None, None, (9, 8)), VOCAB))
    assert ids == [[3, 9, 8], [4, 9, 8]]


def test_a_prompt_has_a_row_for_every_token_but_the_first():
    """As tensors, whose types have other names."""
    (ids, _, ranks), _ = unpack(prompt_logprobs([7, 8, 9], Wanted(None, 2, ()), VOCAB))
    assert [row[0] for row in ids] == [8, 9]
    assert len(ranks) == 2
    assert prompt_logprobs([7], Wanted(None, 2, ()), VOCAB) == (b"\xc0",)


def test_the_same_tokens_have_the_same_logprobs():
    """Nothing is left to chance."""
    assert sample_logprobs([5], Wanted(3, None, ()), VOCAB) == sample_logprobs([5], Wanted(3, None, ()), VOCAB)


def test_arrays_on_their_own_are_numbered_over_the_whole_message():
    """From 1 on, in the order of the outputs; what has none stays bytes."""
    assert splice(b"a", (b"b",), b"c") == b"abc"
    frames = []
    flat = number_frames([b"x", splice(b"a", (Aux(b"1"), b"b")), (Aux(b"2"),)], frames)
    assert (b"".join(flat), frames) == (b"xa\x01b\x02", [b"1", b"2"])
