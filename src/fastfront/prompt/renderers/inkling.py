# SPDX-License-Identifier: Apache-2.0
"""Chats of Inkling, made as token ids: each piece of a message stands between special tokens of its own.

Effort is a number, said to the model in a system message. Text only. Must not know requests.
Source: vllm/renderers/inkling.py and inkling_encoding.py (0.32).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastfront.errors import StartupError
from fastfront.prompt.conversation import Message, own_messages
from fastfront.prompt.renderers.base import ChatRenderer

if TYPE_CHECKING:
    from fastfront.prompt.tokenizer import PromptTokenizer

_TOKENS = {
    "user": ("<|message_user|>",),
    "assistant": ("<|message_model|>",),
    "system": ("<|message_system|>",),
    "tool": ("<|message_tool|>",),
    "text": ("<|content_text|>",),
    "thinking": ("<|content_thinking|>",),
    "tools": ("<|content_xml|>", "<|unused_200024|>"),
    "call": ("<|content_invoke_tool_json|>",),
    "end": ("<|end_message|>",),
    "end_of_answer": ("<|content_model_end_sampling|>",),
    "image": ("<|content_image|>",),
    "audio": ("<|content_audio_input|>",),
    "end_of_audio": ("<|audio_end|>",),
}
"""What a special token is for -> how a vocabulary may spell it. vLLM starts with none of them missing."""

_MESSAGE_OF = {"user": "user", "assistant": "assistant", "system": "system", "developer": "system", "tool": "tool"}
"""Role -> whose message that is to the model."""

_EFFORTS = {"none": 0.0, "minimal": 0.1, "low": 0.2, "medium": 0.7, "high": 0.9, "xhigh": 0.99, "max": 0.99}
_DEFAULT_EFFORT = 0.9
_MAX_EFFORT = 0.99

Piece = tuple[str, str, str, str]
"""Whose it is (`user`, ...), its author's name if that is said, its kind (`text`, ...), and the text."""


class InklingRenderer(ChatRenderer):
    """Renders chats of Inkling to token ids."""

    def __init__(self, tokenizer: PromptTokenizer) -> None:
        """Find the special tokens. Raises StartupError where the tokenizer has not all of them."""
        self._encode: Callable[[str], list[int]] = lambda text: tokenizer.encode(text, add_special_tokens=False)
        self._ids: dict[str, int] = {}
        for name, spellings in _TOKENS.items():
            for spelling in reversed(spellings):
                token_id = tokenizer.backend.token_to_id(spelling)
                if token_id is not None:
                    self._ids[name] = token_id
        missing = [spellings[0] for name, spellings in _TOKENS.items() if name not in self._ids]
        if missing:
            raise StartupError(f"Inkling tokenizer is missing special tokens: {missing}")

    def _render(self, messages: Sequence[Message], kwargs: Mapping[str, Any]) -> list[int]:
        if kwargs.get("continue_final_message"):
            raise ValueError("Inkling renderer does not support continue_final_message")
        conversation = own_messages(messages)
        ids: list[int] = []
        tools = _all_tools(kwargs.get("tools"), conversation)
        if tools:
            ids += self._piece(("system", "tool_declare", "tools", _declared(tools)))
        effort = _effort(kwargs.get("reasoning_effort"))
        names: dict[str, str] = {}
        for message in conversation:
            role = message["role"]
            if role not in _MESSAGE_OF:
                raise ValueError(f"unsupported Inkling message role {role!r}; expected one of {sorted(_MESSAGE_OF)}")
            if effort is not None and _MESSAGE_OF[role] != "system":
                ids += self._effort(effort)
                effort = None
            for piece in _pieces(message, names):
                ids += self._piece(piece)
            if role == "assistant":
                ids.append(self._ids["end_of_answer"])
        if effort is not None:
            ids += self._effort(effort)
        if kwargs.get("add_generation_prompt", True):
            ids.append(self._ids["assistant"])
        return ids

    def _piece(self, piece: Piece) -> list[int]:
        whose, author, kind, text = piece
        name = self._encode(author) if author else []
        return [self._ids[whose], *name, self._ids[kind], *self._encode(text), self._ids["end"]]

    def _effort(self, effort: float) -> list[int]:
        if not 0.0 <= effort <= _MAX_EFFORT:
            raise ValueError(f"Inkling reasoning_effort must be in [0.0, 0.99], got {float(effort)}")
        number = f"{effort:.2f}".rstrip("0").rstrip(".")
        number = "0.0" if number in ("0", "-0") else number
        return self._piece(("system", "", "text", f"Thinking effort level: {number}"))


def _effort(value: object) -> float | None:
    """Return the effort that is said to the model; None: nothing is."""
    if value is None:
        return _DEFAULT_EFFORT
    if isinstance(value, str):
        return _EFFORTS.get(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _pieces(message: Message, names: dict[str, str]) -> Iterator[Piece]:
    """Yield what a message is to the model. `names` are the tools' by their calls' ids: an answer's are added."""
    role, content = message["role"], message.get("content")
    if role == "tool":
        name = message.get("name") or names.get(message.get("tool_call_id") or "", "")
        yield "tool", name, "text", "".join(_texts(content))
        return
    whose = _MESSAGE_OF[role]
    if role == "assistant" and (reasoning := message.get("reasoning")):
        if not isinstance(reasoning, str):
            raise TypeError("assistant reasoning_content must be a string for Inkling rendering")
        yield whose, "", "thinking", reasoning
    for text in _texts(content):
        yield whose, "", "text", text
    if role == "assistant":
        for call in message.get("tool_calls") or ():
            function = call["function"]
            name = function["name"]
            if call["id"]:
                names[call["id"]] = name
            named = json.dumps(name, ensure_ascii=False)
            yield whose, name, "call", f'{{"name":{named},"args":{_to_json(function["arguments"])}}}'


def _texts(content: Any) -> Iterable[str]:
    """Return the texts of a content, one a part."""
    if isinstance(content, list):
        return list(map(_text_of_part, content))
    return (content,) if content else ()


def _text_of_part(part: Any) -> str:
    if isinstance(part, str):
        return part
    if part.get("type") not in (None, "text", "input_text"):
        raise ValueError(f"unsupported content part type: {part.get('type')!r}")
    text: str = part.get("text", "")
    return text


def _all_tools(tools: Any, conversation: Iterable[Message]) -> list[Any]:
    """Return the request's tools and those of its developer messages."""
    own = (message.get("tools") or () for message in conversation if message["role"] == "developer")
    return [*(tools or ()), *itertools.chain.from_iterable(own)]


def _declared(tools: Iterable[Mapping[str, Any]]) -> str:
    return _to_json([_tool(tool, tool.get("function", {})) for tool in tools])


def _tool(tool: Mapping[str, Any], function: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "description": function.get("description") or "",
        "name": function["name"],
        "parameters": function.get("parameters") or {},
        "type": tool.get("type", "function"),
    }


def _to_json(value: object) -> str:
    """Return JSON without spaces, members sorted. Raises ValueError for numbers that it has no form for."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), sort_keys=True)
