# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["ArgumentsPrinter", "Recipe", "RecipeBook", "texts_of"]

def texts_of(letter: str) -> int:
    """Return how many texts a letter of a shape stands for. See RecipeBook."""

class Recipe:
    """How the prompt of one conversation shape is joined from the contents. Immutable but for `plan`."""

    steps: tuple[tuple[int, str, str | None, bool | None], ...]
    pieces: tuple[str | int, ...]
    """These two as they were given."""
    used: bool
    """Whether a RecipeBook has rendered with it."""
    plan: Any
    """For whoever makes something of recipes to keep it here; None at first."""

    def __init__(
        self,
        contents: int,
        steps: Iterable[tuple[int, str, str | None, bool | None]],
        pieces: Iterable[str | int],
    ) -> None:
        """Take the number of contents, what is done with them in order, and what the prompt is joined from.

        A step is (view, name, text, answer). Views 0 to `contents` - 1 are the contents. The names "strip", "lstrip",
        "rstrip" (text None: whitespace), "before" and "after" (`split(text)[0]` and `[-1]`) make the next view; the
        names "non_empty", "contains", "starts_with", "ends_with" and "equals" are questions whose answer must be
        `answer`. A piece is a literal or a view. Raises ValueError for a view that does not exist, KeyError for a name.
        """

    def __len__(self) -> int:
        """Return the number of contents."""

    def render(self, contents: list[str]) -> str | None:
        """Return the prompt, or None if a question has another answer (or a content is no plain str)."""

class ArgumentsPrinter:
    """What a template prints of the arguments of calls, remembered by how they were written."""

    def __init__(self, printed: Callable[[str], str | None], max_size: int) -> None:
        """Take what prints them (None: that is not for a recipe), and the bound on characters that are remembered.

        What takes more than a sixteenth of that is printed each time. What is an object as json.dumps(...,
        ensure_ascii=False) writes it is taken to be printed as it is.
        """

    def __len__(self) -> int:
        """Return how many are remembered."""

class RecipeBook:
    """The recipes of one template by the shape of the conversation.

    A shape is a letter for each message: `s`, `u`, `a`, `t` for system, user, assistant and tool; in upper case where
    the template gets the content as a list of one text part. `r` is a tool's message with a tool_call_id, `N` one of
    an assistant with no part at all. Behind a message stands an `i` for each of its calls, before it an `h` if it has
    reasoning. The texts of a conversation are, letter by letter: a content; for `r` id and content; for `N` none; for
    `i` id, name and arguments; for `h` the reasoning.
    """

    def __init__(
        self,
        on_first_use: Callable[[bytes, list[str]], None] | None = None,
        printer: ArgumentsPrinter | None = None,
    ) -> None:
        """Take who is told, with shape and texts, when a recipe has been used for the first time.

        Without a printer conversations with calls are not read.
        """

    def read(self, messages: object, as_parts: bool | None = None) -> tuple[bytes, list[str]] | None:
        """Return shape and texts; None for members that these do not tell of, and for more than 512 messages.

        Messages are as the template gets them, with a role and a content. With `as_parts`, they are a request's own,
        whose texts the template would get as parts (True; a tool's all the same as a string) or as strings (False).
        """

    def __len__(self) -> int:
        """Return how many shapes have recipes."""

    def recipes(self, shape: bytes) -> int:
        """Return how many recipes the shape has."""

    def of_shape(self, shape: bytes) -> tuple[Recipe, ...]:
        """Return the shape's recipes, in the order in which they are tried."""

    def add(self, shape: bytes, recipe: Recipe) -> None:
        """Let the recipe render conversations of the shape, after those that it has already."""

    def drop(self, shape: bytes) -> None:
        """Forget the shape's recipes, if it has some."""

    def render(self, messages: object, as_parts: bool | None = None) -> str | None:
        """Return the prompt, or None if no recipe fits. `messages` and `as_parts` as for `read`."""
