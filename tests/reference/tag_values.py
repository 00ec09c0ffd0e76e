# SPDX-License-Identifier: Apache-2.0
"""The values that parameters' texts are, by each rule that formats of tags have: slow and obvious, with Python's own
int, float, json and ast.

The oracle of tool_values.hpp; `types_of` knows the schemas of the tests only.
"""

from __future__ import annotations

import ast
import json


def types_of(schema):
    """The names of extract_types_from_schema, for the schemas of the tests."""
    if not isinstance(schema, dict):
        return {"string"}
    named = schema.get("type", [])
    kinds = set(named if isinstance(named, list) else [named])
    if "enum" in schema:
        kinds |= {"string" if isinstance(value, str) else "integer" for value in schema["enum"]}
    for choice in schema.get("anyOf", []):
        kinds |= types_of(choice)
    return kinds or {"string"}


def _finite(value):
    json.dumps(value, allow_nan=False)
    return value


def _whole(text):
    number = float(text)
    return int(_finite(number)) if number == int(number) else number


def _attempt(text, *readers):
    for reader in readers:
        try:
            return _finite(reader(text))
        except (ValueError, SyntaxError, TypeError, OverflowError):
            continue
    return text


def _boolean(text, true=("true",), false=("false",)):
    if text.lower() in (*true, *false):
        return text.lower() in true
    raise ValueError(text)


def converted(rule, schema, text, kind=None):
    """The value that a complete text is; `kind`: what its tag says of it."""
    kinds = types_of(schema)
    if rule == "dsml":
        return _coerced(text if kind == "true" else _attempt(text, json.loads), schema)
    if rule == "poolside":
        return (
            text if schema is not None and kinds == {"string"} else _attempt(text.strip(), json.loads, ast.literal_eval)
        )
    if rule == "dots":
        return _dots(kinds, text)
    if rule == "hunyuan":
        kinds -= {"null"}
        readers = [_boolean] if "boolean" in kinds else []
        readers += [int] if "integer" in kinds else []
        readers += [lambda t: float(t) if set(t) & set(".eE") else int(t)] if "number" in kinds else []
        readers += [json.loads] if kinds - {"string", "boolean", "integer", "number"} else []
        return _attempt(text, *readers, *([] if "string" in kinds else [json.loads, ast.literal_eval]))
    if schema is None:
        return text
    if "null" in kinds and text.lower() == "null":
        return None
    readers = [int] if "integer" in kinds else []
    readers += [_whole] if "number" in kinds else []
    readers += [lambda t: _boolean(t.strip(), ("true", "1"), ("false", "0"))] if "boolean" in kinds else []
    readers += [json.loads] if kinds & {"object", "array"} or "string" not in kinds else []
    return _attempt(text, *readers)


def _coerced(value, schema):
    if schema is None:
        return value
    if isinstance(value, dict):
        inner = schema.get("properties", {})
        return {key: _coerced(member, inner.get(key)) for key, member in value.items()}
    if isinstance(value, list):
        return [_coerced(item, schema.get("items")) for item in value]
    return converted("schema", schema, value if isinstance(value, str) else json.dumps(value))


def _dots(kinds, text):
    if text.lower() == "null":
        return None
    if "string" in kinds:
        return text
    for kind, reader in (("integer", int), ("number", _whole)):
        if kind in kinds:
            return _attempt(text, reader)
    if "boolean" in kinds:
        return text.lower() in ("true", "1")
    return _attempt(text, json.loads)
