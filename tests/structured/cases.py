# SPDX-License-Identifier: Apache-2.0
"""Constraints, good and bad, as members of a request, and the backends that judge them. make_golden.py asks vLLM."""

from __future__ import annotations

import json
from typing import Any

Body = dict[str, Any]

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
}


def outputs(**members: Any) -> Body:
    return {"structured_outputs": members}


def schema(document: Any) -> Body:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": document}}}


def nested(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        document = {"type": "array", "items": document}
    return document


LEGACY_TAG = {
    "type": "structural_tag",
    "structures": [{"begin": "<f>", "schema": PERSON, "end": "</f>"}],
    "triggers": ["<f"],
}
TAG = {"type": "structural_tag", "format": {"type": "const_string", "value": "x"}}

VALID: list[Body] = [
    {"response_format": {"type": "text"}},
    {"response_format": {"type": "json_object"}},
    {"response_format": None},
    schema(PERSON),
    schema({}),
    {"response_format": LEGACY_TAG},
    {"response_format": TAG},
    outputs(json=PERSON),
    outputs(json=json.dumps(PERSON)),
    outputs(json_object=True),
    outputs(regex=r"[a-z]+@[a-z]+\.com"),
    outputs(regex=""),
    outputs(choice=["yes", "no"]),
    outputs(choice=['a"b', "c\\d", "e\nf", "\x01\x7f", "é", ""]),
    outputs(grammar='root ::= "a" | "b"'),
    outputs(grammar='start: "a" | "b"'),
    outputs(structural_tag=json.dumps(TAG)),
    outputs(json=PERSON, disable_any_whitespace=True, whitespace_pattern=" *", disable_additional_properties=True),
    {**outputs(json=PERSON), "response_format": {"type": "text"}},
    {**outputs(json=PERSON), **schema({"type": "integer"})},
]

FALLBACKS = [
    {"type": "integer", "multipleOf": 2},
    {"type": ["number", "null"], "multipleOf": 2},
    {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    {"type": "array", "contains": {"type": "string"}},
    {"type": "string", "format": "email"},
    {"type": "string", "format": "color"},
    {"type": "string", "pattern": "a+", "maxLength": 3},
    {"type": "object", "propertyNames": {"pattern": "a", "maxLength": 3}},
    {"type": "object", "propertyNames": {"pattern": "a"}, "properties": {"a": {}}},
    {"type": "object", "patternProperties": {"a": {"type": "string"}}},
    {"type": "object", "patternProperties": {"a": {"type": "string"}, "b": {"type": "string"}}},
    {"type": "object", "patternProperties": {"a": {"type": "string"}}, "properties": {"a": {}}},
    {"type": "object", "properties": {"x": {"type": "array", "minContains": 1, "items": {}}}},
    {"allOf": [{"type": "string"}, {"enum": ["yes", "no"]}]},
    {"anyOf": [{"type": "integer", "multipleOf": 3}, {"type": "string"}]},
    {"type": "string", "pattern": "^a"},
]

DEEP = outputs(json=nested(63))
"""As deep as a schema may be. outlines_core takes all the memory there is for it, and vLLM's server ends with it."""

INVALID: list[Body] = [
    {"response_format": {"type": "json_schema"}},
    {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
    {"response_format": {"type": "structural_tag", "format": {"type": "nonsense"}}},
    {"response_format": {"type": "structural_tag", "format": 5}},
    {"response_format": {**LEGACY_TAG, "triggers": ["<g"]}},
    {"response_format": {**LEGACY_TAG, "structures": []}},
    {**outputs(regex="a"), "response_format": {"type": "json_object"}},
    outputs(),
    outputs(regex="a", grammar="b"),
    outputs(choice=[]),
    outputs(grammar="  "),
    outputs(json=" "),
    outputs(json="{"),
    outputs(json="5"),
    outputs(json='"x"'),
    outputs(json={"type": "nonsense"}),
    outputs(json={"$ref": "#/nowhere"}),
    outputs(json_object=False),
    outputs(regex="a\x00b"),
    outputs(regex="(a"),
    outputs(regex="(?=a)b"),
    outputs(regex=r"(a)\1"),
    outputs(regex="^a"),
    outputs(regex=r"\ba"),
    outputs(regex="(|^)a"),
    outputs(grammar="root ::= nowhere"),
    outputs(grammar="root ::= ("),
    outputs(grammar="start: nowhere"),
    outputs(structural_tag="{"),
    outputs(structural_tag=" "),
    outputs(structural_tag=json.dumps({"type": "structural_tag", "format": {"type": "nonsense"}})),
    DEEP,
    outputs(json=nested(64)),
    outputs(structural_tag=json.dumps({"type": "structural_tag", "format": nested(90)})),
    {"response_format": {"type": "structural_tag", "format": nested(90)}},
]

BACKENDS = ("auto", "xgrammar", "guidance", "outlines")


def cases() -> list[tuple[str, Body]]:
    """Return (backend, members of the request)."""
    bodies = [*VALID, *(outputs(json=document) for document in FALLBACKS), *INVALID]
    return [(backend, body) for backend in BACKENDS for body in bodies if backend != "outlines" or body != DEEP]
