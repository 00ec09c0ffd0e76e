# SPDX-License-Identifier: Apache-2.0
"""The battery has contents of the kind that a recipe is for, close to the edges of that."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastfront.prompt import recipe_battery

STEPS: list[Any] = [
    (0, "contains", "</think>", True),
    (0, "after", "</think>", None),
    (2, "lstrip", "\n", None),
    (3, "non_empty", None, True),
    (1, "starts_with", "<tool", False),
]


def is_of_the_kind(contents: Iterable[str]) -> bool:
    first, second = contents
    return bool(first.split("</think>")[-1].lstrip("\n")) and "</think>" in first and not second.startswith("<tool")


def test_the_battery_is_of_the_recipes_kind() -> None:
    """Most of it: only a few conversations try what the recipe must refuse."""
    cases = list(recipe_battery.cases(["a</think>b", "c"], STEPS, seed=1))
    assert cases[0] == ["a</think>b", "c"]
    assert sum(not is_of_the_kind(case) for case in cases) <= 4
    assert len({first for first, _ in cases}) > 10
    assert len({second for _, second in cases}) > 20
    assert cases == list(recipe_battery.cases(["a</think>b", "c"], STEPS, seed=1))


def test_the_battery_falls_back_on_the_contents_traced() -> None:
    """Where nothing else has the answers."""
    cases = list(recipe_battery.cases(["sesame, sesame"], [(0, "equals", "sesame, sesame", True)], seed=1))
    assert ["sesame, sesame"] in cases[1:]
