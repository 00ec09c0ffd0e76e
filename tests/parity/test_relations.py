# SPDX-License-Identifier: Apache-2.0
"""How two values stand to each other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.parity import relations
from tests.parity.comparing import MISSING
from tests.parity.relations import Relation

CALL = [{"id": "x"}]


@pytest.mark.parametrize(
    ("relation", "theirs", "ours", "expected"),
    [
        (relations.anyhow, 1, "x", True),
        (relations.values("stop", "length"), "stop", "length", True),
        (relations.values("stop", "length"), "length", "stop", False),
        (relations.spaced, '{ "a":\n1}', '{"a": 1}', True),
        (relations.spaced, '{"a": 2}', '{"a": 1}', False),
        (relations.spaced, 1, 1.0, False),
        (relations.without("</x>"), "a</x>b</x>", "ab", True),
        (relations.without("</x>"), "a</x>b", "a</x>b", False),
        (relations.only_here("<c>"), MISSING, "<c>{", True),
        (relations.only_here("<c>"), "", "<c>{", False),
        (relations.only_here("<c>"), MISSING, "{", False),
        (relations.only_there, {"a": 1}, MISSING, True),
        (relations.only_there, {"a": 1}, {}, False),
        (relations.rest_of, "<c>{}</c><c>{", "<c>{", True),
        (relations.rest_of, "<c>{", "<c>{", False),
        (relations.rest_of, "<c>{", "", False),
        (relations.begins, '{"a": b', '{"a": ', True),
        (relations.begins, '{"a": b', "b", False),
        (relations.broken_off("no"), {"message": "no", "code": 500}, MISSING, True),
        (relations.broken_off("no"), {"message": "other"}, MISSING, False),
        (relations.broken_off("no"), {"message": "no"}, {"message": "no"}, False),
        (relations.broken_off("no"), MISSING, MISSING, False),
        (relations.calls_here, MISSING, CALL, True),
        (relations.calls_here, MISSING, [], False),
        (relations.calls_here, CALL, CALL, False),
        (relations.one_less, 0, 1, True),
        (relations.one_less, 0, 2, False),
        (relations.one_less, "0", 1, False),
    ],
)
def test_relation(relation: Relation, theirs: Any, ours: Any, *, expected: bool) -> None:
    """Each holds of what it says, and of nothing else."""
    assert relation(theirs, ours) is expected
