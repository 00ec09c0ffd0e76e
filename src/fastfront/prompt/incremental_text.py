# SPDX-License-Identifier: Apache-2.0
"""Token ids to text with the decoder's state outside, as plain data: a client may carry it from chunk to chunk.

The state is a few tokens and two offsets into them. Source: vllm/tokenizers/detokenizer_utils.py and
vllm/renderers/online_derenderer.py (0.32). Must not know requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tokenizers import Tokenizer

from fastfront.prompt.tokenizer import PromptTokenizer

LOOK_BACK = 5
"""Tokens before the first new one that its text may depend on."""

_UNFINISHED = "\ufffd"


class Window(NamedTuple):
    """The last tokens, in the vocabulary's spelling. Text up to `read_offset` has been shown."""

    tokens: tuple[str, ...] = ()
    prefix_offset: int = 0
    read_offset: int = 0


class IncrementalText:
    """Decodes with one tokenizer. Thread-safe: it keeps nothing."""

    def __init__(self, tokenizer: PromptTokenizer, *, skip_special_tokens: bool) -> None:
        self._tokenizer: Tokenizer = tokenizer.backend
        self._size = tokenizer.max_token_id + 1
        added = self._tokenizer.get_added_tokens_decoder()
        named = set(tokenizer.special_tokens.values())
        special = {token_id for token_id, token in added.items() if token.special or token.content in named}
        self._skipped = special if skip_special_tokens else set()

    def behind(self, prompt_token_ids: Sequence[int]) -> Window:
        """Return the state behind a prompt, of which only the end counts."""
        tokens = tuple(self._tokens(prompt_token_ids[-LOOK_BACK - 2 :]))
        return Window(tokens, max(len(tokens) - LOOK_BACK, 0), len(tokens))

    def push(self, window: Window, token_ids: Iterable[int]) -> tuple[str, Window]:
        """Return the text that these tokens complete, possibly none, and the state behind them."""
        parts: list[str] = []
        for token_id in token_ids:
            text, window = self._push(window, token_id)
            parts.append(text)
        return "".join(parts), window

    def _push(self, window: Window, token_id: int) -> tuple[str, Window]:
        tokens = (*window.tokens, *(self._tokens((token_id,)) if token_id < self._size else ("",)))
        prefix, read = window.prefix_offset, window.read_offset
        before = self._text(tokens[prefix:read])
        text = self._text(tokens[prefix:])
        shown = ""
        if len(text) > len(before) and not text.endswith(_UNFINISHED):
            shown, prefix, read = text[len(before) :], read, len(tokens)
        # What lies before the prefix is never looked at again.
        return shown, Window(tokens[prefix:], 0, read - prefix)

    def _tokens(self, token_ids: Sequence[int]) -> list[str]:
        to_token = self._tokenizer.id_to_token
        return [
            (to_token(token_id) or "") if token_id < self._size else ""
            for token_id in token_ids
            if token_id not in self._skipped
        ]

    def _text(self, tokens: Sequence[str]) -> str:
        decoder = self._tokenizer.decoder
        return " ".join(tokens) if decoder is None else decoder.decode(list(tokens))
