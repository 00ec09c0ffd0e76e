# SPDX-License-Identifier: Apache-2.0
"""What the express lane encodes with: fastokens where it is loaded and agrees, `tokenizers` until then and elsewhere.

Says of each text how much work it is before the work is done, so that the caller can choose where to do it. Must not
know requests, templates or threads.
"""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING

from fastfront._native.chats import ChatPrompt
from fastfront._native.prompt import EncodedPrompt, SplitPrompt
from fastfront.errors import BadRequestError

if TYPE_CHECKING:
    from fastfront.prompt.fast_encoder import FastEncoder
    from fastfront.prompt.tokenizer import PromptTokenizer

SLOWNESS = 16
"""What a byte costs with `tokenizers`, in bytes that fastokens has not seen."""

WAITS_FROM = 1024
"""Characters from which a text waits for fastokens while it is being loaded: `tokenizers` takes 0.2 ms for so many, and
as much of the core that the loading needs."""

PATIENCE = 2.0
"""Seconds that it waits at most."""


class WholePrompt:
    """A text that goes to `tokenizers` as a whole."""

    __slots__ = ("text", "unseen")

    def __init__(self, text: str) -> None:
        self.text = text
        self.unseen = len(text) * SLOWNESS
        """Bytes of work; see SplitPrompt.unseen."""


class PromptEncoder:
    """Texts to prompts in the engine's form, in two steps. May be used by several threads at once."""

    def __init__(self, tokenizer: PromptTokenizer) -> None:
        self._tokenizer = tokenizer
        self._loader = tokenizer.fast

    @property
    def _fast(self) -> FastEncoder | None:
        return None if self._loader is None else self._loader.encoder

    def split(self, text: str) -> SplitPrompt | WholePrompt:
        """Look a text over. Its `unseen` tells in bytes how much of it has to be tokenized."""
        fast = self._fast
        split = None if fast is None else fast.split(text)
        return WholePrompt(text) if split is None else split

    def finish(self, split: SplitPrompt | ChatPrompt | WholePrompt, add_special_tokens: bool) -> EncodedPrompt | None:
        """Return the ids; None for a text that cannot be encoded (a lone surrogate). A long one may wait."""
        if isinstance(split, ChatPrompt):
            return split.encode()
        if isinstance(split, SplitPrompt):
            fast = self._fast
            return None if fast is None else fast.finish(split, add_special_tokens)
        if self._loader is not None and len(split.text) >= WAITS_FROM:
            self._loader.wait(PATIENCE)
            again = self.split(split.text)
            if isinstance(again, SplitPrompt):
                return self.finish(again, add_special_tokens)
        try:
            ids = self._tokenizer.encode(split.text, add_special_tokens)
        except BadRequestError:
            return None
        return EncodedPrompt.of(array("I", ids).tobytes())
