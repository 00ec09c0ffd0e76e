# SPDX-License-Identifier: Apache-2.0
"""Where nothing is compiled before the engine: whose fault its failure is. tests/structured has the constraints."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from fastfront.engine.types import SamplingParams, StructuredOutputsParams
from fastfront.errors import BadRequestError, EngineDeadError, GenerationError
from fastfront.protocol.completions import CompletionRequest
from fastfront.routes.constraints import blame_constraint, is_for_xgrammar, settle_constraints, settle_known
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


@pytest.mark.parametrize("constraint", [{"json": {"type": "object"}}, {"choice": ["a", "b"]}, {"json_object": True}])
def test_a_constraint_that_was_judged_is_settled_without_asking(constraint: dict[str, Any]) -> None:
    """As the judgement settled it; before that it is not settled at all."""
    request = CompletionRequest(prompt="x")
    asked, known = (SamplingParams(structured_outputs=StructuredOutputsParams(**constraint)) for _ in range(2))

    async def settle() -> list[bool]:
        checker = Checker()
        try:
            before = settle_known(checker, request, known)
            await settle_constraints(checker, request, [asked])
            return [before, settle_known(checker, request, known)]
        finally:
            checker.close()

    assert asyncio.run(settle()) == [False, True]
    assert known == asked
    assert settle_known(Checker(), request, SamplingParams())


def test_a_constraint_that_was_refused_is_not_settled() -> None:
    """The words are the judgement's."""
    request = CompletionRequest(prompt="x")
    params = SamplingParams(structured_outputs=StructuredOutputsParams(grammar="nonsense ::="))

    async def settle() -> bool:
        checker = Checker()
        try:
            with pytest.raises(BadRequestError):
                await settle_constraints(checker, request, [params])
            return settle_known(checker, request, params)
        finally:
            checker.close()

    assert asyncio.run(settle()) is False
