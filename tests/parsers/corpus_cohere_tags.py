# SPDX-License-Identifier: Apache-2.0
"""Requests whose tools and schemas become Cohere's structural tags: asked of vLLM by make_golden_cohere_tags.py."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.parsers.corpus_structural_tags import (
    CLOCK,
    EMPTY,
    EVERY_TYPE,
    NAMED,
    OLD_TAG,
    OPEN,
    SCHEMA,
    TAG,
    TWO,
    UNION,
    WEATHER,
    Body,
    _object,
    _tool,
)

ARCHITECTURES = (
    *("Cohere2ForCausalLM", "Cohere2VisionForConditionalGeneration", "Cohere2MoeForCausalLM", "LlamaForCausalLM"),
)
PARSERS: dict[str, tuple[str | None, str | None]] = {
    "both": ("cohere_command3", "cohere_command3"),
    "reasoning": ("cohere_command4", None),
    "tools": (None, "cohere_command4"),
}
"""The names of the reasoning parser and of the tool parser."""

INTEGER = {"type": "integer"}
POINTS = {"x": {"$ref": "#/$defs/Point"}, "y": {"$ref": "#/definitions/Line"}}
DEFINED = _object(POINTS, **{"$defs": {"Point": _object({"at": INTEGER})}, "definitions": {"Line": {"type": "null"}}})
RICH = _tool("rich", _object({k: v for k, v in EVERY_TYPE.items() if k != "odd"}, **{"$defs": {"Point": INTEGER}}))
STRANGE = _object({"a ::= b": {"enum": ["root ::= x", "basic_string", "größer", 'a "b" \\ c']}}, required=["a ::= b"])


def nested(levels: int) -> Body:
    """A schema of that many objects within one another, two for each level of the answer."""
    schema: Body = INTEGER
    for _ in range(levels):
        schema = {"properties": {"x": schema}}
    return schema


def _format(schema: Any, **more: Any) -> Body:
    return {"response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": schema, **more}}}


def _outputs(**members: Any) -> Body:
    return {"structured_outputs": members}


COMMON: dict[str, Body] = {
    "nothing": {},
    "text": {"response_format": {"type": "text"}},
    "schema": {"response_format": SCHEMA},
    "object": {"response_format": {"type": "json_object"}},
    "json": _outputs(json=INTEGER),
    "regex": _outputs(regex="a+"),
    "tools": {"tools": [CLOCK]},
    "null": {"tools": [CLOCK], "tool_choice": None},
    "none": {"tools": [CLOCK], "tool_choice": "none"},
    "required": {"tools": [CLOCK], "tool_choice": "required"},
    "named": {"tools": TWO, "tool_choice": NAMED},
    "tools and schema": {"tools": [CLOCK], "response_format": SCHEMA},
    "none and schema": {"tools": [CLOCK], "tool_choice": "none", "response_format": SCHEMA},
    "tag": _outputs(structural_tag=TAG),
    "required and tag": {"tools": [CLOCK], "tool_choice": "required", **_outputs(structural_tag=TAG)},
}
"""Asked of every architecture and of all parsers."""

MORE: dict[str, Body] = {
    "required and schema": {"tools": [CLOCK], "tool_choice": "required", "response_format": SCHEMA},
    "required and object": {"tools": [CLOCK], "tool_choice": "required", "response_format": {"type": "json_object"}},
    "single": {"tools": TWO, "parallel_tool_calls": False},
    "strict": {"tools": [{**WEATHER, "function": {**WEATHER["function"], "strict": True}}]},
    "tools and json": {"tools": [CLOCK], **_outputs(json=INTEGER)},
    "tools and regex": {"tools": [CLOCK], **_outputs(regex="a+")},
    "tools and text": {"tools": [CLOCK], "response_format": {"type": "text"}},
    "tools and choice": {"tools": [CLOCK], **_outputs(choice=["a"])},
    "tools and format's tag": {"tools": [CLOCK], "response_format": OLD_TAG},
    "required and format's tag": {"tools": [CLOCK], "tool_choice": "required", "response_format": OLD_TAG},
    "tools and no tag": {"tools": [CLOCK], **_outputs(structural_tag="")},
    "format's tag": {"response_format": OLD_TAG},
    "two of a name": {"tools": [CLOCK, WEATHER, _tool("clock", _object({"at": INTEGER}))]},
    "rich": {"tools": [RICH, OPEN, UNION, EMPTY]},
    "schema of no grammar": {"tools": [_tool("odd", _object({"x": {"type": "objekt"}}))]},
    "definitions": {"tools": [_tool("defined", DEFINED), WEATHER]},
    "strange": {"tools": [_tool("strange", STRANGE)]},
    "name like a rule": {"tools": [_tool("root"), _tool("basic", _object({"x": INTEGER}))]},
    "name of a part": {"tools": [_tool("tool"), _tool("ws"), _tool("a-b")]},
    "name beyond ASCII": {"tools": [_tool("größe", {"type": "object"})]},
    "no object": {"tools": [_tool("list", {"type": "array", "items": INTEGER})]},
    "deep tool": {"tools": [_tool("deep", nested(31))]},
    "too deep a tool": {"tools": [_tool("deep", nested(32))]},
    "no schema": _format(None),
    "no schema and tools": {"tools": [CLOCK], **_format(None)},
    "empty schema": _format({}),
    "schema in schema": _format({"schema": {"type": "string"}, "type": "integer"}),
    "schema that is no schema": _format({"schema": "string"}),
    "schema under another name": _format(None, json_schema=INTEGER),
    "no json_schema": {"response_format": {"type": "json_schema"}},
    "deep schema": _format(nested(40)),
    "format above json": {"response_format": SCHEMA, **_outputs(json={"type": "null"})},
    "format above regex": {"response_format": SCHEMA, **_outputs(regex="a+")},
    "no schema above json": {**_format(None), **_outputs(json=INTEGER)},
    "text above json": {"response_format": {"type": "text"}, **_outputs(json=INTEGER)},
    "json as text": _outputs(json=' {"type": "integer"} '),
    "json's schema": _outputs(json={"name": "s", "schema": INTEGER}),
    "json's schema as text": _outputs(json={"name": "s", "schema": '{"schema": {"type": "null"}}'}),
    "json's schema is no JSON": _outputs(json={"schema": "{", "json_schema": {"type": "null"}}),
    "json's json_schema": _outputs(json='{"json_schema": {"name": "s", "schema": {"type": "integer"}}}'),
    "json's empty schema": _outputs(json={"schema": {}, "title": "t"}),
    "json's schema is a list": _outputs(json={"schema": "[1]"}),
    "json is empty": _outputs(json={}),
    "json is nothing": _outputs(json=""),
    "json is blank": _outputs(json=" \n"),
    "json is no JSON": _outputs(json="{"),
    "json is a list": _outputs(json="[1]"),
    "json is too deep": _outputs(json="[" * 70 + "]" * 70),
    "json is deep": _outputs(json=nested(40)),
    "json_object": _outputs(json_object=True),
    "json_object is false": _outputs(json_object=False),
    "json with options": _outputs(json=INTEGER, whitespace_pattern=" ", disable_any_whitespace=True),
}
"""Asked of one architecture, with both parsers."""


class Case(NamedTuple):
    """One request, and the server that gets it."""

    architecture: str
    parsers: str
    body: Body


def cases() -> dict[str, Case]:
    """Return all cases by name."""
    found = {
        f"{architecture}, {parsers}: {name}": Case(architecture, parsers, body)
        for architecture in ARCHITECTURES
        for parsers in PARSERS
        for name, body in COMMON.items()
        if parsers != "reasoning" or body.get("tool_choice") in (None, "none")  # the server refuses the others
    }
    found |= {name: Case(ARCHITECTURES[1], "both", body) for name, body in MORE.items()}
    return found
