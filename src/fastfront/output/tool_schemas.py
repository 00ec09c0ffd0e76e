# SPDX-License-Identifier: Apache-2.0
"""A request's tools as the native tool parsers need them: names, and of which JSON types their parameters may be.

The types are those of vllm/tool_parsers/utils.py, extract_types_from_schema: formats without types of their own, such
as XML, are read by them. Knows no format and no request.
"""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING, Any, Final, cast

from fastfront._native.parse import ToolSchemas

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastfront._native.parse import SchemaTuple

_STRING: Final = 1
_INTEGER: Final = 2
_NUMBER: Final = 4
_BOOLEAN: Final = 8
_NULL: Final = 16
_OBJECT: Final = 32
_ARRAY: Final = 64
_OTHER: Final = 128

_BIT: Final = {
    "string": _STRING,
    "integer": _INTEGER,
    "number": _NUMBER,
    "boolean": _BOOLEAN,
    "null": _NULL,
    "object": _OBJECT,
    "array": _ARRAY,
    # vLLM's _TYPE_ALIASES.
    **dict.fromkeys(("str", "text", "varchar", "char", "enum"), _STRING),
    **dict.fromkeys(
        ("int", "int32", "int64", "uint", "uint32", "uint64", "long", "short", "unsigned"),
        _INTEGER,
    ),
    **dict.fromkeys(("float", "float32", "float64", "double"), _NUMBER),
    "bool": _BOOLEAN,
    "dict": _OBJECT,
    **dict.fromkeys(("arr", "list", "sequence"), _ARRAY),
}

_MAX_DEPTH: Final = 16
"""Levels of a schema that are read; what lies deeper is as if nothing were said of it."""


class KnownTools:
    """The schemas of the tools that requests came with lately: an agent's are the same in each of its requests."""

    _MOST = 64
    _MOST_BYTES = 64 * 1024
    """Of one request's tools, as they are compared: more are lowered anew each time."""

    def __init__(self) -> None:
        self._known: dict[bytes, ToolSchemas | None] = {}

    def __len__(self) -> int:
        return len(self._known)

    def schemas(self, tools: Sequence[dict[str, Any]]) -> ToolSchemas | None:
        """Return the same as `tool_schemas`. Thread-safe."""
        try:
            key = marshal.dumps(cast("Any", tools), 2)  # exact, and without marks for objects that are held twice
        except ValueError:  # nested too deeply
            return tool_schemas(tools)
        known = self._known
        try:
            return known[key]
        except KeyError:
            made = tool_schemas(tools)
        if len(key) <= self._MOST_BYTES:
            if len(known) >= self._MOST:
                known = self._known = {}
            known[key] = made
        return made


def tool_schemas(tools: Sequence[dict[str, Any]] | None) -> ToolSchemas | None:
    """The functions among `tools` (Chat Completions' form), in their order; None without any."""
    functions = [tool["function"] for tool in tools or () if isinstance(tool.get("function"), dict)]
    if not functions:
        return None
    return ToolSchemas(
        (function["name"], lower(parameters := function.get("parameters")), required_of(parameters))
        for function in functions
    )


def lower(schema: object, depth: int = 0) -> SchemaTuple:
    """A JSON schema's types, properties and items; anything may stand where a schema should be."""
    if not isinstance(schema, dict) or depth >= _MAX_DEPTH:
        return (0, [], None)
    properties = schema.get("properties")
    items = schema.get("items")
    return (
        types_of(schema, depth),
        [(name, lower(child, depth + 1)) for name, child in properties.items() if isinstance(child, dict)]
        if isinstance(properties, dict)
        else [],
        lower(items, depth + 1) if isinstance(items, dict) else None,
    )


def required_of(schema: object) -> list[str]:
    """Return the properties that an object's schema demands; what is no list of names demands none."""
    names = schema.get("required") if isinstance(schema, dict) else None
    return names if isinstance(names, list) and all(isinstance(name, str) for name in names) else []


def types_of(schema: dict[str, Any], depth: int = 0) -> int:
    """The types that `type`, `enum`, `anyOf`, `oneOf` and `allOf` name, as bits; 0: nothing said."""
    bits = 0
    named = schema.get("type")
    for name in [named] if isinstance(named, str) else named if isinstance(named, list) else []:
        if isinstance(name, str):
            bits |= _BIT.get(name.strip().lower(), _OTHER)
    values = schema.get("enum")
    for value in values if isinstance(values, list) else []:
        bits |= _type_of(value)
    for field in ("anyOf", "oneOf", "allOf"):
        choices = schema.get(field)
        for choice in choices if isinstance(choices, list) and depth < _MAX_DEPTH else []:
            # A choice that says nothing is a string's, to vLLM.
            bits |= (types_of(choice, depth + 1) if isinstance(choice, dict) else 0) or _STRING
    return bits


def _type_of(value: object) -> int:
    if value is None:
        return _NULL
    if isinstance(value, bool):
        return _BOOLEAN
    for kind, bit in ((int, _INTEGER), (float, _NUMBER), (str, _STRING), (list, _ARRAY), (dict, _OBJECT)):
        if isinstance(value, kind):
            return bit
    return 0
