# SPDX-License-Identifier: Apache-2.0
"""JSON schema keywords that a backend would ignore or misread, so that it must not get the schema.

Pure functions on decoded schemas. Which backends there are and which comes next is backends.py's business.

Source: vllm/v1/structured_output/backend_xgrammar.py (`has_xgrammar_unsupported_json_features`),
backend_guidance.py (`has_guidance_unsupported_json_features`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Schema = dict[str, Any]

STRING_FORMATS = frozenset(
    [
        "email",
        "date",
        "time",
        "date-time",
        "duration",
        "ipv4",
        "ipv6",
        "hostname",
        "uuid",
        "uri",
        "uri-reference",
        "uri-template",
        "json-pointer",
        "relative-json-pointer",
    ]
)
_COUNTED = ("uniqueItems", "contains", "minContains", "maxContains")


def beyond_xgrammar(schema: Any) -> bool:
    """Return whether xgrammar would take less than the schema says."""
    return _any_object(schema, _is_beyond_xgrammar)


def beyond_guidance(schema: Any) -> bool:
    """Return whether llguidance would take less than the schema says."""
    return _any_object(schema, lambda found: "patternProperties" in found)


def _any_object(schema: Any, test: Callable[[Schema], bool]) -> bool:
    """Return whether the test holds for an object anywhere in the schema, but not within lists of lists."""
    pending = [schema]
    while pending:
        found = pending.pop()
        if not isinstance(found, dict):
            continue
        if test(found):
            return True
        for value in found.values():
            pending.extend(value if isinstance(value, list) else (value,))
    return False


def _is_beyond_xgrammar(schema: Schema) -> bool:
    types = _types(schema)
    if "multipleOf" in schema and not types.isdisjoint(("integer", "number")):
        return True
    if "array" in types and any(name in schema for name in _COUNTED):
        return True
    if "string" in types and (
        ("format" in schema and not _is_known_format(schema["format"])) or _is_bounded_pattern(schema)
    ):
        return True
    if "object" in types and (_names_are_beyond(schema) or _patterns_are_beyond(schema)):
        return True
    parts = schema.get("allOf")
    return isinstance(parts, list) and len(parts) > 1


def _types(schema: Schema) -> set[str]:
    found = schema.get("type")
    names = found if isinstance(found, list) else [found]
    return {name for name in names if isinstance(name, str)}


def _is_known_format(value: Any) -> bool:
    return isinstance(value, str) and value in STRING_FORMATS


def _is_bounded_pattern(schema: Schema) -> bool:
    return ("pattern" in schema or "format" in schema) and ("minLength" in schema or "maxLength" in schema)


def _names_are_beyond(schema: Schema) -> bool:
    if "propertyNames" not in schema:
        return False
    names = schema["propertyNames"]
    return (
        (isinstance(names, dict) and _is_bounded_pattern(names))
        or "patternProperties" in schema
        or "properties" in schema
        or schema.get("unevaluatedProperties", True) is not True
    )


def _patterns_are_beyond(schema: Schema) -> bool:
    patterns = schema.get("patternProperties")
    return isinstance(patterns, dict) and ("properties" in schema or len(patterns) > 1)
