# SPDX-License-Identifier: Apache-2.0
"""Text whose characters nobody may read: what a chat template does with it is written down instead.

A `Text` stands for a message's content while a template is traced. It is no `str`, on purpose: C code that would read a
string's characters behind our back (`in`, join, %, formats, json, re) gets no string. What is not written down here
raises UntraceableError and marks the trace, in case somebody swallows the error. Must not know Jinja nor roles.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastfront.prompt.trace import CUTS, QUESTIONS, Piece, Trace, UntraceableError

METHODS = frozenset(("endswith", "lstrip", "rstrip", "split", "startswith", "strip"))
"""Methods of str that Text has."""


class Opaque:
    """Refuses all that Python may do with a value and that is not told otherwise."""

    __slots__ = ("trace",)

    def __init__(self, trace: Trace) -> None:
        self.trace = trace

    def refused(self, *_: Any) -> Any:
        """Stand for every method that is not told."""
        self.trace.refuse("an operation on a content")

    __str__ = __repr__ = __format__ = __hash__ = __bool__ = __len__ = __iter__ = __reversed__ = __contains__ = refused
    __getitem__ = __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __int__ = __float__ = __index__ = refused
    __add__ = __radd__ = __mul__ = __rmul__ = __mod__ = __rmod__ = __getattr__ = refused


class Text(Opaque):
    """A string made of literals and views, of which at least one is a view."""

    __slots__ = ("pieces",)

    def __init__(self, trace: Trace, pieces: Sequence[Piece]) -> None:
        super().__init__(trace)
        self.pieces = tuple(pieces)

    __hash__ = Opaque.refused

    def __add__(self, other: Any) -> Any:
        return NotImplemented if not isinstance(other, str | Text) else join(self.trace, (self, other))

    def __radd__(self, other: Any) -> Any:
        return NotImplemented if not isinstance(other, str | Text) else join(self.trace, (other, self))

    def __bool__(self) -> bool:
        if any(type(piece) is str for piece in self.pieces):
            return True
        return any(self.trace.ask(piece, "non_empty") for piece in self.pieces if type(piece) is int)

    def __eq__(self, other: object) -> bool:
        if type(other) is Text and other.pieces == self.pieces:
            return True
        if isinstance(other, str | Text):
            if type(other) is str and other == "":
                return not self
            return self.trace.ask(self._view(), "equals", self._plain(other))
        return NotImplemented

    def __ne__(self, other: object) -> bool:
        equal = self.__eq__(other)
        return equal if equal is NotImplemented else not equal

    def __contains__(self, needle: object) -> bool:
        wanted = self._plain(needle)
        if any(type(piece) is str and wanted in piece for piece in self.pieces):
            return True
        return wanted == "" or self.trace.ask(self._view(), "contains", wanted)

    def startswith(self, prefix: object, *rest: object) -> bool:
        """`str.startswith` without bounds."""
        return self._has_end("starts_with", 0, prefix, rest)

    def endswith(self, suffix: object, *rest: object) -> bool:
        """`str.endswith` without bounds."""
        return self._has_end("ends_with", -1, suffix, rest)

    def _has_end(self, question: str, index: int, end: object, rest: tuple[object, ...]) -> bool:
        wanted = self._plain(end)
        if rest:
            self.trace.refuse("a bounded search")
        piece = self.pieces[index]
        if type(piece) is str and len(piece) >= len(wanted):
            return QUESTIONS[question](piece, wanted)
        return self.trace.ask(self._view(), question, wanted)

    def strip(self, chars: object = None) -> str | Text:
        """`str.strip`."""
        if len(self.pieces) == 1:
            return self._of([self.trace.cut(self._view(), "strip", self._chars(chars))])
        return self.lstrip(chars).rstrip(self._chars(chars))

    def lstrip(self, chars: object = None) -> str | Text:
        """`str.lstrip`."""
        return self._strip_end("lstrip", 0, self._chars(chars))

    def rstrip(self, chars: object = None) -> str | Text:
        """`str.rstrip`."""
        return self._strip_end("rstrip", -1, self._chars(chars))

    def _strip_end(self, name: str, index: int, chars: str | None) -> str | Text:
        pieces = list(self.pieces)
        while pieces:
            piece = pieces[index]
            if type(piece) is int:
                view = self.trace.cut(piece, name, chars)
                left: Piece = view
                gone = len(pieces) > 1 and not self.trace.ask(view, "non_empty")
            else:
                left = CUTS[name](str(piece), chars)
                gone = left == ""
            if not gone:
                pieces[index] = left
                break
            del pieces[index]
        return self._of(pieces)

    def split(self, separator: object = None, *rest: object) -> Split:
        """`str.split` at a separator, without a limit."""
        wanted = self._plain(separator)
        if rest or wanted == "":
            self.trace.refuse("a split with a limit")
        return Split(self.trace, self._view(), wanted)

    def _view(self) -> int:
        """Return the one view that this is; what is put together has no answers of its own."""
        piece, *more = self.pieces
        if more or type(piece) is not int:
            self.trace.refuse("a question about a text put together")
        return piece

    def _plain(self, value: object) -> str:
        if type(value) is not str:
            self.trace.refuse("an argument that is no plain string")
        return value

    def _chars(self, value: object) -> str | None:
        return None if value is None else self._plain(value)

    def _of(self, pieces: Sequence[Piece]) -> str | Text:
        return join(self.trace, (Text(self.trace, (piece,)) if type(piece) is int else piece for piece in pieces))


class Split(Opaque):
    """What Text.split gives: its first and its last part can be had."""

    __slots__ = ("_separator", "_view")

    def __init__(self, trace: Trace, view: int, separator: str) -> None:
        super().__init__(trace)
        self._view = view
        self._separator = separator

    __hash__ = Opaque.refused

    def __getitem__(self, index: object) -> Text:
        if type(index) is not int or index not in {0, -1}:
            self.trace.refuse("a part in the middle")
        return Text(self.trace, (self.trace.cut(self._view, "before" if index == 0 else "after", self._separator),))


class Arguments(Opaque):
    """Stands for the arguments of a call, an object of which a template may print the JSON."""

    __slots__ = ("_text",)

    def __init__(self, text: Text) -> None:
        """Take the JSON, as `tojson` prints it."""
        super().__init__(text.trace)
        self._text = text

    __hash__ = Opaque.refused

    def __bool__(self) -> bool:
        return self._text != "{}"

    def to_json(self, **options: object) -> Text:
        """`tojson` without options that say something."""
        if any(options.values()):
            self.trace.refuse("arguments printed in another way")
        return self._text


def join(trace: Trace | None, texts: Any) -> str | Text:
    """Return the texts (plain strings and Text) put together: a plain string if no view is among them."""
    pieces: list[Piece] = []
    for text in texts:
        if type(text) is Text:
            trace = text.trace
            added: tuple[Piece, ...] = text.pieces
        elif type(text) is str:
            added = (text,) if text else ()
        elif trace is not None:
            trace.refuse("a text that is no plain string")
        else:
            raise UntraceableError("a text that is no plain string")
        for piece in added:
            if pieces and type(piece) is str and type(pieces[-1]) is str:
                pieces[-1] = pieces[-1] + piece
            else:
                pieces.append(piece)
    if trace is None or all(type(piece) is str for piece in pieces):
        return "".join(str(piece) for piece in pieces)
    return Text(trace, pieces)
