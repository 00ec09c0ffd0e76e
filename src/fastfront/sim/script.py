# SPDX-License-Identifier: Apache-2.0
"""Scripted token sequences: a file says, token by token, what the engine answers. For tests of what reads the outputs.

Reads and checks the file and picks the sequence of a request. Knows neither sockets nor pace. The format is FORMAT.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import msgspec

from fastfront.engine.types import FinishReason
from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

FORMAT = """\
format of the --script file:
  {"sequences": [{"tokens": [101, 7, 9], "finish": "stop"}, {"match": "weather", "text": "Sunny."}, ...]}
  Each sequence has one of
    tokens        token ids, played --tokens-per-step at a time
    text          text, played as the tokens of the model's tokenizer
    chunks        lists of token ids, each played in one step; [] is an output without tokens
  and may have
    match         play it for prompts that contain this text (as decoded, with special tokens); "" fits every prompt
    finish        stop (default), length, abort, error, repetition; null: fall silent after the last token
    stop_reason   a token id or a string that goes with the finish
    spec_decode   what is told of drafting with the finish: vLLM's RequestSpecDecodeMetrics as an object
    raw           true: ignore max_tokens, stop token ids and the end token of the request; play everything
  The first sequence whose match fits the prompt is played. Otherwise a request with sampling seed i gets the i-th of
  the sequences without match (counted from 0, going round). A request without seed gets the engine's usual answer."""


@dataclasses.dataclass(slots=True)
class Piece:
    """A run of tokens of one answer. With `finish` the answer ends with it; `together`: in one step."""

    tokens: list[int]
    finish: FinishReason | None = None
    stop_reason: int | str | None = None
    together: bool = False
    spec_decode: dict[str, Any] | None = None


class Sequence(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One entry of the file."""

    match: str | None = None
    tokens: list[int] | None = None
    text: str | None = None
    chunks: list[list[int]] | None = None
    finish: str | None = "stop"
    stop_reason: int | str | None = None
    spec_decode: dict[str, Any] | None = None
    raw: bool = False

    def __post_init__(self) -> None:
        if sum(given is not None for given in (self.tokens, self.text, self.chunks)) != 1:
            raise ValueError("a sequence has exactly one of tokens, text, chunks")
        if self.finish is not None and self.finish.upper() not in FinishReason.__members__:
            raise ValueError(f"finish is no finish reason: {self.finish!r}")

    def pieces(self, encode: Callable[[str], list[int]]) -> Iterator[Piece]:
        """Yield what to play; the last piece carries the finish, if there is one."""
        chunks = self.chunks
        if chunks is None:
            chunks = [self.tokens if self.tokens is not None else encode(self.text or "")]
        finish = None if self.finish is None else FinishReason[self.finish.upper()]
        together = self.chunks is not None
        for chunk in chunks[:-1]:
            yield Piece(chunk, together=together)
        reason = self.stop_reason if finish is not None else None
        yield Piece(chunks[-1] if chunks else [], finish, reason, together, self.spec_decode)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    sequences: list[Sequence]


class Script:
    """The sequences of a file and the rule that picks one."""

    def __init__(self, sequences: list[Sequence]) -> None:
        self._matched = [(s.match, s) for s in sequences if s.match is not None]
        self._seeded = [s for s in sequences if s.match is None]
        self.needs_prompt = any(match for match, _ in self._matched)

    @classmethod
    def load(cls, path: Path) -> Script:
        """Read a script file. Raises StartupError with the reason if it is none."""
        try:
            return cls(msgspec.json.decode(path.read_bytes(), type=_File).sequences)
        except OSError as error:
            raise StartupError(f"cannot read the script: {error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StartupError(f"{path} is no script: {error}") from None

    def pick(self, prompt: str, seed: int | None) -> Sequence | None:
        """Return the sequence for a request, None where the script says nothing. `prompt` may be "" if not needed."""
        for match, sequence in self._matched:
            if match in prompt:
                return sequence
        if seed is not None and self._seeded:
            return self._seeded[seed % len(self._seeded)]
        return None
