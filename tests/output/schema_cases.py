# SPDX-License-Identifier: Apache-2.0
"""JSON schemas, and the types that vLLM's extract_types_from_schema sees in them, as its aliases name them.

Checked against vLLM itself by tests/real_engine/test_tool_schemas.py.
"""

from __future__ import annotations

from typing import Any

CASES: list[tuple[Any, set[str]]] = [
    ({"type": "string"}, {"string"}),
    ({"type": ["integer", "null"]}, {"integer", "null"}),
    ({"type": " Int "}, {"integer"}),
    ({"type": "float"}, {"number"}),
    ({"type": "dict"}, {"object"}),
    ({"type": "list"}, {"array"}),
    ({"type": "any"}, {"other"}),
    ({"type": ["string", 5]}, {"string"}),
    (
        {"enum": ["a", 1, 1.5, True, None, [], {}]},
        {"string", "integer", "number", "boolean", "null", "array", "object"},
    ),
    ({"enum": [True, False]}, {"boolean"}),
    ({"type": "string", "enum": [1]}, {"string", "integer"}),
    ({"anyOf": [{"type": "string"}, {"type": "null"}]}, {"string", "null"}),
    ({"oneOf": [{"anyOf": [{"type": "integer"}]}, {"type": "boolean"}]}, {"integer", "boolean"}),
    ({"allOf": [{"type": "object"}]}, {"object"}),
    ({"anyOf": [{"description": "anything"}]}, {"string"}),
    ({"anyOf": [True, {"type": "integer"}]}, {"string", "integer"}),
    ({"anyOf": [{"$ref": "#/$defs/a"}, {"type": "null"}]}, {"string", "null"}),
    ({"anyOf": {"type": "integer"}}, {"string"}),
    ({"$ref": "#/$defs/a"}, {"string"}),
    ({"const": 5}, {"string"}),
    ({}, {"string"}),
    (True, {"string"}),
    (None, {"string"}),
]
