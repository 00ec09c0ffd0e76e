# SPDX-License-Identifier: Apache-2.0
"""Combinations of fields, chosen so that every two values of different fields meet in one of them.

Knows factors and their levels by name only: not what a field means, nor how a request is sent.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Mapping, Sequence

Factors = Mapping[str, Sequence[str]]
"""By factor: the names of its levels."""
Row = dict[str, str]
"""By factor: the level."""
Chosen = tuple[str, str]
"""A factor and its level."""

CANDIDATES = 4
"""Rows that are tried for each that is taken."""


def pairwise(factors: Factors, *, clash: Callable[[str, str], bool], seed: int) -> list[Row]:
    """Return rows that hold every pair of levels but those that clash. The same seed gives the same rows.

    `clash` is asked of two levels written as "factor=level", in any order.
    """
    return _Rows(factors, clash, random.Random(seed)).made()


class _Rows:
    def __init__(self, factors: Factors, clash: Callable[[str, str], bool], rng: random.Random) -> None:
        self._factors = factors
        self._rng = rng
        self._banned: set[frozenset[Chosen]] = set()
        self._open: dict[frozenset[Chosen], tuple[Chosen, Chosen]] = {}
        """Pairs that no row has yet, in the order of the factors."""
        for one, other in itertools.combinations(factors, 2):
            for first, second in itertools.product(factors[one], factors[other]):
                pair = ((one, first), (other, second))
                names = [f"{factor}={level}" for factor, level in pair]
                if clash(*names) or clash(*reversed(names)):
                    self._banned.add(frozenset(pair))
                else:
                    self._open[frozenset(pair)] = pair

    def made(self) -> list[Row]:
        rows: list[Row] = []
        while self._open:
            start = next(iter(self._open.values()))
            tried = [self._filled(dict(start)) for _ in range(CANDIDATES)]
            row = max(tried, key=lambda each: self._count(itertools.combinations(each.items(), 2)))
            for pair in itertools.combinations(row.items(), 2):
                self._open.pop(frozenset(pair), None)
            rows.append({factor: row[factor] for factor in self._factors})
        return rows

    def _count(self, pairs: Iterable[tuple[Chosen, ...]]) -> int:
        return sum(frozenset(pair) in self._open for pair in pairs)

    def _filled(self, row: Row) -> Row:
        """Return the row with a level of every factor: one that meets as many new ones as it can."""
        left = [factor for factor in self._factors if factor not in row]
        self._rng.shuffle(left)
        for factor in left:
            levels = [(factor, level) for level in self._factors[factor] if self._fits((factor, level), row)]
            self._rng.shuffle(levels)
            row[factor] = max(levels, key=lambda level: self._count((level, each) for each in row.items()))[1]
        return row

    def _fits(self, level: Chosen, row: Row) -> bool:
        return not any(frozenset((level, each)) in self._banned for each in row.items())
