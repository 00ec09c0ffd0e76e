# SPDX-License-Identifier: Apache-2.0
"""The rules that need no library, one by one. golden.json compares many more cases with vLLM's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fastfront.errors import BadRequestError
from fastfront.structured import check_constraint, choice_as_grammar
from fastfront.structured.rules import MAX_NESTING, is_lark
from tests.structured.cases import nested


@pytest.mark.parametrize("levels", [MAX_NESTING // 2 - 1, MAX_NESTING - 1])
def test_a_schema_may_be_as_deep_as_vllm_takes_it(levels: int) -> None:
    """64 levels, whether it comes as an object or as text."""
    check_constraint({"json": nested(levels)})
    check_constraint({"json": json.dumps(nested(levels))})


@pytest.mark.parametrize("document", [nested(MAX_NESTING), json.dumps(nested(MAX_NESTING)), "[" * 200_000])
def test_deeper_schemas_are_refused(document: Any) -> None:
    """Also text that Python's own JSON reader gives up on."""
    with pytest.raises(BadRequestError, match="nested too deeply"):
        check_constraint({"json": document})


def test_structural_tags_may_be_deeper() -> None:
    """Their schemas stand inside of them: 80 levels."""
    check_constraint({"structural_tag": json.dumps(nested(79))})
    with pytest.raises(BadRequestError, match="nested too deeply"):
        check_constraint({"structural_tag": json.dumps(nested(80))})


def test_choices_become_a_grammar() -> None:
    """Whatever could end a literal is escaped."""
    assert choice_as_grammar(['a"b', "\\", "\n", "\x01"]) == r'root ::= "a\"b" | "\\" | "\n" | "\u0001"'


@pytest.mark.parametrize(
    ("grammar", "lark"),
    [('start: "a"', True), ('root ::= "a"', False), ('start: "a" // ::= no', True), ("# x\n", True), ("", False)],
)
def test_lark_is_told_from_ebnf(grammar: str, lark: bool) -> None:
    """By `::=`, outside of comments."""
    assert is_lark(grammar) is lark
