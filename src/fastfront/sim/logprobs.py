# SPDX-License-Identifier: Apache-2.0
"""The logprobs of the embedded engine: plausible numbers, always the same for the same tokens, in vLLM's wire form.

A token is rank 1 to 3 of its position; around it are other tokens of the vocabulary, with ever lower values.
Knows the layout of LogprobsLists and LogprobsTensors (vllm/v1/outputs.py, serial_utils.py), no requests and no queues.
"""

from __future__ import annotations

from array import array
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from fastfront.engine.types import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

AUX_BYTES = 256
"""Arrays of this size and above leave in frames of their own (VLLM_MSGPACK_ZERO_COPY_THRESHOLD)."""

MOST_REMEMBERED = 20
"""Rows of so many tokens are kept for the next time."""

_RAW_VIEW = 3
_NIL = b"\xc0"


class Aux(NamedTuple):
    """An array that leaves in a frame of its own; in its place stands the frame's number."""

    data: bytes


Parts = tuple["bytes | Aux", ...]
"""Bytes of a message with arrays in between."""


class Wanted(NamedTuple):
    """What a request asks for: as in its SamplingParams."""

    logprobs: int | None
    prompt_logprobs: int | None
    token_ids: tuple[int, ...]

    @property
    def anything(self) -> bool:
        """Whether there is anything to be made."""
        return self.logprobs is not None or self.prompt_logprobs is not None or bool(self.token_ids)


def sample_logprobs(tokens: Sequence[int], wanted: Wanted, vocab_size: int) -> Parts:
    """Return the new_logprobs of an output."""
    if wanted.token_ids:
        rows = [_labels(token, wanted.token_ids) for token in tokens]
    elif wanted.logprobs is None:
        return (_NIL,)
    else:
        rows = [_row(token, _count(wanted.logprobs, vocab_size), vocab_size) for token in tokens]
    return _pack(rows, ("<i4", "<f4", "<i8"), members=4)


def prompt_logprobs(prompt: Sequence[int], wanted: Wanted, vocab_size: int) -> Parts:
    """Return the new_prompt_logprobs_tensors of a first output: of every token of the prompt but the first."""
    if wanted.prompt_logprobs is None or len(prompt) < 2:
        return (_NIL,)
    count = _count(wanted.prompt_logprobs, vocab_size)
    return _pack([_row(token, count, vocab_size) for token in prompt[1:]], ("int32", "float32", "int32"), members=5)


class _Row(NamedTuple):
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    rank: int


def _count(asked: int, vocab_size: int) -> int:
    return vocab_size if asked == -1 else min(asked, vocab_size)


def _row(token: int, count: int, vocab_size: int) -> _Row:
    """Return a position's row: the token, then the `count` likeliest ones. Short ones are remembered."""
    return (_short_row if count <= MOST_REMEMBERED else _any_row)(token, count, vocab_size)


def _any_row(token: int, count: int, vocab_size: int) -> _Row:
    rank = 1 + token % 3
    places = max(count, rank)
    values = [-0.05 - 0.75 * place - (token * 7 + place * 13) % 97 / 200 for place in range(places)]
    others = (other % vocab_size for other in range(token * 31 + 17, token * 31 + 17 + 2 * places))
    likeliest = [other for other in others if other != token][: places - 1]
    likeliest.insert(rank - 1, token)
    return _Row((token, *likeliest[:count]), (values[rank - 1], *values[:count]), rank)


_short_row = lru_cache(maxsize=65_536)(_any_row)


def _labels(token: int, token_ids: tuple[int, ...]) -> _Row:
    values = (-(1.5 + (token * 5 + label * 3) % 101 / 16) for label in token_ids)
    return _Row((token, *token_ids), (-0.5, *values), 1 + token % 3)


def _pack(rows: Sequence[_Row], types: tuple[str, str, str], *, members: int) -> Parts:
    width = len(rows[0].token_ids) if rows else 1
    ids = array("i", [token for row in rows for token in row.token_ids])
    values = array("f", [value for row in rows for value in row.logprobs])
    ranks = array("q" if types[2] == "<i8" else "i", [row.rank for row in rows])
    parts: list[bytes | Aux] = [bytes((0x90 | members,))]
    for name, shape, data in (
        (types[0], (len(rows), width), ids),
        (types[1], (len(rows), width), values),
        (types[2], (len(rows),), ranks),
    ):
        raw = data.tobytes()
        parts.append(b"\x93" + encode(name) + encode(shape))
        parts.append(Aux(raw) if len(raw) >= AUX_BYTES else encode(msgspec.msgpack.Ext(_RAW_VIEW, raw)))
    parts.append(_NIL * (members - 3))
    return _joined(parts)


def _joined(parts: Sequence[bytes | Aux]) -> Parts:
    """Put neighbouring bytes together."""
    joined: list[bytes | Aux] = []
    for part in parts:
        if joined and isinstance(part, bytes) and isinstance(joined[-1], bytes):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)


def splice(*pieces: bytes | Parts) -> bytes | Parts:
    """Put pieces of an output together: bytes if nothing leaves in a frame of its own."""
    flat: list[bytes | Aux] = []
    for piece in pieces:
        flat.extend((piece,) if isinstance(piece, bytes) else piece)
    joined = _joined(flat)
    return joined[0] if len(joined) == 1 and isinstance(joined[0], bytes) else joined


def number_frames(outputs: Sequence[bytes | Parts], frames: list[bytes]) -> list[bytes]:
    """Return the outputs as bytes; the arrays that they leave out go into `frames`, behind the message's first."""
    flat: list[bytes] = []
    for output in outputs:
        if isinstance(output, bytes):
            flat.append(output)
            continue
        for part in output:
            if isinstance(part, Aux):
                frames.append(part.data)
                flat.append(encode(len(frames)))
            else:
                flat.append(part)
    return flat
