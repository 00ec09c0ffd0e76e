# SPDX-License-Identifier: Apache-2.0
"""What a template asks about the contents of a conversation and cuts out of them, written down in order.

Must not know templates, nor what stands for a content while one runs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NoReturn

Step = tuple[int, str, str | None, bool | None]
"""(view, name, text, answer): see `_native.template.Recipe`."""

Piece = str | int
"""A literal, or the number of a view."""

Signature = tuple[Step, ...]
"""All that is asked and cut of one content, its views counted from 0."""

CUTS: dict[str, Callable[[str, Any], str]] = {
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "before": lambda text, separator: text.split(separator)[0],
    "after": lambda text, separator: text.split(separator)[-1],
}
"""What makes a view of a view. The native core has the same."""

QUESTIONS: dict[str, Callable[[str, Any], bool]] = {
    "non_empty": lambda text, _: text != "",
    "contains": lambda text, needle: needle in text,
    "starts_with": str.startswith,
    "ends_with": str.endswith,
    "equals": lambda text, other: text == other,
}
"""What may be asked about a view. The native core has the same."""


def signatures_of(contents: int, steps: Sequence[Step]) -> list[Signature]:
    """Return each content's own steps."""
    return _by_content(contents, steps)[0]


def places_of(contents: int, steps: Sequence[Step]) -> list[tuple[int, int]]:
    """Return of each view its content, and its number among that content's views."""
    return _by_content(contents, steps)[1]


def _by_content(contents: int, steps: Sequence[Step]) -> tuple[list[Signature], list[tuple[int, int]]]:
    own: list[list[Step]] = [[] for _ in range(contents)]
    places = [(content, 0) for content in range(contents)]
    for view, name, text, answer in steps:
        content, place = places[view]
        own[content].append((place, name, text, answer))
        if answer is None:
            places.append((content, sum(step[3] is None for step in own[content])))
    return [tuple(found) for found in own], places


class UntraceableError(Exception):
    """Why a template cannot be traced with these contents."""


class Trace:
    """What happened to the contents of one conversation.

    The answers to questions are those of the contents given: the trace follows the way that this conversation takes.
    """

    def __init__(self, contents: Sequence[str], max_steps: int) -> None:
        self.steps: list[Step] = []
        self.dates: dict[str, str] = {}
        """Format of time -> what the template got for it."""
        self.refusal: str | None = None
        """Set for good by the first thing that cannot be traced."""
        self._values = list(contents)
        self._max_steps = max_steps
        self._known: dict[tuple[int, str, str | None], Any] = {}

    def refuse(self, what: str) -> NoReturn:
        """Give the trace up."""
        self.refusal = self.refusal or what
        raise UntraceableError(what)

    def cut(self, view: int, name: str, text: str | None) -> int:
        """Return the view that the cut makes."""
        key = (view, name, text)
        if key not in self._known:
            value = CUTS[name](self._values[view], text)
            self._step(view, name, text, None)
            self._known[key] = len(self._values)
            self._values.append(value)
        found: int = self._known[key]
        return found

    def ask(self, view: int, name: str, text: str | None = None) -> bool:
        """Return the answer, which from now on must be the same."""
        key = (view, name, text)
        if key not in self._known:
            answer = QUESTIONS[name](self._values[view], text)
            self._step(view, name, text, answer)
            self._known[key] = answer
        found: bool = self._known[key]
        return found

    def _step(self, view: int, name: str, text: str | None, answer: bool | None) -> None:
        if len(self.steps) >= self._max_steps:
            self.refuse("too many steps")
        self.steps.append((view, name, text, answer))
