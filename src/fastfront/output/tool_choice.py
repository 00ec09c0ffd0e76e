# SPDX-License-Identifier: Apache-2.0
"""What tool_choice asks of the engine and of the parser: a call that has to come is a constraint on the model's text.

Sources: vllm/tool_parsers/abstract_tool_parser.py (ToolParser.adjust_request, supports_required_and_named),
vllm/tool_parsers/utils.py (get_json_schema_from_tools). Must not know how constraints are checked or encoded.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastfront.errors import validation_error

if TYPE_CHECKING:
    from fastfront.protocol.chat import ChatCompletionRequest

REQUIRED = "json:required"
"""The native parser of a JSON list of calls, which is what a model says under the constraint for "required"."""

NAMED = "json:named"
"""The native parser of the arguments of a named function, which are all that the model says."""

OWN_FORMAT = frozenset(
    {
        "dots",
        "gemma4",
        "inkling",
        "k2_horizon",
        "kimi_k3",
        "minimax_m3",
        "mistral",
        "muse_glimmer",
        "openai",
        "poolside_v1",
    }
)
"""Parsers of models that call tools in their own format even where they have to: nothing is imposed on their text."""


def forced_parser(tool_parser: str, tool_choice: str | dict[str, Any] | None) -> str:
    """Return the parser that reads the answer under this tool_choice."""
    if tool_parser in OWN_FORMAT:
        return tool_parser
    if isinstance(tool_choice, dict):
        return NAMED
    return REQUIRED if tool_choice == "required" else tool_parser


def constrain(request: ChatCompletionRequest, tool_parser: str) -> None:
    """Put the constraint that tool_choice means into the request's structured_outputs; it goes above the client's.

    Raises BadRequestError for tools whose schemas contradict each other.
    """
    if tool_parser in OWN_FORMAT or not request.tools:
        return
    schema = json_schema_of(request.tools, request.tool_choice, parallel=request.parallel_tool_calls is not False)
    if schema is not None:
        request.structured_outputs = {"json": schema}
        request.response_format = None


def json_schema_of(
    tools: Sequence[dict[str, Any]], tool_choice: str | dict[str, Any] | None, *, parallel: bool
) -> dict[str, Any] | None:
    """Return the schema of what the model has to say; None where it may say anything."""
    if isinstance(tool_choice, dict):
        name = tool_choice["function"]["name"]
        chosen = next(tool["function"] for tool in tools if tool["function"]["name"] == name)
        return _parameters(chosen)
    return _schema_of_calls(tools, parallel=parallel) if tool_choice == "required" else None


def _schema_of_calls(tools: Sequence[dict[str, Any]], *, parallel: bool) -> dict[str, Any]:
    calls: list[dict[str, Any]] = []
    definitions: dict[str, Any] = {}
    for tool in tools:
        function = tool["function"]
        parameters = copy.copy(_parameters(function))
        _gather(definitions, parameters.pop("$defs", {}), function["name"])
        calls.append(
            {
                "properties": {"name": {"type": "string", "enum": [function["name"]]}, "parameters": parameters},
                "required": ["name", "parameters"],
            }
        )
    schema: dict[str, Any] = {"type": "array", "minItems": 1, "items": {"type": "object", "anyOf": calls}}
    if not parallel:
        schema["maxItems"] = 1
    if definitions:
        schema["$defs"] = definitions
    return schema


def _gather(definitions: dict[str, Any], more: Any, tool: str) -> None:
    """Add a tool's definitions to those of all: they share one namespace in the schema of a list of calls."""
    if not isinstance(more, dict):
        raise validation_error(
            f"`$defs` in the parameters of tool '{tool}' must be an object, got {type(more).__name__}.",
            parameter="tools",
        )
    for name, definition in more.items():
        if definitions.setdefault(name, definition) != definition:
            raise validation_error(
                f"Tool definition '{name}' has multiple schemas, which is not supported.", parameter="tools"
            )


def _parameters(function: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a function's parameters; without one they are still an object."""
    return function.get("parameters") or {"type": "object", "properties": {}}
