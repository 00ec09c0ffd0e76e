# SPDX-License-Identifier: Apache-2.0
"""From a recipe to a Plan: how a chat's prompt is put together from what each message is in ids.

A recipe's prompt is literals and contents by turns. Where every literal between two contents has a special token in it,
the prompt falls into pieces that are tokenized each for itself: what lies between the literals' last and first special
tokens belongs to one content, and is the same in every chat in which that content stands between these literals. That
the special tokens are found there is checked for each content (`_native/chats.pyx`). Must not know requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastfront._native.chats import Plan, Slot
from fastfront._native.template import Recipe
from fastfront.prompt.trace import Signature, places_of, signatures_of

if TYPE_CHECKING:
    from fastfront._native.prompt import SplitPrompt
    from fastfront.prompt.fast_encoder import FastEncoder

_MAX_SLOTS = 4_096
"""Kinds of places that are known at a time; a template has some ten."""

_Place = tuple[Signature, tuple[int, str, str] | None]
"""What decides a slot: the content's steps, and of what is printed the view, and the literals before and behind it."""


class Planner:
    """Makes the plans of one template's recipes for one encoder. To be used with the GIL."""

    def __init__(self, encoder: FastEncoder) -> None:
        self._encoder = encoder
        self._slots: dict[_Place, Slot] = {}

    def plan(self, recipe: Recipe) -> Plan | None:
        """Return the recipe's plan, or None if its prompts cannot be taken apart."""
        kept = recipe.plan
        if kept is None or kept[0] is not self:
            kept = recipe.plan = (self, self._make(recipe))
        made: Plan | None = kept[1]
        return made

    def _make(self, recipe: Recipe) -> Plan | None:
        contents = len(recipe)
        signatures, places = signatures_of(contents, recipe.steps), places_of(contents, recipe.steps)
        literals, printed = [""], list[tuple[int, int]]()
        for piece in recipe.pieces:
            if isinstance(piece, str):
                literals[-1] += piece
            else:
                printed.append(places[piece])
                literals.append("")
        numbers = [content for content, _ in printed]
        if numbers != sorted(set(numbers)) or not all(map(self._divides, literals[1:-1])):
            return None
        around = {
            content: (view, before, after)
            for (content, view), before, after in zip(printed, literals, literals[1:], strict=False)
        }
        try:
            slots = [self._slot((signature, around.get(number))) for number, signature in enumerate(signatures)]
            return Plan(self._encoder.segments, slots, [self._split(literal) for literal in literals])
        except ValueError:
            return None

    def _divides(self, literal: str) -> bool:
        """Return whether no special token can begin before the literal and end behind it, and one lies inside."""
        if any(0 <= token.find(literal, 1) < len(token) - len(literal) for token in self._encoder.special_tokens):
            return False
        split = self._encoder.split(literal)
        return split is not None and split.has_specials

    def _slot(self, place: _Place) -> Slot:
        slot = self._slots.get(place)
        if slot is None:
            if len(self._slots) >= _MAX_SLOTS:
                self._slots.clear()
            signature, printed = place
            if printed is None:
                slot = Slot(Recipe(1, signature, ()), None, None)
            else:
                view, before, after = printed
                slot = Slot(Recipe(1, signature, (before, view, after)), self._split(before), self._split(after))
            self._slots[place] = slot
        return slot

    def _split(self, literal: str) -> SplitPrompt:
        split = self._encoder.split(literal)
        if split is None:
            raise ValueError("a literal that must not be split")
        return split
