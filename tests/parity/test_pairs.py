# SPDX-License-Identifier: Apache-2.0
"""The generator of combinations."""

from __future__ import annotations

import itertools
from typing import Any

from tests.parity.pairs import pairwise

FACTORS = {"color": ("red", "green", "blue"), "size": ("s", "l"), "shape": ("round", "square", "flat"), "one": ("x",)}


def clash(one: str, other: str) -> bool:
    return one == "color=red" and other == "shape=flat"


def pairs_of(row: dict[str, str]) -> set[tuple[Any, ...]]:
    return set(itertools.combinations(sorted(row.items()), 2))


def test_every_pair_that_may_be_is_there() -> None:
    """Levels of different factors meet, but for those that clash."""
    met = set().union(*(pairs_of(row) for row in pairwise(FACTORS, clash=clash, seed=1)))
    possible = set()
    for levels in itertools.product(*FACTORS.values()):
        possible |= pairs_of(dict(zip(FACTORS, levels, strict=True)))
    assert met == possible - {(("color", "red"), ("shape", "flat"))}


def test_rows_are_complete_and_few() -> None:
    """Each row has every factor; there are fewer rows than combinations."""
    rows = pairwise(FACTORS, clash=clash, seed=1)
    assert all(list(row) == list(FACTORS) for row in rows)
    assert len(rows) < 18


def test_a_seed_gives_the_same_rows() -> None:
    """A case's number names the same request everywhere."""
    assert pairwise(FACTORS, clash=clash, seed=5) == pairwise(FACTORS, clash=clash, seed=5)
