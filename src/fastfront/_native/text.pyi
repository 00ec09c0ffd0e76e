# SPDX-License-Identifier: Apache-2.0
from collections.abc import Iterable, Sequence

from tokenizers import Tokenizer

from fastfront._native.tokenizer_json import TokenizerJson

__all__ = ["Detokenizer", "Vocab"]

class Vocab:
    """Token id to bytes, for tokenizers whose decoder works token by token. Immutable, shared by all requests."""

    @staticmethod
    def from_tokenizer_json(
        tokenizer_json: bytes | str | TokenizerJson | None, tokenizer: Tokenizer | None = None
    ) -> Vocab | None:
        """Build the table from a tokenizer.json (its bytes, or decoded).

        Returns None if its decoder is none that works token by token.

        Pass the live `tokenizer` made from the file where it may differ from it: its decoder and its added tokens (with
        those of tokenizer_config.json) count then. Raises ValueError if `tokenizer_json` is not JSON.
        """

    @staticmethod
    def from_texts(
        texts: Iterable[tuple[int, str]],
        halves: Iterable[tuple[int, str]] = (),
        *,
        family: str,
        restored_spaces: bool = False,
    ) -> Vocab:
        """Build a table that names tokens and decodes no answers: each is what it is decoded to alone.

        `halves` are the tokens that are parts of characters, in the vocabulary's spelling, which `family` ("byte_level"
        or "byte_fallback") turns into bytes. `restored_spaces`: texts have leading spaces that decoding drops. Raises
        ValueError for an id that is given twice or is above 2**24.
        """

    @property
    def family(self) -> str:
        """Return "byte_level" or "byte_fallback"."""

    @property
    def size(self) -> int:
        """Return one more than the largest token id."""

    def decode(self, token_ids: Sequence[int], skip_special_tokens: bool = True) -> str:
        """Return the text of a whole sequence, as `Tokenizer.decode` gives it."""

    def token_bytes(self, token_id: int) -> bytes | None:
        """Return the bytes that the token contributes to a text, or None for an id without a token."""

class Detokenizer:
    """One stream of output tokens: vLLM's FastIncrementalDetokenizer, byte for byte."""

    def __init__(
        self,
        vocab: Vocab,
        prompt_token_ids: Sequence[int] = (),
        *,
        skip_special_tokens: bool = True,
        spaces_between_special_tokens: bool = True,
    ) -> None: ...
    def push(self, token_ids: Sequence[int]) -> str:
        """Return the text that these tokens complete. An id without a token completes nothing."""

    def push_shown(self, token_id: int) -> str:
        """Push a special token that is text even where special tokens are skipped."""
