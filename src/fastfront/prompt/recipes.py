# SPDX-License-Identifier: Apache-2.0
"""The recipes of a chat template: which shapes have some, how they come about and how they are found to be right.

What a template prints for plain conversations is literals and contents, and which ones depends on the roles and on a
few questions about the contents. So it is traced once for a shape (traced_template.py), compared with jinja2 on a
battery (recipe_battery.py), and from then on joined natively. Short shapes are learnt at load; longer ones in the
background at their second sight, and the next turn's shape once a shape is used, so that no request waits. With tools
or template variables the template is another one: such recipes are siblings of the plain ones, all of them learnt in
the background. Must not know requests.
"""

from __future__ import annotations

import functools
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from fastfront._native.template import Recipe, RecipeBook
from fastfront.prompt import recipe_battery
from fastfront.prompt.background import Background, Pace
from fastfront.prompt.chat_shape import ARGUMENTS, arguments_texts, conversation, is_plain, system_texts
from fastfront.prompt.conversation import BILLING_HEADER, Message
from fastfront.prompt.sandbox import FUNCTIONS
from fastfront.prompt.trace import Signature, Step, signatures_of
from fastfront.prompt.traced_template import Traced, TracedTemplate

logger = logging.getLogger(__name__)

Events = Callable[[Iterable[Any]], Iterator[Any]]
"""What a template's output goes through, piece by piece."""

_FIRST_SHAPES = tuple(system + "ua" * turns + "u" for turns in range(4) for system in ("", "s"))
_MAX_ATTEMPTS = 4
"""Recipes of a shape, those included that came to nothing."""
_MAX_MESSAGES = 256
"""Of a shape that is learnt."""
_MAX_WEIGHT = 65_536
"""Messages of all recipes together, some 200 bytes each in most templates."""
_MAX_SIBLING_WEIGHT = 8_192
"""The same for conversations with options, of which a server sees many: 2 MB, each 256 bytes of a tool count as one."""
_MAX_SHAPES = 1_024
"""Shapes whose sights and attempts are counted."""
_MAX_JOBS = 8
"""Conversations that wait to be learnt from; more are let go."""
_LEAST_AGREED = 2
"""Conversations for which a recipe must have a prompt."""
_ENOUGH_AGREED = 3
"""Those that do for a recipe if all that it asks has been compared before."""
_SHARE = 0.25
"""Of the time, for learning."""


class NotAgreedError(Exception):
    """A recipe printed something else than jinja2."""


class _Era:
    """All that is known while the dates that recipes print stay as they are: for good, for most templates."""

    def __init__(self, on_first_use: Callable[[bytes, list[str]], None], max_weight: int) -> None:
        self.book = RecipeBook(on_first_use, ARGUMENTS)
        self._max_weight = max_weight
        self.weights: dict[bytes, int] = {}
        """Of the shapes in the book, the oldest first."""
        self.sights: dict[bytes, int] = {}
        self.attempts: dict[bytes, int] = {}
        self.dates: dict[str, str] = {}
        """Format -> what recipes in the book print for it. Replaced, never changed."""
        self._checked: tuple[int, dict[str, str]] = (0, self.dates)
        self._lock = threading.Lock()

    def is_over(self) -> bool:
        """Return whether jinja2 would print another date. That cannot change within a second."""
        dates, now = self.dates, int(time.time())
        second, checked = self._checked
        if second == now and checked is dates:
            return False
        if any(FUNCTIONS["strftime_now"](form) != text for form, text in dates.items()):
            return True
        self._checked = (now, dates)
        return False

    def is_done(self, shape: bytes) -> bool:
        """Return whether no more recipes of the shape are wanted."""
        return max(self.attempts.get(shape, 0), self.book.recipes(shape)) >= _MAX_ATTEMPTS

    def add(self, shape: bytes, recipe: Recipe, traced: Traced) -> None:
        """Put a recipe into the book, behind the dates that it prints."""
        with self._lock:
            if any(self.dates.get(form, text) != text for form, text in traced.dates.items()):
                return
            if traced.dates:
                self.dates = {**self.dates, **traced.dates}
            literals = {piece for piece in traced.pieces if type(piece) is str}
            self.weights[shape] = self.weights.get(shape, 0) + len(shape) + sum(map(len, literals)) // 64
            self.book.add(shape, recipe)
            while sum(self.weights.values()) > self._max_weight:
                oldest = next(iter(self.weights))
                del self.weights[oldest]
                self.attempts.pop(oldest, None)
                self.book.drop(oldest)


class Recipes:
    """The recipes of one template, called with one set of options. `render` and `note` are thread-safe."""

    def __init__(
        self,
        template: TracedTemplate,
        bind: Callable[[list[Message]], dict[str, Any]],
        reference: Callable[[dict[str, Any], Events], str | None],
        *,
        background: Background | None = None,
    ) -> None:
        """Take the template, what it is called with for a conversation, and jinja2's prompt (None: it refuses).

        `background`: where others of the template are learnt, whose siblings these are.
        """
        self._template = template
        self._bind = bind
        self._reference = reference
        self._is_sibling = background is not None
        self._era = self._new_era()
        self._proven: set[Signature] = set()
        """What was asked of contents in recipes that were found to be right."""
        self._background = background or Background("fastfront-recipes", max_waiting=_MAX_JOBS, share=_SHARE)

    def sibling(self, bind: Callable[[list[Message]], dict[str, Any]]) -> Recipes:
        """Return recipes of the template called otherwise: none yet."""
        return Recipes(self._template, bind, self._reference, background=self._background)

    def _new_era(self) -> _Era:
        return _Era(self._on_first_use, _MAX_SIBLING_WEIGHT if self._is_sibling else _MAX_WEIGHT)

    def learn_first(self, *, as_parts: bool) -> int:
        """Learn the shapes of short conversations, and return of how many there are recipes. Takes some 20 ms."""
        pace = Pace(1)
        for letters in _FIRST_SHAPES:
            shape = letters.upper() if as_parts else letters
            self._learn(shape.encode(), [f"text {number}" for number in range(len(shape))], pace)
        return len(self._era.book)

    def render(self, messages: list[Message], *, as_parts: bool | None = None) -> str | None:
        """Return the prompt, or None if no recipe fits. See `_native.template.RecipeBook`."""
        era = self._era
        text = era.book.render(messages, as_parts)
        # Asked afterwards: the dates of all that was in the book are known by now.
        if text is not None and era.dates and era.is_over():
            self._era = self._new_era()
            return None
        return text

    def of_shape(self, shape: bytes) -> tuple[Recipe, ...]:
        """Return the recipes of a shape that hold today, for whoever renders with them himself."""
        era = self._era
        found = era.book.of_shape(shape)
        if found and era.dates and era.is_over():
            self._era = self._new_era()
            return ()
        return found

    def note(self, messages: list[Message], *, as_parts: bool | None = None) -> None:
        """Take notice of a conversation that no recipe fitted: at the second sight of its shape it is learnt from.

        Siblings know no shapes at load: theirs begin with the next turn of the first conversation. Arguments as for
        `render`.
        """
        era = self._era
        found = era.book.read(messages, as_parts)
        if found is None:
            return
        shape, texts = found
        if len(shape) > _MAX_MESSAGES or era.is_done(shape):
            return
        if len(era.sights) >= _MAX_SHAPES:
            era.sights = {}
        era.sights[shape] = sights = era.sights.get(shape, 0) + 1
        if sights > 1:
            self._learn_later(shape, texts)
        elif self._is_sibling:
            self._learn_next_turn(shape, texts)

    def has_shape(self, messages: list[Message]) -> bool:
        """Return whether a conversation, as the template gets it, has a shape."""
        return self._era.book.read(messages) is not None

    def settle(self, timeout: float) -> bool:
        """Wait until nothing is left to be learnt. False: it took longer than `timeout` seconds."""
        return self._background.settle(timeout)

    def _on_first_use(self, shape: bytes, contents: list[str]) -> None:
        if len(shape) > 2 or self._is_sibling:
            self._learn_next_turn(shape, contents)

    def _learn_next_turn(self, shape: bytes, contents: list[str]) -> None:
        """See to it that there is a recipe when the conversation comes back with an answer and a question more.

        With calls nobody knows what comes next, and learning costs more than an engine does a few times.
        """
        if not is_plain(shape):
            return
        if len(shape) > 2:
            grown, contents = shape + shape[-2:], contents + contents[-2:]
        else:
            grown, contents = shape + (b"AU" if shape.isupper() else b"au"), [*contents, "an answer", "a question"]
        if len(grown) <= _MAX_MESSAGES and grown not in self._era.attempts:
            self._learn_later(grown, contents)

    def _learn_later(self, shape: bytes, contents: list[str]) -> None:
        self._background.submit((id(self), shape), functools.partial(self._learn, shape, contents))

    def _learn(self, shape: bytes, contents: list[str], pace: Pace) -> None:
        era = self._era
        # It may have been seen once more while it was learnt from.
        if era.is_done(shape) or any(recipe.render(contents) is not None for recipe in era.book.of_shape(shape)):
            return
        if len(era.attempts) >= _MAX_SHAPES:
            era.attempts = {}
        era.attempts[shape] = era.attempts.get(shape, 0) + 1
        try:
            traced = self._template.run(contents, lambda texts: self._bind(conversation(shape, texts)), pace.through)
            steps = traced.steps + [(place, "starts_with", BILLING_HEADER, False) for place in system_texts(shape)]
            recipe = Recipe(len(contents), steps, traced.pieces)
            self._prove(recipe, shape, contents, steps, pace)
        except Exception as reason:
            # Whatever it was: jinja2's own errors among them. The shape stays with the engines.
            logger.debug("no recipe for chats of the shape %s: %s", shape.decode(), reason)
            return
        era.add(shape, recipe, traced)

    def _prove(self, recipe: Recipe, shape: bytes, contents: list[str], steps: Sequence[Step], pace: Pace) -> None:
        signatures = set(signatures_of(len(contents), steps))
        # A chat that has grown by a turn asks nothing new: its trace is as good as that of the chat before.
        enough = _ENOUGH_AGREED if signatures <= self._proven else None
        agreed = 0
        for texts in recipe_battery.cases(contents, steps, seed=len(shape), arguments=arguments_texts(shape)):
            text = recipe.render(texts)
            pace.rest()
            if text is not None and text != self._reference(self._bind(conversation(shape, texts)), pace.through):
                raise NotAgreedError
            agreed += text is not None
            if agreed == enough:
                break
        if agreed < _LEAST_AGREED:
            raise NotAgreedError
        if len(self._proven) < _MAX_SHAPES:
            self._proven |= signatures
