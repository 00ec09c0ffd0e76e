# SPDX-License-Identifier: Apache-2.0
"""The messages of a chat: JSON objects that go to the chat template as they are, once their shape is known.

vLLM describes them as a union of eight pydantic types; what that union takes and refuses is said here by role. What
is left after these checks: every message has a string `role`; `content` is absent, None, a string, or a list whose
parts are strings or objects of a text type, tool references or embeddings; an assistant's `tool_calls` are well formed;
`reasoning_content` has become `reasoning`. Members that nobody knows are kept.

Source: vllm/renderers/chat_utils.py (ChatCompletionMessageParam and how parts are parsed).
"""

from __future__ import annotations

from typing import Any

from fastfront.errors import BadRequestError, UnsupportedFieldError, validation_error
from fastfront.protocol import lax
from fastfront.protocol.issues import Issues, Location
from fastfront.protocol.lax import INVALID, Fields

Message = dict[str, Any]

_TEXT_MEMBER = {
    "text": "text",
    "input_text": "text",
    "output_text": "text",
    "refusal": "refusal",
    "thinking": "thinking",
    "tool_reference": "name",
}
"""Content part types that are served, and the member of each that holds its text."""

PROMPT_EMBEDS = "prompt_embeds"
"""Type of a content part that is embeddings, in its member `data`."""

_SKIPPED_WHEN_NULL = frozenset({"text", "refusal"})

_MEDIA_TYPES = (
    "image_url",
    "input_image",
    "image_pil",
    "image_embeds",
    "audio_url",
    "input_audio",
    "audio_embeds",
    "video_url",
    "video_embeds",
)

_FUNCTION_CALL = Fields(
    {
        "id": lax.string,
        "function": Fields({"arguments": lax.string, "name": lax.string}, required={"arguments", "name"}),
        "type": lax.literal("function"),
    },
    required={"id", "function", "type"},
)


def rename_reasoning_content(message: Message) -> None:
    """Move the deprecated `reasoning_content` to `reasoning`, unless that is there."""
    reasoning = message.pop("reasoning_content", None)
    if reasoning is not None and message.get("reasoning") is None:
        message["reasoning"] = reasoning


def are_plain_messages(messages: list[Message]) -> bool:
    """Return whether these messages, fresh from the decoder, are sure to pass check_messages unchanged.

    The fast path: it says no to whatever is rare, and words nothing.
    """
    for message in messages:
        if type(message.get("role")) is not str:
            return False
        content = message.get("content")
        if type(content) is str and len(message) == 2:
            continue
        if not _is_plain_content(content, message) or not _are_plain_extras(message):
            return False
    return True


def _is_plain_content(content: Any, message: Message) -> bool:
    if type(content) is str:
        return True
    if content is None:
        return message["role"] == "assistant" or "content" not in message
    if type(content) is not list:
        return False
    for part in content:
        if type(part) is not dict or part.get("type") != "text" or type(part.get("text")) is not str:
            return False
    return True


def _are_plain_extras(message: Message) -> bool:
    if "reasoning_content" in message:
        rename_reasoning_content(message)
    if type(message.get("name", "")) is not str:
        return False
    role = message["role"]
    if role == "assistant":
        return _are_plain_tool_calls(message.get("tool_calls"))
    return role != "tool" or type(message.get("tool_call_id", "")) is str


def _are_plain_tool_calls(calls: Any) -> bool:
    if calls is None:
        return True
    if type(calls) is not list:
        return False
    for call in calls:
        if type(call) is not dict or call.get("type") != "function" or type(call.get("id")) is not str:
            return False
        function = call.get("function")
        if type(function) is not dict:
            return False
        if type(function.get("name")) is not str or type(function.get("arguments")) is not str:
            return False
    return True


def check_messages(value: Any, location: Location, issues: Issues, *, strict: bool = False) -> Any:
    """Check all messages (a lax.Check). Content parts that vLLM's renderer refuses are raised at once."""
    if not isinstance(value, list):
        issues.add("list_type", location, "Input should be a valid list", value)
        return INVALID
    before = issues.count
    for index, message in enumerate(value):
        if isinstance(message, dict):
            _check_message(message, (*location, index), issues)
        else:
            issues.add("dict_type", (*location, index), "Input should be a valid dictionary", message)
        if issues.overflowing:
            break
    return value if issues.count == before else INVALID


def verify_not_empty(messages: list[Message]) -> None:
    """Refuse a conversation without messages."""
    if not messages:
        raise BadRequestError("Cannot apply chat template to an empty conversation. Provide at least one message.")


def _check_message(message: Message, location: Location, issues: Issues) -> None:
    rename_reasoning_content(message)
    if "role" not in message:
        issues.add("missing", (*location, "role"), "Field required", message)
        return
    role = message["role"]
    lax.string(role, (*location, "role"), issues)
    _check_content(message, (*location, "content"), issues)
    if "name" in message:
        lax.string(message["name"], (*location, "name"), issues)
    if role == "tool" and message.get("tool_call_id") is not None:
        lax.string(message["tool_call_id"], (*location, "tool_call_id"), issues)
    if role == "assistant" and message.get("tool_calls") is not None:
        _check_tool_calls(message["tool_calls"], (*location, "tool_calls"), issues)


def _check_content(message: Message, location: Location, issues: Issues) -> None:
    if "content" not in message:
        return
    content = message["content"]
    if isinstance(content, str):
        return
    if content is None and message["role"] in {"assistant", "function"}:
        return
    if not isinstance(content, list):
        issues.add("string_type", location, "Input should be a valid string", content)
        issues.add("list_type", location, "Input should be a valid list", content)
        return
    parts = [part for index, part in enumerate(content) if _is_served_part(part, (*location, index))]
    if len(parts) != len(content):
        message["content"] = parts


def _is_served_part(part: Any, location: Location) -> bool:
    """Return whether the part goes to the template (a null text does not, as in vLLM), or raise."""
    if isinstance(part, str):
        return True
    path = ".".join(str(step) for step in location)
    if not isinstance(part, dict):
        raise BadRequestError(f"`{path}` must be an object with a `type`, or a string.", param=path)
    kind = part.get("type")
    if kind is None:
        kind = next((name for name in _MEDIA_TYPES if name in part), None)
        if kind is None:
            raise validation_error(f"Missing 'type' field in multimodal part `{path}`.", parameter="type")
    if not isinstance(kind, str):
        raise validation_error(f"Invalid 'type' field in multimodal part `{path}`.", parameter="type")
    if kind in _MEDIA_TYPES:
        raise UnsupportedFieldError(f"{path}.{kind}", "Content parts must be text.")
    if kind == PROMPT_EMBEDS:
        return _check_embeds(part, path)
    member = _TEXT_MEMBER.get(kind)
    if member is None:
        raise validation_error(
            f"Unsupported chat content part type: {kind!r}. Supported types: {', '.join(sorted(_TEXT_MEMBER))}.",
            parameter="type",
            value=kind,
        )
    text = part.get(member)
    if isinstance(text, str):
        return True
    if text is None and member in part and kind in _SKIPPED_WHEN_NULL:
        return False
    raise BadRequestError(f"`{path}.{member}` must be a string.", param=f"{path}.{member}")


def _check_embeds(part: Message, path: str) -> bool:
    data = part.get("data")
    if not data:
        raise validation_error(
            "prompt_embeds content part requires a non-empty `data` field with base64-encoded tensor bytes.",
            parameter=PROMPT_EMBEDS,
        )
    if not isinstance(data, str):
        raise BadRequestError(f"`{path}.data` must be a string.", param=f"{path}.data")
    return True


def _check_tool_calls(calls: Any, location: Location, issues: Issues) -> None:
    if not isinstance(calls, list):
        issues.add("list_type", location, "Input should be a valid list", calls)
        return
    for index, call in enumerate(calls):
        if isinstance(call, dict) and call.get("type") == "custom":
            raise validation_error(
                "chat completions only support assistant tool_calls of type 'function'.", parameter="tool_calls"
            )
        _FUNCTION_CALL(call, (*location, index), issues)
        if issues.overflowing:
            return
