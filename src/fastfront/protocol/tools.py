# SPDX-License-Identifier: Apache-2.0
"""The fields `tools` and `tool_choice`, and the rules between them.

Source: vllm/entrypoints/openai/chat_completion/protocol.py (check_tool_usage, ChatCompletionToolsParam).
"""

from __future__ import annotations

from typing import Any

from fastfront.errors import validation_error
from fastfront.protocol import lax
from fastfront.protocol.lax import Fields

_FUNCTION = Fields(
    {
        "name": lax.string,
        "description": lax.nullable(lax.string),
        "parameters": lax.nullable(lax.dict_of(lax.anything)),
        "strict": lax.nullable(lax.boolean),
        "defer_loading": lax.nullable(lax.boolean),
    },
    required={"name"},
)
_TOOL = Fields(
    {"type": lax.literal("function"), "function": _FUNCTION, "defer_loading": lax.nullable(lax.boolean)},
    required={"function"},
)
_NAMED_CHOICE = Fields(
    {"function": Fields({"name": lax.string}, required={"name"}), "type": lax.literal("function")},
    required={"function"},
)

TOOLS = lax.nullable(lax.list_of(_TOOL))
TOOL_CHOICE = lax.nullable(lax.union(lax.literal("none"), lax.literal("auto"), lax.literal("required"), _NAMED_CHOICE))

_FUNCTION_TYPES = {
    "name": (str,),
    "description": (str, type(None)),
    "parameters": (dict, type(None)),
    "strict": (bool, type(None)),
    "defer_loading": (bool, type(None)),
}
"""The same as _FUNCTION, exactly typed."""


def are_plain_tools(tools: list[dict[str, Any]]) -> bool:
    """Return whether these tools, fresh from the decoder, are sure to pass TOOLS unchanged. The fast path."""
    for tool in tools:
        function = tool.get("function")
        if type(function) is not dict or "name" not in function or len(tool) > 2:
            return False
        if len(tool) == 2 and tool.get("type") != "function":
            return False
        for name, value in function.items():
            if type(value) not in _FUNCTION_TYPES.get(name, ()):
                return False
    return bool(tools)


_USAGE = 'Correct usage: `{"type": "function", "function": {"name": "my_function"}}`'


def check_tool_usage(data: dict[str, Any]) -> None:
    """Refuse a tool_choice that does not go with the tools; tools without one mean "auto"."""
    tools = data.get("tools")
    if isinstance(tools, list) and not tools:
        raise validation_error(
            "`tools` must not be an empty array. Either provide at least one tool or omit the field entirely.",
            parameter="tools",
        )
    if "tool_choice" not in data and tools:
        data["tool_choice"] = "auto"
    choice = data.get("tool_choice")
    if choice is None or choice == "none":
        return
    if tools is None:
        raise validation_error("When using `tool_choice`, `tools` must be set.", parameter="tool_choice")
    if isinstance(choice, dict):
        _check_named_choice(choice, tools)
    elif choice not in ("auto", "required"):
        raise validation_error(
            f'Invalid value for `tool_choice`: {choice}! Only named tools, "none", "auto" or "required" are supported.',
            parameter="tool_choice",
        )


def _check_named_choice(choice: dict[str, Any], tools: Any) -> None:
    function = choice.get("function")
    if not isinstance(function, dict):
        raise validation_error(
            f"Invalid value for `function`: `{function}` in `tool_choice`! {_USAGE}", parameter="tool_choice.function"
        )
    if "name" not in function:
        raise validation_error(
            f"Expected field `name` in `function` in `tool_choice`! {_USAGE}", parameter="tool_choice.function.name"
        )
    name = function["name"]
    if not isinstance(name, str) or not name:
        raise validation_error(
            f"Invalid `name` in `function`: `{name}` in `tool_choice`! {_USAGE}",
            parameter="tool_choice.function.name",
        )
    # Tools of the wrong shape are refused later, by TOOLS; here they just have no name.
    if isinstance(tools, list) and all(_tool_name(tool) not in {name, None} for tool in tools):
        raise validation_error(
            "The tool specified in `tool_choice` does not match any of the specified `tools`", parameter="tool_choice"
        )


def _tool_name(tool: Any) -> str | None:
    function = tool.get("function") if isinstance(tool, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    return name if isinstance(name, str) else None
