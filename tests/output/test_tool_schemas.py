# SPDX-License-Identifier: Apache-2.0
"""Tools as the native parsers need them: names, and the types that vLLM would see."""

from __future__ import annotations

from typing import Any

import pytest

from fastfront._native import parse
from fastfront.output.tool_schemas import KnownTools, lower, required_of, tool_schemas
from tests.output.schema_cases import CASES

BITS = {
    "string": 1,
    "integer": 2,
    "number": 4,
    "boolean": 8,
    "null": 16,
    "object": 32,
    "array": 64,
    "other": 128,
}


@pytest.mark.parametrize(("schema", "expected"), CASES)
def test_types_are_those_that_vllm_sees(schema: Any, expected: set[str]) -> None:
    """`type`, `enum` and choices name types; a schema that says nothing is a string's, and is told apart from one."""
    bits = lower(schema)[0]
    assert {name for name, bit in BITS.items() if bits & bit} == (expected if bits else set())
    assert bits or expected == {"string"}


def test_properties_keep_their_order() -> None:
    """Properties and items are read at every level; what is no schema is left out."""
    schema = {
        "type": "object",
        "properties": {
            "b": {"type": "array", "items": {"type": "integer"}},
            "a": {"properties": {"x": {"type": "null"}}},
            "odd": True,
        },
    }
    assert lower(schema) == (32, [("b", (64, [], (2, [], None))), ("a", (0, [("x", (16, [], None))], None))], None)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"required": ["a", "b"]}, ["a", "b"]),
        ({"required": ["a", 1]}, []),
        ({"required": "a"}, []),
        ({"required": None}, []),
        ({}, []),
        (None, []),
    ],
)
def test_required_properties_are_a_list_of_names(schema: Any, expected: list[str]) -> None:
    """Whatever else stands there demands nothing."""
    assert required_of(schema) == expected


def test_depth_is_bounded() -> None:
    """Deeper than sixteen levels, nothing is said."""
    deep: dict[str, Any] = {"type": "integer"}
    for _ in range(5000):
        deep = {"type": "array", "items": deep}
    levels = 0
    lowered = lower(deep)
    while lowered[2] is not None:
        lowered = lowered[2]
        levels += 1
    assert levels == 16
    assert lowered[0] == 0


def test_tools_without_functions_are_none() -> None:
    """Without tools there are no schemas."""
    assert tool_schemas(None) is None
    assert tool_schemas([]) is None
    assert tool_schemas([{"type": "custom", "custom": {}}]) is None


def test_functions_without_parameters_have_none() -> None:
    """A function needs no parameters, and they may be null."""
    made = tool_schemas(
        [
            {"type": "function", "function": {"name": "f"}},
            {"type": "function", "function": {"name": "g", "parameters": None}},
        ]
    )
    parser = parse.Parser(tool_parser="glm45", tools=made)
    pieces = parser.push("<tool_call>g</tool_call><tool_call>h</tool_call>") + parser.finish()
    assert pieces == [("call", 0, "g", ""), ("arguments", 0, "{}"), ("content", "<tool_call>h</tool_call>")]


def tool(**parameters: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "f", "parameters": parameters}}


def test_tools_that_come_again_are_known() -> None:
    """Whoever brings them, in whatever objects: nothing is lowered again."""
    known = KnownTools()
    first = known.schemas([tool(properties={"a": {"type": "integer"}})])
    assert first is not None
    assert known.schemas([tool(properties={"a": {"type": "integer"}})]) is first
    assert known.schemas([]) is known.schemas([]) is None


def test_tools_that_differ_in_anything_are_others() -> None:
    """Numbers that are equal but of other types, too: `enum` goes by types."""
    known = KnownTools()
    enums: list[Any] = [1, 1.0, True, "1", None, float("nan"), 0.0, -0.0, 2**70]
    made = [known.schemas([tool(enum=[value])]) for value in enums]
    assert len({id(each) for each in made}) == len(enums)
    assert [known.schemas([tool(enum=[value])]) for value in enums] == made


def test_known_tools_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In number and in size; what is not kept is lowered all the same."""
    monkeypatch.setattr(KnownTools, "_MOST", 3)
    monkeypatch.setattr(KnownTools, "_MOST_BYTES", 1000)
    known = KnownTools()
    for number in range(10):
        assert known.schemas([tool(number=number)]) is not None
        assert len(known) <= 3
    large = [tool(description="x" * 1000)]
    assert known.schemas(large) is not None
    assert known.schemas(large) is not known.schemas(large)
    deep: Any = {}
    for _ in range(5000):
        deep = {"items": deep}
    assert known.schemas([tool(items=deep)]) is not None
