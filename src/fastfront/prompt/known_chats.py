# SPDX-License-Identifier: Apache-2.0
"""The next turn of a chat seen before: only what is new of its body is decoded, rendered and tokenized.

What comes out is what the general way makes of the whole body, id for id; where that is not sure nothing comes out.
Must not know HTTP, nor what a request has beside its messages.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fastfront._native.chats import Chat, ChatMemory, ChatPrompt
from fastfront.prompt.chat_plan import Planner

if TYPE_CHECKING:
    from fastfront.prompt.content_format import ContentFormat
    from fastfront.prompt.fast_encoder import FastEncoderLoader
    from fastfront.prompt.plain_chats import PlainChats

MEMORY_BYTES = 64 << 20
"""Bound on messages that are remembered: some 85 chats of 48,000 tokens."""

WORTH_BYTES = 4096
"""Bodies smaller than this are decoded as a whole at once."""


class KnownChats:
    """Chats of one tokenizer, whatever their options. May be used by several threads at once."""

    def __init__(
        self, content_format: ContentFormat, loader: FastEncoderLoader, decode: Callable[[bytes], Any]
    ) -> None:
        """Take how templates get contents, and what makes a request with `messages` of a body, or raises."""
        self._content_format = content_format
        self._loader = loader
        self._decode = decode
        self._memory = ChatMemory(MEMORY_BYTES, content_format == "openai")
        self._planner: Planner | None = None

    def recognise(self, body: bytes) -> Chat | None:
        """Return what is known of the body's chat, if that is worth while. Its `rest` is to be decoded."""
        return None if len(body) < WORTH_BYTES else self._memory.recognise(body)

    def prompt(self, chat: Chat, messages: list[dict[str, str]], chats: PlainChats) -> ChatPrompt | None:
        """Return the prompt of the chat of whose rest came these messages; None: the whole body has to be decoded.

        `chats`: how it is made text.
        """
        encoder = self._loader.encoder
        if encoder is None or chats.content_format != self._content_format or not self._memory.complete(chat, messages):
            return None
        if self._planner is None:
            self._planner = Planner(encoder)
        for recipe in chats.recipes(chat.shape):
            # Not before it was used as a whole: the next turn's recipe is learnt then.
            plan = self._planner.plan(recipe) if recipe.used else None
            prompt = None if plan is None else plan.prompt(chat, encoder.split)
            if prompt is not None:
                self._memory.keep(chat)
                return prompt
        return None

    def note(self, body: bytes, messages: list[dict[str, str]], text: str, unseen: int) -> None:
        """Take notice of a body that was decoded whole, its prompt's text, and how much of that had not been seen.

        It is remembered when most of it has come before: what is never asked again costs nothing here.
        """
        if len(body) >= WORTH_BYTES and unseen * 2 < len(text):
            self._memory.remember(body, messages, self._decode)
