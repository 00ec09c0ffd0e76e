# SPDX-License-Identifier: Apache-2.0
"""Parsers written in Python: how they are driven, and what becomes of an answer whose parser fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from fastfront.output import python_parsers
from fastfront.output.python_parsers import PythonParsers

if TYPE_CHECKING:
    from fastfront._native.parse import Piece


class Steps:
    """A Response whose text is parsed outside: what it gives, and what it is given."""

    def __init__(self, *steps: tuple[int, str, list[int], bool]) -> None:
        self._steps = list(steps)
        self.given: list[tuple[int, list[Piece]]] = []

    def take_steps(self) -> list[tuple[int, str, list[int], bool]]:
        taken, self._steps = self._steps, []
        return taken

    def give_pieces(self, choice: int, pieces: Sequence[Piece]) -> None:
        self.given.append((choice, list(pieces)))


class Shouting:
    """Capitals are reasoning; the rest waits for the end."""

    def __init__(self) -> None:
        self._held = ""

    def push(self, text: str, token_ids: Sequence[int]) -> list[Piece]:
        if text == "raise":
            raise ValueError("no")
        if text.isupper():
            return [("reasoning", text)]
        self._held += text
        return []

    def finish(self) -> list[Piece]:
        return [("content", self._held)]


def test_text_goes_through_the_parser_of_its_choice() -> None:
    """Each choice has a parser of its own, and its end brings what was held back."""
    steps = Steps((0, "HM", [1], False), (1, "a", [2], False), (0, "b", [3], True), (1, "c", [4], True))
    PythonParsers(Shouting)(steps)
    assert steps.given == [
        (0, [("reasoning", "HM")]),
        (1, []),
        (0, [("content", "b")]),
        (1, [("content", "ac")]),
    ]


def test_a_parser_that_fails_leaves_plain_text() -> None:
    """The answer goes on as content from where its parser failed."""
    steps = Steps((0, "HM", [1], False), (0, "raise", [2], False), (0, "X", [3], True))
    PythonParsers(Shouting)(steps)
    assert steps.given == [(0, [("reasoning", "HM")]), (0, [("content", "raise")]), (0, [("content", "X")])]


def test_text_is_made_first_where_that_is_python_too() -> None:
    """A decoder runs before the parsers, on the same response."""
    heard: list[object] = []
    steps = Steps()
    PythonParsers(Shouting, heard.append)(steps)
    assert heard == [steps]


def test_a_registered_parser_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """By its name, and under no other."""
    monkeypatch.setattr(python_parsers, "_factories", {})
    python_parsers.register_parser("shouting", lambda context: Shouting())
    assert python_parsers.registered_parser("shouting") is not None
    assert python_parsers.registered_parser("other") is None
    assert python_parsers.registered_parser(None) is None
