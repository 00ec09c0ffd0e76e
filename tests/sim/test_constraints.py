# SPDX-License-Identifier: Apache-2.0
"""The embedded engine keeps to the constraints that need no grammar compiled."""

from __future__ import annotations

import random

import pytest

from fastfront.engine.types import StructuredOutputsParams
from fastfront.sim.constraints import constrained_text
from fastfront.structured import choice_as_grammar

CHOICES = ['a "quoted" one', "line\nbreak", "é", "plain"]


@pytest.mark.parametrize(
    "outputs",
    [StructuredOutputsParams(choice=CHOICES), StructuredOutputsParams(grammar=choice_as_grammar(CHOICES))],
    ids=["choice", "grammar"],
)
def test_one_of_the_choices(outputs: StructuredOutputsParams) -> None:
    """Each of them is said now and then, whichever way they are sent."""
    seed = 7
    dice = random.Random(seed)
    assert {constrained_text(outputs, dice) for _ in range(100)} == set(CHOICES), f"seed {seed}"


@pytest.mark.parametrize("outputs", [None, StructuredOutputsParams(regex="a+"), StructuredOutputsParams(grammar="x")])
def test_other_constraints_are_not_kept_to(outputs: StructuredOutputsParams | None) -> None:
    """They are answered as usual."""
    assert constrained_text(outputs, random.Random(0)) is None
