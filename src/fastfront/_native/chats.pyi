# SPDX-License-Identifier: Apache-2.0
"""Chats that come back with another turn: messages remembered as the client wrote them, and what each is in ids."""

from collections.abc import Callable, Sequence
from typing import Any

from fastfront._native.prompt import EncodedPrompt, SegmentEncoder, SplitPrompt
from fastfront._native.template import Recipe

class Slot:
    """What a recipe does with the content at one of its places. Messages keep what came of them in it."""

    def __init__(self, recipe: Recipe, before: SplitPrompt | None, after: SplitPrompt | None) -> None:
        """Take a recipe of that content alone, which prints it with the literals around it, and these literals.

        None instead of the literals: the content is not printed, and the recipe only asks about it.
        """

class Plan:
    """How the prompts of one recipe are put together from what the contents are in ids. Immutable."""

    segments: SegmentEncoder

    def __init__(self, segments: SegmentEncoder, slots: Sequence[Slot], literals: Sequence[SplitPrompt]) -> None:
        """Take the slots of all contents, and the literals before, between and behind those that are printed.

        Each literal between two contents has a special token, and lies inside of none. Raises ValueError for a wrong
        number of literals, and for one that cannot be encoded.
        """

    def prompt(self, chat: Chat, split: Callable[[str], SplitPrompt | None]) -> ChatPrompt | None:
        """Return the chat's prompt, or None if its contents are not the recipe's or cannot be taken apart.

        `split` splits a text as `segments` does; None: it must not be.
        """

class ChatPrompt:
    """The prompt of a chat, message by message."""

    unseen: int
    """Bytes of UTF-8 that have to be tokenized."""
    chars: int
    """Characters of the text that it stands for."""

    def encode(self) -> EncodedPrompt | None:
        """Tokenize what is unseen and put all together; None if a piece cannot be encoded."""

class Chat:
    """What is known of the chat in a body."""

    known: int
    """Messages of which this is said."""
    shape: bytes
    """Theirs; see `RecipeBook`."""
    rest: bytes
    """The body with something that no client can write in place of them, to be decoded."""

class ChatMemory:
    """Messages of chats, as clients wrote them. To be used with the GIL, from any thread."""

    bytes_held: int
    """What they take, more or less."""

    def __init__(self, max_bytes: int, as_parts: bool) -> None:
        """Take the bound, and what RecipeBook.shape_of calls `as_parts`."""

    def __len__(self) -> int:
        """Return how many messages are remembered."""

    def recognise(self, body: bytes) -> Chat | None:
        """Return the chat of which at least half of the body is known, else None."""

    def complete(self, chat: Chat, messages: list[dict[str, str]]) -> bool:
        """Add the messages that were decoded from the chat's rest.

        False: the body is not what it looked like, or has a message that is more than a known role and a text.
        """

    def remember(self, body: bytes, messages: list[dict[str, str]], decode: Callable[[bytes], Any]) -> None:
        """Remember a body's messages. `decode` makes a request of a body, `messages` are those of this one."""

    def keep(self, chat: Chat) -> None:
        """Remember all messages of a chat that is complete."""
