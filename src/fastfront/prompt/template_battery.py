# SPDX-License-Identifier: Apache-2.0
"""The conversations on which two template engines must agree, and the check that a request is of their kind.

Both sides of one coin: `is_covered` lets through only what `cases` has examples of, member by member and type by type.
Must not know how templates are rendered.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from fastfront.prompt.content_format import ContentFormat
from fastfront.prompt.conversation import Message, parse_messages

_ROLES = frozenset(("assistant", "developer", "system", "tool", "user"))
_MEMBERS = frozenset(("content", "reasoning", "reasoning_content", "role", "tool_call_id", "tool_calls"))
_CALL_MEMBERS = frozenset(("function", "id", "type"))
_FUNCTION_MEMBERS = frozenset(("arguments", "name"))
_MAX_DEPTH = 24

_TEXTS = (
    "Hello, how are you?",
    "",
    "  \n two words \t\n\n",
    "<b>\"it's\" & 'that'</b> {{ x }} {% y %} \\n \\u0041",
    "naïve 日本語 \U0001f600 \u00a0\u2003 e\u0301\u200d",
    "line one\nline two\r\nline three",
    "<think>\nplan a\n</think>\n\nanswer",
    "</think> no start <think> twice </think>x",
    "<tool_response>\n{}\n</tool_response>",
    "ends\x00 with\x7f controls\x1b",
)
_ARGUMENTS: tuple[dict[str, Any], ...] = (
    {},
    {"city": "Zürich <&> \"q\" 'r'", "days": 3, "big": 2**53 + 1, "ratio": 0.25, "ok": True, "no": None},
    {"items": [1, {"a": None, "b": [True, 1.5, "é\n"]}], "copy": {"keys": {"x": "y"}}, "values": []},
)
_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Where <to> look", "enum": ["a", "b"]},
        "items": {"type": "array", "items": {"type": "string"}, "default": [1, 0.5]},
        "deep": {"type": ["object", "null"], "properties": {"x": {"type": "number", "nullable": True}}},
        "any": {"anyOf": [{"type": "string"}, {"type": "integer", "default": 3}]},
    },
    "required": ["city"],
}
_TOOLS: tuple[list[dict[str, Any]], ...] = (
    [],
    [{"type": "function", "function": {"name": "look", "description": "Looks — 'there'.", "parameters": _SCHEMA}}],
    [
        {"type": "function", "function": {"name": "a", "description": None, "parameters": None}},
        {"type": "function", "function": {"name": "b", "description": "x\ny", "parameters": {}, "strict": True}},
        {"type": "function", "function": {"name": "c", "description": "", "parameters": {"type": "object"}}},
    ],
)


def _call(name: str, arguments: dict[str, Any], id: str | None = "call12345") -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return {"type": "function", "function": function, **({"id": id} if id else {})}


def _conversations() -> Iterator[list[Message]]:
    def say(role: str, content: Any, **members: Any) -> Message:
        return {"role": role, "content": content, **members}

    user, system, hello = say("user", "hi"), say("system", "Be brief."), say("assistant", "Hello!")
    for text in _TEXTS:
        yield [say("user", text)]
        yield [say("system", text), say("user", text), say("assistant", text), say("user", text)]
        yield [say("user", "q"), say("assistant", text, reasoning=text), say("user", text), say("assistant", text)]
    for role in sorted(_ROLES):
        yield [say(role, "alone")]
        yield [user, say(role, None)]
        yield [system, user, hello, say(role, "last")]
    yield [user, user, hello, hello, user]
    yield [user, system, hello, user, system]
    yield [say("developer", "dev"), user, say("developer", "more"), hello, user]
    yield [say("user", [{"type": "text", "text": "one"}, {"type": "text", "text": " two "}]), hello, user]
    yield [system, *([user, hello] * 8), user]
    for number, arguments in enumerate(_ARGUMENTS):
        text = _TEXTS[number]
        call = say("assistant", text or None, tool_calls=[_call("look", arguments)])
        result = say("tool", text, tool_call_id="call12345")
        yield [user, call]
        yield [user, call, result]
        yield [system, user, call, result, hello, user]
        two = say("assistant", "calling", tool_calls=[_call("a", arguments, "123456789"), _call("b", {}, "abcdefghi")])
        yield [user, two, say("tool", "1", tool_call_id="123456789"), say("tool", "2", tool_call_id="abcdefghi"), hello]
        yield [user, {**call, "reasoning": "why\nnot"}, result, {**hello, "reasoning": ""}, user, call, result]
        yield [user, say("assistant", None, tool_calls=[_call("look", arguments, None)]), say("tool", text)]


_PLAIN_VALUES = (None, True, False, 0, 7, "", "high", "a <b> 'c'\n")


def cases(
    content_format: ContentFormat, variables: Iterable[str]
) -> Iterator[tuple[list[Message], list[dict[str, Any]] | None, bool, dict[str, Any]]]:
    """Yield (conversation, tools, add_generation_prompt, kwargs); `variables`: those that a request may set."""
    conversations = [parse_messages(messages, content_format) for messages in _conversations()]
    if content_format == "openai":
        # A developer's message comes out as a string even there.
        conversations += [parse_messages(messages, "string") for messages in list(_conversations())[-12:]]
    names = sorted(variables)
    for number, conversation in enumerate(conversations):
        yield conversation, None, True, {}
        yield conversation, _TOOLS[number % 2 + 1], number % 3 != 0, {}
    few = conversations[3:6] + conversations[-5:]
    for conversation in few:
        yield conversation, None, False, {}
        for tools in _TOOLS:
            yield conversation, tools, True, {}
    for name in names:
        for number, value in enumerate(_PLAIN_VALUES):
            for conversation in (few[number % len(few)], few[-1]):
                yield conversation, _TOOLS[number % 2] or None, True, {name: value}
    for value in _PLAIN_VALUES[1:3]:
        yield few[-1], _TOOLS[1], True, dict.fromkeys(names, value)


def is_covered(conversation: Sequence[Message], tools: Any, documents: Any, kwargs: Mapping[str, Any]) -> bool:
    """Return whether a request is of the kinds that the battery has."""
    if documents is not None:
        return False
    for message in conversation:
        content = message["content"]
        if type(content) is str:
            # Whitespace to Python, not to Rust: `strip` would leave it.
            if "\x1c" in content or "\x1d" in content or "\x1e" in content or "\x1f" in content:
                return False
        elif type(content) is not list or not _are_plain_parts(content):
            return False
        if message["role"] not in _ROLES or (len(message) > 2 and not _are_plain_members(message)):
            return False
    if tools is not None and not (type(tools) is list and _is_plain_json(tools)):
        return False
    return not kwargs or all(value is None or type(value) is bool or _is_plain(value) for value in kwargs.values())


def _are_plain_parts(parts: list[Any]) -> bool:
    return all(
        type(part) is dict and len(part) == 2 and part.get("type") == "text" and _is_plain_text(part.get("text"))
        for part in parts
    )


def _are_plain_members(message: Message) -> bool:
    if not message.keys() <= _MEMBERS:
        return False
    for name in ("reasoning", "tool_call_id"):
        if name in message and not _is_plain_text(message[name]):
            return False
    calls = message.get("tool_calls")
    return calls is None or (type(calls) is list and all(_is_plain_call(call) for call in calls))


def _is_plain_call(call: Any) -> bool:
    function = call["function"]
    return (
        call.keys() <= _CALL_MEMBERS
        and function.keys() == _FUNCTION_MEMBERS
        and _is_plain_text(function["name"])
        and _is_plain_text(call.get("id", ""))
        and _is_plain_text(call.get("type", ""))
        and _is_plain(function["arguments"])
    )


def _is_plain_text(value: object) -> bool:
    if type(value) is not str or "\x1c" in value or "\x1d" in value or "\x1e" in value or "\x1f" in value:
        return False
    if not value.isascii():
        try:
            value.encode()  # half a surrogate pair, which json.loads lets through
        except UnicodeEncodeError:
            return False
    return True


def _is_plain(value: Any, depth: int = 0) -> bool:
    """Return whether both engines print a JSON value alike."""
    kind = type(value)
    if kind is str:
        return _is_plain_text(value)
    if kind is bool or value is None:
        return True
    if kind is int:
        return bool(-(2**63) <= value < 2**63)
    if kind is float:
        return _is_plain_float(value)
    if depth >= _MAX_DEPTH:
        return False
    if kind is dict:
        return all(_is_plain_text(name) and _is_plain(item, depth + 1) for name, item in value.items())
    return kind is list and all(_is_plain(item, depth + 1) for item in value)


def _is_plain_float(value: float) -> bool:
    # Rust writes no exponents, and minijinja gives 2.0 back to Python as 2.
    return 1e-4 <= abs(value) < 1e16 and not value.is_integer()


class _OddNumberError(ValueError):
    pass


def _plain_number(text: str) -> float:
    if not _is_plain_float(float(text)):
        raise _OddNumberError
    return 0.0


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(float_hook=_plain_number)


def _is_plain_json(value: Any) -> bool:
    """`_is_plain` for values that came from the request's body, where there are no NaNs: at the speed of C."""
    try:
        encoded = _encoder.encode(value)
        if b"\\u001" in encoded:
            return False
        _decoder.decode(encoded)
    except (ValueError, OverflowError, TypeError, RecursionError, msgspec.MsgspecError):
        return False
    return True
