# SPDX-License-Identifier: Apache-2.0
"""A parser of your own, for a model whose answers no parser knows: thoughts and actions on lines of their own.

    Thought: I have to look.
    Action: get_weather {"city": "Bern"}
    I looked it up.

    fastfront serve MODEL --tool-parser-plugin examples/parser_plugin.py --tool-call-parser react \
        --reasoning-parser react --enable-auto-tool-choice

A plugin is a file that calls `fastfront.register_parser`. docs/parsers.md has the rules of the two methods.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import fastfront

STARTS = {"Thought: ": "reasoning", "Action: ": "call"}
"""How lines begin, and what they are; all others are content."""


class ReactParser:
    """One choice's answer. Text goes out as it comes, but for the beginning of a line, which tells what the line is."""

    def __init__(self) -> None:
        """Begin at the beginning of a line."""
        self._line = ""  # what has come of a line and not gone out
        self._kind = ""  # of the line: "reasoning", "content" or "call"; not known yet
        self._calls = 0

    def push(self, text: str, token_ids: Sequence[int]) -> Iterator[tuple]:
        """Take more text; give what is known now."""
        for part in text.splitlines(keepends=True):
            self._line += part
            if not self._kind and not any(start.startswith(self._line) for start in STARTS):
                self._begin()
            if self._kind in ("reasoning", "content"):
                yield (self._kind, self._line)
                self._line = ""
            if part.endswith("\n"):
                yield from self.finish()

    def finish(self) -> Iterator[tuple]:
        """Take the end, of a line or of the answer; give what was held back."""
        if self._line and not self._kind:
            self._begin()
        if self._kind == "call":
            name, _, arguments = self._line.removeprefix("Action: ").strip().partition(" ")
            yield ("call", self._calls, name, "")
            yield ("arguments", self._calls, arguments or "{}")
            self._calls += 1
        elif self._line:
            yield (self._kind, self._line)
        self._line = self._kind = ""

    def _begin(self) -> None:
        self._kind = next((kind for start, kind in STARTS.items() if self._line.startswith(start)), "content")
        if self._kind == "reasoning":
            self._line = self._line.removeprefix("Thought: ")


fastfront.register_parser("react", lambda context: ReactParser())
