# SPDX-License-Identifier: Apache-2.0
"""Lax checks accept, coerce and refuse values as pydantic 2.14 does (the tables were made with it)."""

from __future__ import annotations

import math

import pytest

from fastfront.protocol import lax
from fastfront.protocol.issues import MAX_COUNTED, Issues
from fastfront.protocol.lax import INVALID

ACCEPTED = [
    (lax.integer, "5", 5),
    (lax.integer, "+5", 5),
    (lax.integer, " \t5\n\u2003", 5),
    (lax.integer, "-5.00", -5),
    (lax.integer, "5_0.0", 50),
    (lax.integer, "005", 5),
    (lax.integer, "1" * 4300, int("1" * 4300)),
    (lax.integer, True, 1),
    (lax.integer, 5.0, 5),
    (lax.integer, -0.0, 0),
    (lax.integer, 9223372036854774784.0, 9223372036854774784),
    (lax.integer, 2**70, 2**70),
    (lax.number, "5", 5.0),
    (lax.number, " 5. ", 5.0),
    (lax.number, ".5", 0.5),
    (lax.number, "1_0e-1", 1.0),
    (lax.number, "inf", math.inf),
    (lax.number, "1e400", math.inf),
    (lax.number, True, 1.0),
    (lax.number, 2**64, 18446744073709551616.0),
    (lax.boolean, "TRUE", True),
    (lax.boolean, "y", True),
    (lax.boolean, "On", True),
    (lax.boolean, "1", True),
    (lax.boolean, "f", False),
    (lax.boolean, "NO", False),
    (lax.boolean, "off", False),
    (lax.boolean, 0, False),
    (lax.boolean, 1.0, True),
    (lax.boolean, -0.0, False),
]
REFUSED = [
    (lax.integer, "", "int_parsing"),
    (lax.integer, "5.", "int_parsing"),
    (lax.integer, "5.5", "int_parsing"),
    (lax.integer, "5e0", "int_parsing"),
    (lax.integer, "0x1", "int_parsing"),
    (lax.integer, "5__0", "int_parsing"),
    (lax.integer, "_5", "int_parsing"),
    (lax.integer, "5.0_0", "int_parsing"),
    (lax.integer, "+ 5", "int_parsing"),
    (lax.integer, "٣", "int_parsing"),
    (lax.integer, "5\x1c", "int_parsing"),
    (lax.integer, "true", "int_parsing"),
    (lax.integer, "1" * 4301, "int_parsing_size"),
    (lax.integer, "1_" * 100_000 + "1", "int_parsing_size"),
    (lax.integer, 5.5, "int_from_float"),
    (lax.integer, 1e19, "int_parsing_size"),
    (lax.integer, -(2.0**63), "int_parsing_size"),
    (lax.integer, math.nan, "finite_number"),
    (lax.integer, -math.inf, "finite_number"),
    (lax.integer, None, "int_type"),
    (lax.integer, [], "int_type"),
    (lax.number, "", "float_parsing"),
    (lax.number, " 1_0 ", "float_parsing"),
    (lax.number, "_1", "float_parsing"),
    (lax.number, "1__0", "float_parsing"),
    (lax.number, "٣", "float_parsing"),
    (lax.number, "0x1p3", "float_parsing"),
    (lax.number, "true", "float_parsing"),
    (lax.number, 10**400, "float_type"),
    (lax.number, None, "float_type"),
    (lax.boolean, " true", "bool_parsing"),
    (lax.boolean, "1.0", "bool_parsing"),
    (lax.boolean, "2", "bool_parsing"),
    (lax.boolean, 2, "bool_parsing"),
    (lax.boolean, -1.0, "bool_parsing"),
    (lax.boolean, 2**63 - 1, "bool_parsing"),
    (lax.boolean, 2**63, "bool_type"),
    (lax.boolean, -(2.0**63), "bool_type"),
    (lax.boolean, 0.5, "bool_type"),
    (lax.boolean, math.nan, "bool_type"),
    (lax.boolean, None, "bool_type"),
    (lax.string, 5, "string_type"),
    (lax.string, None, "string_type"),
    (lax.list_of(lax.string), "ab", "list_type"),
    (lax.list_of(lax.string), {"a": 1}, "list_type"),
    (lax.list_of(lax.string, max_length=1), [1, 2], "too_long"),
    (lax.dict_of(lax.string), [], "dict_type"),
    (lax.literal("a", "b"), "c", "literal_error"),
    (lax.literal("a", "b"), ["a"], "literal_error"),
    (lax.bounded(lax.integer, ge=0), "-1", "greater_than_equal"),
    (lax.bounded(lax.integer, le=0), 1.0, "less_than_equal"),
    (lax.Fields({"a": lax.string}, required={"a"}), {}, "missing"),
    (lax.Fields({}), [], "model_attributes_type"),
    (lax.Fields({}, dataclass="X"), 5, "dataclass_type"),
]


@pytest.mark.parametrize(("check", "value", "expected"), ACCEPTED)
def test_value_is_coerced(check, value, expected):
    """The value is taken, as a value of exactly the wanted type."""
    issues = Issues()
    result = check(value, (), issues)
    assert (result, type(result), issues.count) == (expected, type(expected), 0)


@pytest.mark.parametrize(("check", "value", "kind"), REFUSED)
def test_value_is_refused(check, value, kind):
    """The value is refused with pydantic's name for the reason."""
    issues = Issues()
    assert check(value, ("field",), issues) is INVALID
    assert issues.count == 1
    assert issues.lines[0].startswith(f"{{'type': '{kind}', 'loc': 'body.field")


@pytest.mark.parametrize("value", ["5", 5.0, True])
def test_strict_coerces_nothing(value):
    """A strict check takes exactly its type, so that a union can find the member that fits best."""
    assert lax.integer(value, (), Issues(), strict=True) is INVALID


@pytest.mark.parametrize(
    ("value", "expected"),
    [("5", "5"), (5, 5), (5.0, 5.0), (True, 1), ([1, "2"], [1, "2"]), (["5", 1.5], ["5", 1.5])],
)
def test_union_prefers_the_exact_member(value, expected):
    """Text stays text although it could be a number; what fits nothing exactly becomes the first that takes it."""
    scalar = lax.union(lax.string, lax.integer, lax.number)
    check = lax.union(scalar, lax.list_of(scalar))
    result = check(value, (), Issues())
    assert (result, type(result)) == (expected, type(expected))


def test_union_tells_all_members_reasons():
    """A value that fits no member is refused with each member's reason, in order."""
    issues = Issues()
    assert lax.union(lax.string, lax.list_of(lax.integer))([1, "x"], ("stop",), issues) is INVALID
    assert [line.split("'")[3] for line in issues.lines] == ["string_type", "int_parsing"]
    assert "'loc': 'body.stop.1'" in issues.lines[1]


def test_null_is_taken_only_where_it_may_stand():
    """A nullable check takes None and nothing more than the check it wraps."""
    assert lax.nullable(lax.integer)(None, (), Issues()) is None
    assert lax.nullable(lax.integer)("x", (), Issues()) is INVALID


def test_fields_leave_unknown_members_out():
    """Members without a check do not reach the result."""
    assert lax.Fields({"a": lax.integer})({"a": "1", "b": 2}, (), Issues()) == {"a": 1}


@pytest.mark.parametrize(
    ("value", "location"),
    [([1] * 20_000 + ["a"], "body.x.20000"), (["1"] * 20_000, "body.x.0")],
)
def test_long_lists_are_not_coerced(value, location):
    """A list too long to look through in Python must be typed exactly; the first item that is not is named."""
    issues = Issues()
    assert lax.list_of(lax.integer, exact=list[int])(value, ("x",), issues) is INVALID
    assert issues.param == location


def test_long_exact_lists_are_taken():
    """Length alone is no fault."""
    value = [1] * 20_000
    assert lax.list_of(lax.integer, exact=list[int])(value, (), Issues()) is value


def test_checks_stop_after_so_many_issues():
    """A list of nothing but faults is not looked through to its end."""
    issues = Issues()
    lax.list_of(lax.integer)([None] * 9999, (), issues)
    assert issues.count == MAX_COUNTED
