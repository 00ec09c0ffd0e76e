# SPDX-License-Identifier: Apache-2.0
"""What Cohere's parsers have the engine held to: JSON schemas and tools, in the tags of Cohere's models.

Unlike other parsers' structural tags these depend on the model's architecture, hold whatever tool_choice is, take the
client's schema in, and have a grammar in them that xgrammar writes: a helper process makes that (structured/). Must not
know how constraints are checked or encoded.

Source: vllm/parser/cohere_command.py (CohereCommandParser.adjust_request and what it calls).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from fastfront.errors import BadRequestError
from fastfront.output.tool_strictness import Imposed
from fastfront.structured.rules import MAX_NESTING, check_nesting

if TYPE_CHECKING:
    from fastfront.protocol.chat import ChatCompletionRequest

PARSERS = frozenset(("cohere_command3", "cohere_command4"))
"""The names, of reasoning parsers and of tool parsers: either brings the tags along."""

_ACTION = ("<|START_ACTION|>", "<|END_ACTION|>")
_RESPONSE = ("<|START_RESPONSE|>", "<|END_RESPONSE|>")
_TEXT = ("<|START_TEXT|>", "<|END_TEXT|>")

ANSWER_TAGS = {
    "Cohere2ForCausalLM": (_RESPONSE,),
    "Cohere2VisionForConditionalGeneration": (_RESPONSE, _TEXT),
    "Cohere2MoeForCausalLM": (_RESPONSE, _TEXT),
}
"""By architecture: between what a model answers. Calls are between the same tags in all of them."""

_CALL_ID = {"type": "string", "pattern": "^[0-9]+$"}
_DEFINITIONS = ("$defs", "definitions")
_JSON_FORMATS = ("json_schema", "json_object")

Call = tuple[str, str]
"""A function's name, and the JSON Schema of a call of it, as text."""


class Wanted(NamedTuple):
    """The structural tag that a request is going to get."""

    answers: tuple[tuple[str, str], ...]
    schema: dict[str, Any] | None
    """What an answer has to be; None: the client has not said."""
    calls: list[Call]
    """What may be called, for the grammar of `impose`; none: no grammar is needed."""


def architecture_of(config: Mapping[str, Any]) -> str | None:
    """Return the one that vLLM would take of config.json's; None: it names none."""
    names = [name for name in config.get("architectures") or () if isinstance(name, str)]
    return next((name for name in names if name in ANSWER_TAGS), names[0] if names else None)


def wanted(request: ChatCompletionRequest, architecture: str) -> Wanted | None:
    """Return what the request's schema and tools mean; None: nothing, it stays as it is.

    Raises BadRequestError, in vLLM's words, for an architecture that has no tags and for a schema that is none.
    """
    constraint, response_format = request.structured_outputs, request.response_format
    if constraint is not None and constraint.get("structural_tag"):
        return None
    if response_format is not None and response_format["type"] == "structural_tag":
        return None
    schema = _schema_of_format(response_format)
    if schema is None:
        schema = _schema_of_constraint(constraint)
    if schema is None and not request.tools:
        return None
    answers = ANSWER_TAGS.get(architecture)
    if answers is None:
        raise BadRequestError(
            "Failed to build structural_tag guided decoding constraints from this request's JSON schema and/or tools. "
            f"The configured model architecture ({architecture!r}) does not support Cohere command structural tags, "
            "or the schema cannot be expressed in that format."
        )
    return Wanted(answers, schema, _calls_of(request.tools or ()))


def impose(request: ChatCompletionRequest, want: Wanted, grammar: str = "") -> None:
    """Put the structural tag in the place of the client's constraint. `grammar` is that of `want.calls`, in EBNF."""
    parts: list[tuple[tuple[str, str], dict[str, Any]]] = []
    if want.schema is not None:
        parts += [(tag, {"type": "json_schema", "json_schema": want.schema}) for tag in want.answers]
    if want.calls:
        parts.append((_ACTION, {"type": "grammar", "grammar": grammar}))
    content = {
        "type": "triggered_tags",
        "triggers": [begin for (begin, _), _ in parts],
        "tags": [{"begin": begin, "content": inside, "end": end} for (begin, end), inside in parts],
    }
    request.structured_outputs = Imposed(structural_tag=json.dumps({"type": "structural_tag", "format": content}))
    if request.response_format is not None and request.response_format["type"] in _JSON_FORMATS:
        request.response_format = None


def _calls_of(tools: Sequence[dict[str, Any]]) -> list[Call]:
    """Return what may be called; of two functions of one name the last, in the first one's place.

    A schema's definitions are found from its root, so they move there. Raises BadRequestError for deep ones.
    """
    calls: dict[str, str] = {}
    for tool in tools:
        name, parameters = tool["function"]["name"], dict(tool["function"].get("parameters") or {})
        check_nesting(parameters, MAX_NESTING)
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {
                "tool_call_id": _CALL_ID,
                "tool_name": {"type": "string", "const": name},
                "parameters": parameters,
            },
        }
        schema |= {key: parameters.pop(key) for key in _DEFINITIONS if key in parameters}
        calls[name] = json.dumps(schema)
    return list(calls.items())


# -- the client's schema


def _schema_of_format(response_format: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if response_format is None:
        return None
    if response_format["type"] == "json_object":
        return {"type": "object"}
    if response_format["type"] != "json_schema":
        return None
    described: dict[str, Any] = response_format["json_schema"]
    schema: dict[str, Any] | None = described.get("schema")
    inner = _unwrapped(schema or described.get("json_schema"))
    return schema if inner is None else inner


def _schema_of_constraint(constraint: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if constraint is None:
        return None
    if constraint.get("json_object"):
        return {"type": "object"}
    schema: str | dict[str, Any] | None = constraint.get("json")
    if isinstance(schema, str):
        schema = _read(schema)
    if schema is None:
        return None
    for key in ("schema", "json_schema"):
        inner = _unwrapped(schema.get(key))
        if inner is not None:
            return inner or schema
    return schema


def _read(text: str) -> dict[str, Any]:
    if not text.strip():
        raise BadRequestError("structured_outputs.json cannot be empty.")
    check_nesting(text, MAX_NESTING)
    try:
        schema = json.loads(text)
    except ValueError as error:
        raise BadRequestError("structured_outputs.json must be valid JSON.") from error
    if not isinstance(schema, dict):
        raise BadRequestError("structured_outputs.json must decode to a JSON object.")
    return schema


def _unwrapped(candidate: Any) -> dict[str, Any] | None:
    """Return the schema that an object is, or has in it under `schema`; it may be text. None: it is no object."""
    if isinstance(candidate, str):
        try:
            candidate = json.loads(candidate)
        except (ValueError, RecursionError):
            return None
    if not isinstance(candidate, dict):
        return None
    inner = candidate.get("schema")
    return inner if isinstance(inner, dict) else candidate
