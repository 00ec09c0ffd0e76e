# SPDX-License-Identifier: Apache-2.0
"""Request messages to what a chat template sees: content in the template's form, tool call arguments as objects.

Source: vllm/renderers/chat_utils.py `parse_chat_messages`, for text. Dicts come out with their members in the order
that vLLM's schema puts them in, because templates print them with `tojson`. Messages have the shape that
protocol/messages.py lets through, and are never changed. Must not know templates.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastfront.errors import validation_error
from fastfront.prompt.content_format import ContentFormat
from fastfront.protocol.messages import PROMPT_EMBEDS

logger = logging.getLogger(__name__)

Message = dict[str, Any]

_TEXT_MEMBER = {
    "text": "text",
    "input_text": "text",
    "output_text": "text",
    "thinking": "thinking",
    "refusal": "refusal",
}
"""Type of a content part that is text -> the member that holds it."""

_PART_MEMBERS = frozenset(
    (
        *(
            "audio_embeds",
            "audio_url",
            "closed",
            "data",
            "file",
            "image_embeds",
            "image_pil",
            "image_url",
            "input_audio",
        ),
        *(
            "name",
            "prompt_cache_breakpoint",
            "refusal",
            "text",
            "thinking",
            "type",
            "uuid",
            "video_embeds",
            "video_url",
        ),
    )
)
"""Members of content parts that the schema knows; all others reach a template that takes parts."""

EMBEDS_PLACEHOLDER = "<prompt_embeds>"
"""Stands in a conversation where embeddings are, one for each part: a token of its own while that is tokenized."""

BILLING_HEADER = "x-anthropic-billing-header"
"""Claude Code puts this line, different in every request, first in its system prompt: no prefix would be reused."""


def parse_messages(messages: Sequence[Message], content_format: ContentFormat) -> list[Message]:
    """Return the conversation for a template of that content format."""
    return [_parse_message(message, content_format) for message in messages]


def own_messages(messages: Sequence[Message]) -> list[Message]:
    """Return the request's messages as they came, but for tool call arguments, which are objects, and tools in order.

    For renderers that vLLM gives those: it parses arguments in place.
    """
    return [_own_message(message) for message in messages]


def _own_message(message: Message) -> Message:
    own = dict(message)
    if message["role"] == "assistant" and message.get("tool_calls"):
        own["tool_calls"] = [_parse_tool_call(call) for call in message["tool_calls"]]
    if "tools" in message:
        own["tools"] = _order_tools(message["tools"])
    return own


def _parse_message(message: Message, content_format: ContentFormat) -> Message:
    role = message["role"]
    content = message.get("content")
    if type(content) is str and content_format == "string" and role != "system":
        parsed: Message = {"role": role, "content": content}  # the common case, short of the general one below
    else:
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        found = [_parse_part(part, content_format) for part in _without_billing_header(parts, role)]
        as_list = content_format == "openai"
        parsed = {"role": role, "content": found if as_list else "\n".join(part for part in found if part)}
    if role == "assistant":
        _add_assistant_members(parsed, message)
    elif role == "tool":
        _add_tool_members(parsed, message)
    for member in ("name", "task"):
        if isinstance(message.get(member), str):
            parsed[member] = message[member]
    if role == "developer":
        parsed["tools"] = _order_tools(message.get("tools"))
    return parsed


def _without_billing_header(parts: list[Any], role: str) -> list[Any]:
    if role != "system":
        return parts
    kept: list[Any] = []
    for part in parts:
        is_object = isinstance(part, dict)
        text = (part.get("text") if part.get("type") == "text" else None) if is_object else part
        if not (isinstance(text, str) and text.startswith(BILLING_HEADER)):
            kept.append(part)
        elif rest := text.partition("\n")[2]:
            kept.append({**part, "text": rest} if is_object else rest)
    return kept


def _parse_part(part: Any, content_format: ContentFormat) -> Any:
    """Return a content part as the template takes it."""
    as_list = content_format == "openai"
    if isinstance(part, str):
        return {"type": "text", "text": part} if as_list else part
    part_type = part["type"]
    if part_type == PROMPT_EMBEDS:
        return {"type": "text", "text": EMBEDS_PLACEHOLDER} if as_list else EMBEDS_PLACEHOLDER
    if part_type == "tool_reference":
        return {"type": "tool_reference", "name": part.get("name")} if as_list else part.get("name")
    text = part[_TEXT_MEMBER[part_type]]
    if not as_list:
        return text
    return {"type": "text", "text": text, **{name: part[name] for name in part if name not in _PART_MEMBERS}}


def _add_assistant_members(parsed: Message, message: Message) -> None:
    # An empty list of tool calls would lead templates off the path of a plain answer.
    if tool_calls := message.get("tool_calls"):
        parsed["tool_calls"] = [_parse_tool_call(call) for call in tool_calls]
    reasoning = message.get("reasoning")
    if reasoning is not None:
        parsed["reasoning"] = reasoning
        parsed["reasoning_content"] = reasoning


def _add_tool_members(parsed: Message, message: Message) -> None:
    if "tool_call_id" in message:
        parsed["tool_call_id"] = message["tool_call_id"]
    content = parsed["content"]
    # Most templates take a tool's answer as a string only; parts stay where one is more than text.
    if isinstance(content, list) and all(part["type"] == "text" for part in content):
        parsed["content"] = "\n".join(part["text"] for part in content)


def _parse_tool_call(call: Message) -> Message:
    function = _ordered(call["function"], ("arguments", "name"))
    function["arguments"] = parse_arguments(function.get("arguments"), function.get("name"))
    return _ordered({**call, "function": function}, ("id", "function", "type"))


def parse_arguments(arguments: Any, name: object) -> Any:
    """Return the arguments as an object, which templates want; what is none becomes an empty one.

    It stands in the history: refusing it would make every further turn of this conversation fail too.
    """
    if isinstance(arguments, str) and arguments:
        try:
            arguments = json.loads(arguments)
        except RecursionError:
            raise validation_error("Tool call arguments are nested too deeply.", parameter="tool_calls") from None
        except json.JSONDecodeError:
            logger.debug("arguments of tool call %r are not JSON; the template sees an empty object", name)
    return arguments if isinstance(arguments, dict) else {}


def _order_tools(tools: Any) -> Any:
    """Return a message's tools with their members in the schema's order; as they are where one does not fit it."""
    if not isinstance(tools, list) or not all(map(_is_tool, tools)):
        return tools
    return [_order_tool(tool) for tool in tools]


def _is_tool(tool: Any) -> bool:
    function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
    return (
        isinstance(function, dict)
        and isinstance(function.get("name"), str)
        and isinstance(function.get("description", ""), str)
        and isinstance(function.get("parameters", {}), dict)
        and isinstance(function.get("strict"), bool | None)
    )


def _order_tool(tool: Message) -> Message:
    function = _ordered(tool["function"], ("name", "description", "parameters", "strict"))
    return _ordered({**tool, "function": function}, ("function", "type"))


def _ordered(members: Mapping[str, Any], first: tuple[str, ...]) -> dict[str, Any]:
    ordered = {name: members[name] for name in first if name in members}
    ordered.update((name, value) for name, value in members.items() if name not in first)
    return ordered
