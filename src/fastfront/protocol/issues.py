# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a request body, gathered and worded as vLLM words pydantic's errors.

One line per issue, `{'type': ..., 'loc': 'body.<path>', 'msg': ..., 'input': ...}`, at most ten of them, each bounded,
so that no request can make its answer long. Knows nothing of which fields exist.

Source of the form: vllm/entrypoints/serve/exception_handling/handlers/validation.py.
"""

from __future__ import annotations

from typing import Any

from fastfront.errors import SchemaError

Location = tuple[str | int, ...]
"""The path to a value inside the body: member names and list indices."""

MAX_REPORTED = 10
MAX_COUNTED = 1000
"""Checks stop looking at further list items after so many issues: time is bounded as well as size."""
MAX_INPUT_CHARS = 200
MAX_ISSUE_CHARS = 1000


def dotted(location: Location, part: str = "body") -> str:
    """Return the path as `param` and messages name it, inside that part of the request."""
    return ".".join((part, *(str(step)[:MAX_INPUT_CHARS] for step in location)))


def summarize(value: object) -> str:
    """Return a bounded stand-in for the value that a client sent; containers are described, never rendered."""
    if isinstance(value, list | dict):
        return f"<{type(value).__name__} of {len(value)} items>"
    try:
        text = value if isinstance(value, str) else str(value)
    except ValueError:  # an int of more digits than Python writes
        return f"<{type(value).__name__}>"
    return text if len(text) <= MAX_INPUT_CHARS else f"{text[:MAX_INPUT_CHARS]}...[truncated]"


class Issues:
    """The issues found so far: the first ten in words, all of them in number."""

    __slots__ = ("count", "lines", "param", "part")

    def __init__(self, part: str = "body") -> None:
        """Gather the issues of that part of the request."""
        self.part = part
        self.count = 0
        self.lines: list[str] = []
        self.param: str | None = None

    def add(self, kind: str, location: Location, message: str, value: object, context: Any = None) -> None:
        """Note an issue: pydantic's name of it, where, in words, with what value."""
        self.count += 1
        if self.count > MAX_REPORTED:
            return
        path = dotted(location, self.part)
        if self.param is None:
            self.param = path
        entry = {"type": kind, "loc": path, "msg": message, "input": summarize(value)}
        if context is not None:
            entry["ctx"] = context
        line = str(entry)
        self.lines.append(line if len(line) <= MAX_ISSUE_CHARS else f"{line[:MAX_ISSUE_CHARS]}...[truncated]")

    def merge(self, other: Issues) -> None:
        """Note the issues of a branch that did not fit after all."""
        self.count += other.count
        self.lines.extend(other.lines[: MAX_REPORTED - len(self.lines)])
        if self.param is None:
            self.param = other.param

    @property
    def overflowing(self) -> bool:
        """Whether it is pointless to look for more."""
        return self.count >= MAX_COUNTED

    def to_error(self) -> SchemaError:
        """Return the error to raise."""
        label = "error" if self.count == 1 else "errors"
        lines = [f"{self.count} validation {label}:", *(f"  {line}" for line in self.lines)]
        if self.count > len(self.lines):
            lines.append(f"  ...and {self.count - len(self.lines)} more {label}")
        return SchemaError("\n".join(lines), param=self.param)
