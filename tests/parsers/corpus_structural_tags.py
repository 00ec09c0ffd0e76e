# SPDX-License-Identifier: Apache-2.0
"""Requests whose tools, choices and formats become constraints: asked of vLLM by make_golden_structural_tags.py."""

from __future__ import annotations

from typing import Any

Body = dict[str, Any]

PARSERS = (
    *("deepseek_v3", "deepseek_v31", "deepseek_v32", "deepseek_v4", "deepseek_v41", "glm45", "hermes", "hy_v4"),
    *("kimi_k2", "kimi_k3", "ling3", "llama3_json", "longcat", "mimo", "minimax_m2", "openai", "plamo3"),
    *("qwen3_coder", "dots", "granite", "mistral"),
)
"""One parser for each kind of structural tag; the last three have none: their own format, JSON, a list of their own."""


def _tool(name: str, parameters: Any = None, *, strict: bool | None = None) -> Body:
    function: Body = {"name": name, "description": "what it does"}
    if parameters is not None:
        function["parameters"] = parameters
    if strict is not None:
        function["strict"] = strict
    return {"type": "function", "function": function}


def _object(properties: Any, **more: Any) -> Body:
    return {"type": "object", "properties": properties, **more}


CITY = _object({"city": {"type": "string", "default": None}}, required=["city"])
WEATHER, STRICT_WEATHER = _tool("weather", CITY), _tool("weather", CITY, strict=True)
CLOCK, FREE_CLOCK = _tool("clock"), _tool("clock", strict=False)
EVERY_TYPE = {
    "plain": {"type": "string"},
    "short": {"type": "string", "maxLength": 8, "minLength": 2},
    "odd": {"type": "string", "maxLength": 8, "minLength": 9},
    "long": {"type": "string", "maxLength": 5000},
    "choice": {"type": "string", "enum": ["a", "b & c"]},
    "only": {"type": "string", "const": "one"},
    "single": {"enum": ["one"]},
    "marked": {"type": "string", "enum": ["<|x"]},
    "mixed": {"enum": ["a", 1, None, True]},
    "count": {"type": "integer", "minimum": 1},
    "either": {"type": ["string", "null", "number"]},
    "maybe": {"type": ["boolean"]},
    "point": {"$ref": "#/$defs/Point"},
    "path": {"type": "array", "items": {"$ref": "#/$defs/Point"}},
    "untyped": {},
    'a "b" & c': {"type": "boolean"},
}
RICH = _tool("rich", _object(EVERY_TYPE, required=["count", "unheard"], **{"$defs": {"Point": {"type": "object"}}}))
ONE_OPTIONAL = _tool("one", _object({"x": {"type": "number"}}))
OPEN = _tool("open", _object({"x": {"type": "number"}}, additionalProperties=True))
UNION = _tool("union", _object({"x": {"type": "string"}}, anyOf=[{"required": ["x"]}]))
EMPTY = _tool("empty", {})

NAMED = {"type": "function", "function": {"name": "clock"}}
NAMED_WEATHER = {"type": "function", "function": {"name": "weather"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "s", "schema": _object({"x": {"type": "integer"}})}}
TAG = '{"type": "structural_tag", "format": {"type": "const_string", "value": "x"}}'
OLD_TAG = {
    "type": "structural_tag",
    "structures": [{"begin": "<a>", "schema": {"type": "integer"}, "end": "</a>"}],
    "triggers": ["<a"],
}
TWO = [WEATHER, CLOCK]
STRICT = [STRICT_WEATHER, FREE_CLOCK]

CASES: dict[str, tuple[str, Body]] = {
    "auto": ("auto", {"tools": TWO}),
    "null": ("parameter", {"tools": STRICT, "tool_choice": None}),
    "none": ("parameter", {"tools": STRICT, "tool_choice": "none"}),
    "auto_function": ("function", {"tools": TWO}),
    "auto_parameter": ("parameter", {"tools": TWO}),
    "auto_strict": ("auto", {"tools": STRICT}),
    "auto_single": ("auto", {"tools": TWO, "parallel_tool_calls": False}),
    "required": ("auto", {"tools": TWO, "tool_choice": "required"}),
    "required_strict": ("auto", {"tools": STRICT, "tool_choice": "required"}),
    "required_parameter": ("parameter", {"tools": TWO, "tool_choice": "required"}),
    "required_single": ("auto", {"tools": TWO, "tool_choice": "required", "parallel_tool_calls": False}),
    "required_format": ("auto", {"tools": TWO, "tool_choice": "required", "response_format": SCHEMA}),
    "required_tag": ("auto", {"tools": TWO, "tool_choice": "required", "structured_outputs": {"structural_tag": TAG}}),
    "named": ("auto", {"tools": TWO, "tool_choice": NAMED}),
    "named_strict": ("auto", {"tools": STRICT, "tool_choice": NAMED_WEATHER}),
    "named_single": ("auto", {"tools": STRICT, "tool_choice": NAMED_WEATHER, "parallel_tool_calls": False}),
    "auto_format": ("auto", {"tools": TWO, "response_format": SCHEMA}),
    "auto_format_single": ("auto", {"tools": TWO, "response_format": SCHEMA, "parallel_tool_calls": False}),
    "auto_strict_format": ("auto", {"tools": STRICT, "response_format": SCHEMA}),
    "auto_strict_format_single": ("auto", {"tools": STRICT, "response_format": SCHEMA, "parallel_tool_calls": False}),
    "auto_strict_text": ("auto", {"tools": STRICT, "response_format": {"type": "text"}}),
}
"""By name: the server's --tool-strict-level and the request's body. Asked of every parser."""

FORMAT_CASES: dict[str, tuple[str, Body]] = {
    "json_object": ("auto", {"tools": STRICT, "response_format": {"type": "json_object"}}),
    "json_text": ("auto", {"tools": STRICT, "structured_outputs": {"json": '{"type": "integer"}'}}),
    "regex": ("auto", {"tools": STRICT, "structured_outputs": {"regex": "a+"}}),
    "choice": ("auto", {"tools": STRICT, "structured_outputs": {"choice": ["a", "b"]}}),
    "grammar": ("auto", {"tools": STRICT, "structured_outputs": {"grammar": 'root ::= "a"'}}),
    "structural_tag": ("auto", {"tools": STRICT, "structured_outputs": {"structural_tag": TAG}}),
    "old_tag": ("auto", {"tools": STRICT, "response_format": OLD_TAG}),
    "beyond_xgrammar": ("auto", {"tools": STRICT, "structured_outputs": {"json": {"multipleOf": 2, "type": "number"}}}),
    "no_tools": ("auto", {"response_format": SCHEMA}),
    "no_tools_regex": ("auto", {"structured_outputs": {"regex": "a+"}}),
}
"""Asked of hermes and openai."""

SCHEMA_CASES: dict[str, tuple[str, Body]] = {
    "rich": ("auto", {"tools": [RICH], "tool_choice": "required"}),
    "rich_parameter": ("parameter", {"tools": [RICH], "tool_choice": "required"}),
    "rich_mixed": ("auto", {"tools": [RICH, STRICT_WEATHER], "tool_choice": "auto"}),
    "optional": ("parameter", {"tools": [ONE_OPTIONAL], "tool_choice": "required"}),
    "optional_free": ("auto", {"tools": [ONE_OPTIONAL, OPEN, UNION, EMPTY], "tool_choice": "required"}),
    "optional_strict": ("parameter", {"tools": [ONE_OPTIONAL, OPEN, UNION, EMPTY], "tool_choice": "required"}),
}
"""Asked of the formats that take arguments apart: glm45, kimi_k3 and hy_v4."""


def cases(parser: str) -> dict[str, tuple[str, Body]]:
    """Return what is asked of a parser."""
    found = dict(CASES)
    if parser in ("hermes", "openai"):
        found |= FORMAT_CASES
    if parser in ("glm45", "kimi_k3", "hy_v4"):
        found |= SCHEMA_CASES
    return found
