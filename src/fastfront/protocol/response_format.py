# SPDX-License-Identifier: Apache-2.0
"""The fields that constrain the form of an answer: response_format and structured_outputs.

Validated as vLLM does, except that no grammar is compiled here (structured/ does that).

Source: vllm/entrypoints/generate/base/protocol.py, vllm/sampling_params.py (StructuredOutputsParams).
"""

from __future__ import annotations

import json
from typing import Any

from fastfront.errors import validation_error
from fastfront.protocol import lax
from fastfront.protocol.lax import Fields

_JSON_SCHEMA = Fields(
    {
        "name": lax.string,
        "description": lax.nullable(lax.string),
        "schema": lax.nullable(lax.dict_of(lax.anything)),
        "strict": lax.nullable(lax.boolean),
    },
    required={"name"},
    extra=True,  # Cohere's parsers take a schema under another name, too
)
_FORMAT = Fields(
    {"type": lax.literal("text", "json_object", "json_schema"), "json_schema": lax.nullable(_JSON_SCHEMA)},
    required={"type"},
)


def _build_structure(**members: Any) -> dict[str, Any]:
    ordered = {"begin": members.pop("begin"), "schema": members.pop("schema", None), "end": members.pop("end")}
    return ordered | members


_STRUCTURAL_TAG = Fields(
    {"type": lax.literal("structural_tag"), "format": lax.anything}, required={"type", "format"}, extra=True
)
_LEGACY_STRUCTURE = Fields(
    {"begin": lax.string, "schema": lax.nullable(lax.dict_of(lax.anything)), "end": lax.string},
    required={"begin", "end"},
    build=_build_structure,
    extra=True,
)
_LEGACY_STRUCTURAL_TAG = Fields(
    {
        "type": lax.literal("structural_tag"),
        "structures": lax.list_of(_LEGACY_STRUCTURE),
        "triggers": lax.list_of(lax.string),
    },
    required={"type", "structures", "triggers"},
    extra=True,
)

STRUCTURAL_TAG_FORMATS = lax.union(_LEGACY_STRUCTURAL_TAG, _STRUCTURAL_TAG)
RESPONSE_FORMAT = lax.nullable(lax.union(_FORMAT, _STRUCTURAL_TAG, _LEGACY_STRUCTURAL_TAG))

_CONSTRAINTS = ("json", "regex", "choice", "grammar", "json_object", "structural_tag")
_DEFAULTS: dict[str, Any] = {
    "json": None,
    "regex": None,
    "choice": None,
    "grammar": None,
    "json_object": None,
    "disable_any_whitespace": False,
    "disable_additional_properties": False,
    "whitespace_pattern": None,
    "structural_tag": None,
    "_backend": None,
    "_backend_was_auto": False,
}


def _build_structured_outputs(**members: Any) -> dict[str, Any]:
    count = sum(members.get(kind) is not None for kind in _CONSTRAINTS)
    if count != 1:
        found = "multiple are specified" if count else "none are specified"
        raise validation_error(
            f"You {'can only' if count else 'must'} use one kind of structured outputs constraint but {found}: "
            f"{_DEFAULTS | members}"
        )
    return members


STRUCTURED_OUTPUTS = lax.nullable(
    Fields(
        {
            "json": lax.nullable(lax.union(lax.string, lax.dict_of(lax.anything))),
            "regex": lax.nullable(lax.string),
            "choice": lax.nullable(lax.list_of(lax.string)),
            "grammar": lax.nullable(lax.string),
            "json_object": lax.nullable(lax.boolean),
            "disable_any_whitespace": lax.boolean,
            "disable_additional_properties": lax.boolean,
            "whitespace_pattern": lax.nullable(lax.string),
            "structural_tag": lax.nullable(lax.string),
        },
        build=_build_structured_outputs,
        dataclass="StructuredOutputsParams",
    )
)


def constraint_of(
    structured_outputs: dict[str, Any] | None, response_format: dict[str, Any] | None
) -> dict[str, Any] | None:
    """Return the one constraint that both fields come to, as members of structured_outputs; None: there is none.

    A response_format counts above the same kind of constraint in structured_outputs; two kinds are refused.
    """
    if response_format is None or response_format["type"] == "text":
        return structured_outputs
    own: dict[str, Any]
    if response_format["type"] == "json_object":
        own = {"json_object": True}
    elif response_format["type"] == "json_schema":
        own = {"json": response_format["json_schema"].get("schema")}
    else:
        own = {"structural_tag": json.dumps(response_format)}
    return _build_structured_outputs(**(structured_outputs or {}) | own)
