# SPDX-License-Identifier: Apache-2.0
"""Text for tokenizers that the native detokenizer does not know: token ids out of the Response, text back into it.

Everything behind the text (stop strings, chunks, JSON) stays native. Slower, for it costs Python per token, and
right: the text comes from the `tokenizers` library itself. Must not know which tokenizer that is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

Delta = tuple[int, list[int], "int | None", "int | str | None"]


class RawResponse(Protocol):
    """A Response without a vocabulary."""

    def take_deltas(self) -> list[Delta]:
        """Return what engines have sent: choice, token ids, finish reason, stop reason."""
        ...

    def feed(
        self,
        choice: int,
        token_ids: Sequence[int],
        texts: list[str],
        finish: int | None,
        stop_reason: int | str | None,
    ) -> None:
        """Take a delta back, with the text that each of its tokens completed."""
        ...


class TextStream(Protocol):
    """The decode stream of one choice."""

    def push(self, token_ids: Sequence[int]) -> str:
        """Return the text that these tokens complete, possibly none."""
        ...


class ForeignDecoder:
    """The decode streams of one Response. Calling it moves on whatever has come."""

    def __init__(self, prompts: Sequence[list[int]], n: int, make_stream: Callable[[list[int]], TextStream]) -> None:
        """`make_stream` begins a decode stream behind a prompt; each prompt has `n` choices."""
        self._prompts = prompts
        self._n = n
        self._make_stream = make_stream
        self._streams: dict[int, TextStream] = {}

    def __call__(self, response: RawResponse) -> None:
        """Turn the token ids that have come into text."""
        for choice, token_ids, finish, stop_reason in response.take_deltas():
            stream = self._streams.get(choice)
            if stream is None:
                stream = self._streams[choice] = self._make_stream(self._prompts[choice // self._n])
            # One by one: a stop string ends a choice at a token.
            texts = [stream.push((token_id,)) for token_id in token_ids]
            response.feed(choice, token_ids, texts, finish, stop_reason)
            if finish is not None:
                del self._streams[choice]
