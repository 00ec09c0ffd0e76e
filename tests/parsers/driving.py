# SPDX-License-Identifier: Apache-2.0
"""Drive a native output parser: one answer in one go, and at every split; its pieces put together into a message.

Knows no format. An answer is a list of segments, ``(text, token id or None)``: ordinary text may be cut anywhere, a
special token is one push with its id.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypedDict

from fastfront._native import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Call(TypedDict):
    """One tool call, put together."""

    name: str
    id: str
    arguments: str


class Message(TypedDict):
    """What a client would have at the end."""

    reasoning: str
    content: str
    tool_calls: list[Call]


class Segment(NamedTuple):
    """Ordinary text, or a special token with its id."""

    text: str
    token: int | None = None


Segments = list[Segment]


def merged(pieces: Iterable[parse.Piece]) -> Message:
    """Put pieces together; a call's number is its place in the list."""
    message: Message = {"reasoning": "", "content": "", "tool_calls": []}
    for piece in pieces:
        if piece[0] == "reasoning":
            message["reasoning"] += piece[1]
        elif piece[0] == "content":
            message["content"] += piece[1]
        elif piece[0] == "call":
            assert piece[1] == len(message["tool_calls"]), "calls are counted from 0, without gaps"
            message["tool_calls"].append({"name": piece[2], "id": piece[3], "arguments": ""})
        else:
            message["tool_calls"][piece[1]]["arguments"] += piece[2]
    return message


def driven(pushes: Iterable[Segment], **options: Any) -> Message:
    """The message after these pushes and one finish; `options` are parse.Parser's."""
    parser = parse.Parser(**options)
    pieces: list[parse.Piece] = []
    for text, token in pushes:
        pieces += parser.push(text, parse.NO_TOKEN if token is None else token)
    return merged(pieces + parser.finish())


def whole(segments: Segments, **options: Any) -> Message:
    """The message when every segment is one push."""
    return driven(segments, **options)


def _cut(segments: Segments, at: int) -> Segments:
    """The segments with one more cut, `at` characters into the ordinary text."""
    result: Segments = []
    for segment in segments:
        if segment.token is None and 0 < at < len(segment.text):
            result += [Segment(segment.text[:at]), Segment(segment.text[at:])]
        else:
            result.append(segment)
        if segment.token is None:
            at -= len(segment.text)
    return result


def splits(segments: Segments) -> Iterator[Segments]:
    """The answer cut at each place once, in all places at once, and in pieces of two to seven characters."""
    length = sum(len(segment.text) for segment in segments if segment.token is None)
    for at in range(1, length):
        yield _cut(segments, at)
    for size in range(1, 8):
        yield [
            piece
            for segment in segments
            for piece in (
                [segment]
                if segment.token is not None
                else [Segment(segment.text[i : i + size]) for i in range(0, len(segment.text), size)]
            )
        ]


def at_every_split(segments: Segments, **options: Any) -> Message:
    """The message of the whole; fails if any split gives another."""
    expected = whole(segments, **options)
    for pushes in splits(segments):
        message = driven(pushes, **options)
        assert message == expected, f"pushed as {[push.text for push in pushes]}"
    return expected
