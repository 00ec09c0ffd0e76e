# SPDX-License-Identifier: Apache-2.0
"""Which engine works on which request of this frontend, from the request's submission until it is forgotten.

Bookkeeping only: chooses through the Balancer, sends nothing. Must not know what a request holds.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from fastfront.engine.balance import Balancer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from fastfront._native.pump import Response

SWEEP_INTERVAL = 0.05
"""Seconds between looks for responses that ended without a word to the client, while engines are chosen by load."""


class Assignments:
    """The open responses, and the engine of each of their requests."""

    def __init__(self, balancer: Balancer) -> None:
        self.balancer = balancer
        self.open: set[Response] = set()
        self._engine_of: dict[str, int] = {}
        self._swept_at = 0.0

    def note(self, response: Response, indices: Iterable[int]) -> None:
        """Remember a response whose requests go to the engines of these indices, which the balancer has counted."""
        self._engine_of.update(zip(response.wire_ids, indices, strict=True))
        self.open.add(response)

    def forget(self, response: Response) -> None:
        """The response is over; nothing happens if it is not known."""
        if response in self.open:
            self.open.discard(response)
            for wire_id in response.wire_ids:
                self.balancer.release(self._engine_of.pop(wire_id))

    def sweep(self) -> None:
        """Forget the responses that have ended; the pump has already."""
        self._swept_at = time.monotonic()
        for response in [response for response in self.open if response.finished]:
            self.forget(response)

    def sweep_if_due(self) -> None:
        """Sweep where engines are chosen by what they work on, once in a while."""
        if len(self.balancer.in_flight) > 1 and time.monotonic() - self._swept_at > SWEEP_INTERVAL:
            self.sweep()

    def where(self, wire_id: str) -> Sequence[int]:
        """Return the engine of a request; all of them if it is forgotten: engines ignore unknown ids."""
        index = self._engine_of.get(wire_id)
        return range(len(self.balancer.in_flight)) if index is None else (index,)

    def pairs(self, wire_ids: Iterable[str] | None = None) -> list[tuple[str, int]]:
        """Return (wire id, engine) of these requests, or of all there are."""
        chosen = self._engine_of if wire_ids is None else wire_ids
        return [(wire_id, index) for wire_id in chosen for index in self.where(wire_id)]

    def choices_of(self, ids: Collection[str] | None) -> list[tuple[Response, int, int]]:
        """Return (response, first choice, number of choices) of the open responses that clients know by these ids.

        None: of all. A response's id names all its choices, `ID-P` those of its P-th prompt.
        """
        found: list[tuple[Response, int, int]] = []
        for response in self.open:
            total, n = len(response.wire_ids), response.n
            if ids is None or response.id in ids:
                found.append((response, 0, total))
            else:
                prompts = (first for first in range(0, total, n) if f"{response.id}-{first // n}" in ids)
                found += [(response, first, n) for first in prompts]
        return found

    def clear(self) -> None:
        """Forget everything."""
        self.open.clear()
        self._engine_of.clear()
