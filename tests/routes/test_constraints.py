# SPDX-License-Identifier: Apache-2.0
"""Where nothing is compiled before the engine: whose fault its failure is. tests/structured has the constraints."""

from __future__ import annotations

import json

from fastfront.errors import EngineDeadError, GenerationError
from fastfront.routes.constraints import blame_constraint


def test_a_nameless_failure_is_the_constraints() -> None:
    """The engine says nothing of why a request failed before its first token."""
    status, body = blame_constraint(500, GenerationError().to_json())
    assert status == 400
    assert json.loads(body)["error"]["message"] == "The engine cannot compile the constraint of this request."


def test_other_errors_stay_as_they_are() -> None:
    """A dead engine is nobody's constraint."""
    body = EngineDeadError().to_json()
    assert blame_constraint(500, body) == (500, body)
