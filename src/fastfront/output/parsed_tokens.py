# SPDX-License-Identifier: Apache-2.0
"""One choice's answer from its token ids to pieces, outside of a response: for who has the tokens of an engine.

The parsers, the detokenizer and what each sees are those of a response. Must not know requests or how pieces are shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from fastfront._native.parse import Parser
from fastfront.output.python_parsers import PythonParsers

if TYPE_CHECKING:
    from fastfront._native.parse import ParserPlan, Piece
    from fastfront.output.foreign import TextStream
    from fastfront.output.parsers import Parsing


class ShowingStream(Protocol):
    """A decode stream of the native kind."""

    def push(self, token_ids: Sequence[int]) -> str:
        """Return the text that these tokens complete, possibly none."""
        ...

    def push_shown(self, token_id: int) -> str:
        """Push a special token that is text whatever is skipped."""
        ...


def tokens_parser(parsing: Parsing, stream: TextStream, token_text: Callable[[int], str]) -> TokensParser:
    """Return what parses one choice's tokens.

    `stream` decodes behind the prompt: a ShowingStream where the plan has special tokens. `token_text` says what such a
    token is called.
    """
    if parsing.plan is None:
        return _Unparsed(stream)
    if parsing.outside is not None:
        return _ParsedOutside(PythonParsers(parsing.outside), stream)
    return _Parsed(parsing.plan, stream, token_text)


class TokensParser(Protocol):
    """Takes a choice's tokens as they come."""

    def push(self, token_ids: Sequence[int], *, ended: bool = False) -> list[Piece]:
        """Return what is known now; the rest may wait until the choice has ended."""
        ...


class _Unparsed:
    """All of it is content."""

    def __init__(self, stream: TextStream) -> None:
        self._stream = stream

    def push(self, token_ids: Sequence[int], *, ended: bool = False) -> list[Piece]:
        text = self._stream.push(token_ids)
        return [("content", text)] if text else []


class _ParsedOutside:
    """Parsed in Python."""

    def __init__(self, parsers: PythonParsers, stream: TextStream) -> None:
        self._parsers = parsers
        self._stream = stream

    def push(self, token_ids: Sequence[int], *, ended: bool = False) -> list[Piece]:
        return self._parsers.parse(0, self._stream.push(token_ids), list(token_ids), ended)


class _Parsed:
    """Parsed natively. Special tokens that the parser goes by reach it with their ids, others are not shown."""

    def __init__(self, plan: ParserPlan, stream: Any, token_text: Callable[[int], str]) -> None:
        self._parser = Parser.of(plan)
        self._special = plan.special_ids
        self._stream = stream
        self._token_text = token_text

    def push(self, token_ids: Sequence[int], *, ended: bool = False) -> list[Piece]:
        pieces: list[Piece] = []
        ordinary: list[int] = []
        for token_id in token_ids:
            if token_id not in self._special:
                ordinary.append(token_id)
                continue
            self._push_text(self._stream.push(ordinary), pieces)
            ordinary = []
            self._push_special(token_id, pieces)
        self._push_text(self._stream.push(ordinary), pieces)
        if ended:
            pieces += self._parser.finish()
        return pieces

    def _push_text(self, text: str, pieces: list[Piece]) -> None:
        if text:
            pieces += self._parser.push(text)

    def _push_special(self, token_id: int, pieces: list[Piece]) -> None:
        # What was held back of an unfinished character comes out before it.
        text, own = self._stream.push_shown(token_id), self._token_text(token_id)
        if not own or not text.endswith(own):
            self._push_text(text, pieces)
            return
        self._push_text(text.removesuffix(own), pieces)
        pieces += self._parser.push(own, token_id)
