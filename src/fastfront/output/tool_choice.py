# SPDX-License-Identifier: Apache-2.0
"""What tool_choice asks of the engine and of the parser: a call that has to come is a constraint on the model's text.

Either a structural tag in the model's own format (tool_strictness.py), and the answer is read as any other; or the
calls as JSON, which parsers of their own read.

Sources: vllm/tool_parsers/abstract_tool_parser.py (ToolParser.adjust_request, supports_required_and_named),
vllm/tool_parsers/utils.py (get_json_schema_from_tools), vllm/parser/mistral.py (adjust_request). Must not know how
constraints are checked or encoded.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastfront.errors import BadRequestError, validation_error
from fastfront.output import cohere_tags
from fastfront.output.tool_strictness import TAG_OF, Imposed, Strictness, structural_tag_of, wanted

if TYPE_CHECKING:
    from fastfront.protocol.chat import ChatCompletionRequest

REQUIRED = "json:required"
"""The native parser of a JSON list of calls, which is what a model says under the constraint for "required"."""

NAMED = "json:named"
"""The native parser of the arguments of a named function, which are all that the model says."""

MISTRAL = "json:mistral"
"""The native parser of Mistral's JSON list of calls, which is what a model says under the constraint of its own."""

OWN_FORMAT = frozenset(
    (
        *("dots", "gemma4", "glm45", "glm47", "hy_v4", "inkling", "k2_horizon", "kimi_k3", "ling3", "minimax_m3"),
        *("mistral", "muse", "muse_glimmer", "musespark1x", "openai", "plamo3", "poolside_v1"),
    )
)
"""Parsers of models whose calls are never JSON of another form: without a structural tag nothing is imposed on them.

Mistral's models call with a JSON list of their own form, which is imposed.
"""


def check_unparsed(choice: str | dict[str, Any], *, enable_auto_tool_choice: bool) -> None:
    """Refuse a tool_choice, not "none", that needs a parser of tool calls where there is none."""
    if choice == "auto":
        if not enable_auto_tool_choice:
            raise BadRequestError(
                '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
            )
        return
    asked = f'function "{choice["function"]["name"]}"' if isinstance(choice, dict) else f'"{choice}"'
    raise BadRequestError(f"tool_choice={asked} requires --tool-call-parser to be set")


def forced_parser(tool_parser: str, request: ChatCompletionRequest, strictness: Strictness) -> str:
    """Return the parser that reads the answer to a request, once it has its constraint."""
    choice = request.tool_choice
    if not isinstance(choice, dict) and choice != "required":
        return tool_parser
    if tool_parser == "mistral":
        return MISTRAL if isinstance(request.structured_outputs, Imposed) else tool_parser
    if _reads_own_format(tool_parser, strictness):
        return tool_parser
    if tool_parser in cohere_tags.PARSERS and _has_structural_tag(request):
        return tool_parser
    return NAMED if isinstance(choice, dict) else REQUIRED


def _reads_own_format(tool_parser: str, strictness: Strictness) -> bool:
    return tool_parser in OWN_FORMAT or (strictness.enforced and tool_parser in TAG_OF)


def in_question(request: ChatCompletionRequest, tool_parser: str, strictness: Strictness) -> Mapping[str, Any] | None:
    """Return the client's constraint that a structural tag would have to contain: xgrammar decides whether it can."""
    want = wanted(request, tool_parser, strictness)
    return None if want is None else want.form


def constrain(
    request: ChatCompletionRequest, tool_parser: str, strictness: Strictness, *, form_fits: bool = True
) -> None:
    """Put the constraint that tools and tool_choice mean into the request's structured_outputs, above the client's.

    `form_fits`: xgrammar takes what `in_question` returned; otherwise that holds alone. Raises BadRequestError for
    tools whose schemas contradict each other.
    """
    if not request.tools:
        return
    want = wanted(request, tool_parser, strictness)
    imposed = structural_tag_of(want) if want is not None and (form_fits or want.form is None) else None
    if tool_parser == "mistral":
        imposed = _mistral_list(request)
    if imposed is None and not _has_structural_tag(request) and not _reads_own_format(tool_parser, strictness):
        schema = json_schema_of(request.tools, request.tool_choice, parallel=request.parallel_tool_calls is not False)
        imposed = None if schema is None else Imposed(json=schema)
    if imposed is not None:
        request.structured_outputs = imposed
        request.response_format = None
    elif tool_parser == "kimi_k3" and isinstance(request.tool_choice, dict) and not _has_structural_tag(request):
        raise validation_error(
            "Named tool choice for Kimi K3 requires strict tool calling (VLLM_ENFORCE_STRICT_TOOL_CALLING) so the XTML "
            'structural tag can force the call. Otherwise use `tool_choice` set to "auto", "required", or "none".',
            parameter="tool_choice",
        )


def _has_structural_tag(request: ChatCompletionRequest) -> bool:
    return (request.structured_outputs or {}).get("structural_tag") is not None


def json_schema_of(
    tools: Sequence[dict[str, Any]], tool_choice: str | dict[str, Any] | None, *, parallel: bool
) -> dict[str, Any] | None:
    """Return the schema of what the model has to say; None where it may say anything."""
    if isinstance(tool_choice, dict):
        name = tool_choice["function"]["name"]
        chosen = next(tool["function"] for tool in tools if tool["function"]["name"] == name)
        return _parameters(chosen)
    return _schema_of_calls(tools, parallel=parallel) if tool_choice == "required" else None


def _mistral_list(request: ChatCompletionRequest) -> Imposed | None:
    """Return Mistral's list of calls, where a call has to come and the client has no constraint that goes first.

    Source: MistralParser._build_guided_schema_pre_v11, without mistral-common's tokenizers, which have grammars.
    """
    choice, response_format = request.tool_choice, request.response_format
    if request.structured_outputs is not None or (response_format or {}).get("type") == "structural_tag":
        return None
    functions = [tool["function"] for tool in request.tools or ()]
    bound = {}
    if isinstance(choice, dict):
        functions = [function for function in functions if function["name"] == choice["function"]["name"]]
        bound = {"maxItems": 1}
    elif choice != "required":
        return None
    calls = [
        {
            "type": "object",
            "properties": {
                "name": {"type": "string", "enum": [function["name"]]},
                "arguments": function.get("parameters") or {"type": "object"},
            },
            "required": ["name", "arguments"],
        }
        for function in functions
    ]
    return Imposed(json={"type": "array", "minItems": 1, **bound, "items": {"type": "object", "anyOf": calls}})


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
