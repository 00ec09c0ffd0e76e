# SPDX-License-Identifier: Apache-2.0
"""Parsers of answers that are written in Python: the protocol for one's own, and what drives them.

Slower than the native ones, for they cost Python per token, and as right as whoever wrote them. Everything before them
(text, stop strings) and behind them (chunks, JSON, usage) is the native pipeline's. Must not know any format.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from fastfront._native.parse import Piece

logger = logging.getLogger(__name__)


class AnswerParser(Protocol):
    """What reads one choice's answer. Pieces are tuples:

    ("reasoning", text), ("content", text), ("call", number, function's name, id or ""), ("arguments", number, text).

    `number` counts the answer's tool calls from 0; the texts of a call's arguments, put together, are JSON. An id of
    "" is made by the server. The pieces of all pushes and of the finish, put together, are the whole answer.
    """

    def push(self, text: str, token_ids: Sequence[int]) -> Iterable[Piece]:
        """Take more text, and the tokens that came with it. Returns what is known now; the rest may wait."""
        ...

    def finish(self) -> Iterable[Piece]:
        """Take the end, in whatever state the model ended. Returns what was held back."""
        ...


class ParserContext(NamedTuple):
    """What a parser is made for."""

    request: Mapping[str, Any]
    """The chat request's members that are not at their defaults, as JSON has them."""
    prompt_token_ids: Sequence[int]
    chat_template_kwargs: Mapping[str, Any]
    """What the chat template was called with besides messages and tools, the server's defaults among it."""


ParserFactory = Callable[[ParserContext], AnswerParser]

_factories: dict[str, ParserFactory] = {}


def register_parser(name: str, factory: ParserFactory) -> None:
    """Make a parser known to --reasoning-parser and --tool-call-parser under a name. A name given twice is replaced.

    It is called once per choice of a chat's answer, and reads the whole of it: reasoning and tool calls. Under a name
    of a native parser it takes that one's place.
    """
    _factories[name] = factory


def registered_parser(name: str | None) -> ParserFactory | None:
    """Return what was registered under the name."""
    return None if name is None else _factories.get(name)


class ParsedInPython(Protocol):
    """A Response whose text is parsed outside."""

    def take_steps(self) -> list[tuple[int, str, list[int], bool]]:
        """Return what has come: choice, text, token ids, whether it is the choice's end."""
        ...

    def give_pieces(self, choice: int, pieces: Sequence[Piece]) -> None:
        """Take the pieces of the choice's next step."""
        ...


class PythonParsers:
    """The parsers of one Response. Calling it moves on whatever has come."""

    def __init__(self, make_parser: Callable[[], AnswerParser], decoder: Callable[[Any], None] | None = None) -> None:
        """`decoder` makes the text first, where that is done in Python, too."""
        self._make_parser = make_parser
        self._decoder = decoder
        self._parsers: dict[int, AnswerParser] = {}

    def __call__(self, response: ParsedInPython) -> None:
        """Parse the text that has come."""
        if self._decoder is not None:
            self._decoder(response)
        for choice, text, token_ids, ended in response.take_steps():
            response.give_pieces(choice, self.parse(choice, text, token_ids, ended))

    def parse(self, choice: int, text: str, token_ids: list[int], ended: bool) -> list[Piece]:
        """Return the pieces of a choice's next text. A parser that fails makes content of it and of what follows."""
        pieces: list[Piece] = []
        try:
            parser = self._parsers.get(choice)
            if parser is None:
                parser = self._parsers[choice] = self._make_parser()
            end = getattr(parser, "end", None) if ended else None
            if end is not None:  # vLLM's parsers want to know the last text for the last
                pieces.extend(end(text, token_ids))
            else:
                pieces.extend(parser.push(text, token_ids))
                if ended:
                    pieces.extend(parser.finish())
        except Exception:
            # Somebody else's code, on what a model wrote: the answer goes on as plain text.
            logger.exception("A parser failed; the rest of its answer is content")
            self._parsers[choice] = _Plain()
            pieces.append(("content", text))
        if ended:
            del self._parsers[choice]
        return pieces


class _Plain:
    """Everything is content."""

    def push(self, text: str, token_ids: Sequence[int]) -> list[Piece]:
        return [("content", text)]

    def finish(self) -> list[Piece]:
        return []
