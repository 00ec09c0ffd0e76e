# SPDX-License-Identifier: Apache-2.0
"""Where nothing is compiled before the engine: whose fault its failure is. tests/structured has the constraints."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from fastfront.errors import EngineDeadError, GenerationError
from fastfront.routes.constraints import blame_constraint, is_for_xgrammar
from fastfront.structured import Checker


def test_a_nameless_failure_is_the_constraints() -> None:
    """The engine says nothing of why a request failed before its first token."""
    status, body = blame_constraint(500, GenerationError().to_json())
    assert status == 400
    assert json.loads(body)["error"]["message"] == "The engine cannot compile the constraint of this request."


def test_other_errors_stay_as_they_are() -> None:
    """A dead engine is nobody's constraint."""
    body = EngineDeadError().to_json()
    assert blame_constraint(500, body) == (500, body)


@pytest.mark.parametrize(
    ("constraint", "fits"),
    [({"regex": "a+"}, True), ({"json": {"type": "number", "multipleOf": 2}}, False), ({"json": "{"}, False)],
)
def test_xgrammar_is_asked_whatever_the_backend_is(constraint: dict[str, Any], fits: bool) -> None:
    """Structural tags are xgrammar's: what it does not take cannot be a part of one."""

    async def ask() -> bool:
        checker = Checker("guidance")
        try:
            return await is_for_xgrammar(checker, constraint)
        finally:
            checker.close()

    assert asyncio.run(ask()) is fits
