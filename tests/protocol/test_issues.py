# SPDX-License-Identifier: Apache-2.0
"""Errors about a body's shape are worded as vLLM words them, and bounded whatever the body held."""

from __future__ import annotations

import json

from fastfront.errors import MAX_BODY_BYTES
from fastfront.protocol.issues import MAX_COUNTED, Issues, summarize


def test_one_issue_in_words():
    """One issue: the count, and a line with pydantic's name, the path, the message, the value and the context."""
    issues = Issues()
    issues.add("too_long", ("stop", 0), "Too long", "x", {"max": 4})
    error = issues.to_error()
    assert error.message == (
        "1 validation error:\n"
        "  {'type': 'too_long', 'loc': 'body.stop.0', 'msg': 'Too long', 'input': 'x', 'ctx': {'max': 4}}"
    )
    assert (error.status, error.type, error.param) == (400, "Bad Request", "body.stop.0")


def test_ten_issues_are_told_and_the_rest_counted():
    """The first is named as the parameter; from the eleventh on they are only counted."""
    issues = Issues()
    for index in range(13):
        issues.add("missing", (f"f{index}",), "Field required", {})
    error = issues.to_error()
    lines = error.message.split("\n")
    assert lines[0] == "13 validation errors:"
    assert lines[-1] == "  ...and 3 more errors"
    assert len(lines) == 12
    assert error.param == "body.f0"


def test_values_are_summarized():
    """Containers are described, long texts are cut, and no number is too long to be told of."""
    assert summarize([1, 2]) == "<list of 2 items>"
    assert summarize({"a": 1}) == "<dict of 1 items>"
    assert summarize("x" * 201) == "x" * 200 + "...[truncated]"
    assert summarize(None) == "None"
    assert summarize(10**5000) == "<int>"


def test_merged_issues_keep_order_and_count():
    """The issues of a union's members follow one another."""
    issues, other = Issues(), Issues()
    for index in range(8):
        issues.add("a", (index,), "m", None)
        other.add("b", (index,), "m", None)
    issues.merge(other)
    assert issues.count == 16
    assert [line.split("'")[3] for line in issues.lines] == ["a"] * 8 + ["b"] * 2
    assert issues.to_error().message.endswith("  ...and 6 more errors")


def test_overflow_is_told():
    """After so many issues there is no point in looking for more."""
    issues = Issues()
    issues.count = MAX_COUNTED
    assert issues.overflowing


def test_the_longest_error_fits():
    """Ten issues at paths of control characters, which JSON writes in six bytes each, stay under the limit."""
    issues = Issues()
    for _ in range(20):
        issues.add("x" * 5000, ("\x01" * 100_000,) * 50, "\x01" * 100_000, "\x01" * 100_000)
    body = issues.to_error().to_json()
    assert len(body) <= MAX_BODY_BYTES
    assert set(json.loads(body)["error"]) == {"message", "type", "param", "code"}
