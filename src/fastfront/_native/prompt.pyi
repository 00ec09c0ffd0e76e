# SPDX-License-Identifier: Apache-2.0
"""Prompts as ids in the engine's wire form, and the memory of what parts of them are in ids."""

from collections.abc import Callable, Sequence

class EncodedPrompt:
    """A prompt's ids."""

    @staticmethod
    def of(flat: bytes) -> EncodedPrompt:
        """Take ids as little-endian uint32."""

    def __len__(self) -> int:
        """Return how many ids there are."""

    def ids(self) -> list[int]:
        """Return the ids as a list, for tests and tools."""

    def last_of(self, wanted: tuple[int, ...]) -> int | None:
        """Return the last of the ids that is one of `wanted`, None if none is."""

class SplitPrompt:
    """A text in pieces, some of which are known in ids."""

    unseen: int
    """Bytes of UTF-8 that have to be tokenized."""

    has_specials: bool
    """Whether special tokens are among the pieces."""

    def unseen_texts(self) -> list[str]:
        """Return what has to be tokenized: pieces, or runs of them with the special tokens between."""

class SegmentEncoder:
    """Encodes texts piece by piece, split at special tokens, and remembers the pieces. Not for use without the GIL.

    Right only for a tokenizer that encodes a text between special tokens without regard to what is around them.
    """

    def __init__(
        self,
        special_tokens: dict[str, int],
        encode_texts: Callable[[list[str]], list[bytes] | None],
        ends: tuple[Sequence[int], Sequence[int]],
        max_bytes: int,
        run_bytes: int,
    ) -> None:
        """Split at `special_tokens` (text to id: all that the tokenizer takes out of a raw text).

        `encode_texts` gives the ids of each text as little-endian uint32, or None if it cannot; `ends` are the ids to
        put before and after a text on demand; what is remembered takes `max_bytes` at most. Pieces are handed to it in
        runs of up to `run_bytes`, with the special tokens between them, which it has to find itself; 0: one by one.
        Raises ValueError for special tokens that cannot be looked for fast.
        """

    @property
    def segments(self) -> int:
        """How many pieces are remembered."""

    @property
    def bytes_held(self) -> int:
        """What they take."""

    def split(self, text: str) -> SplitPrompt:
        """Split a text and look its pieces up. Raises UnicodeEncodeError for a lone surrogate."""

    def encode(self, prompt: SplitPrompt, add_special_tokens: bool) -> EncodedPrompt | None:
        """Tokenize what is unseen and put all together, `ends` too if asked for; None if a piece cannot be encoded."""
