# SPDX-License-Identifier: Apache-2.0
"""Checks made from a Struct's annotations say what the annotations say."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import pytest

from fastfront.protocol import lax
from fastfront.protocol.issues import Issues
from fastfront.protocol.structs import check_for_struct


class Inner(msgspec.Struct, kw_only=True):
    flag: bool | None = False


class Example(msgspec.Struct, kw_only=True):
    name: str
    count: Annotated[int, msgspec.Meta(ge=0, le=9)] | None = None
    side: Literal["up", "down"] | None = None
    stop: str | Annotated[list[str], msgspec.Meta(max_length=2)] | None = None
    weights: dict[str, float] | None = None
    inner: Inner | None = None
    anything: Any = None
    special: int = 0


CHECK = check_for_struct(Example, {"special": lax.nullable(lax.integer)})


def _issues(**members: Any) -> list[str]:
    issues = Issues()
    CHECK(members, (), issues)
    return [" ".join(line.split("'")[index] for index in (3, 7)) for line in issues.lines]


def test_struct_is_made():
    """Values are coerced, members left out take their defaults, overrides are used."""
    data = {"name": "x", "count": "5", "weights": {"a": 1}, "inner": {"flag": "on"}, "special": None, "other": 1}
    result = CHECK(data, (), Issues())
    assert result == Example(name="x", count=5, weights={"a": 1.0}, inner=Inner(flag=True), special=None)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({}, ["missing body.name"]),
        ({"name": None}, ["string_type body.name"]),
        ({"name": "x", "count": 10}, ["less_than_equal body.count"]),
        ({"name": "x", "count": -1}, ["greater_than_equal body.count"]),
        ({"name": "x", "stop": ["a", "b", "c"]}, ["string_type body.stop", "too_long body.stop"]),
        ({"name": "x", "weights": {"a": "b"}}, ["float_parsing body.weights.a"]),
        ({"name": "x", "inner": {"flag": 5}}, ["bool_parsing body.inner.flag"]),
        ({"inner": 5, "name": 5}, ["string_type body.name", "model_attributes_type body.inner"]),
    ],
)
def test_issues_follow_the_fields(members, told):
    """Issues come in the order of the fields, with their bounds."""
    assert _issues(**members) == told


def test_literals_keep_their_order():
    """The choices are told in the order in which the annotation has them."""
    issues = Issues()
    CHECK({"name": "x", "side": "over"}, (), issues)
    assert "Input should be 'up' or 'down'" in issues.lines[0]
