# SPDX-License-Identifier: Apache-2.0
"""What a client has at the end: a whole answer, or a stream's events put together, in one form. Knows no server."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict


class Message(TypedDict):
    """One choice. What is not there is empty."""

    reasoning: str
    content: str
    calls: list[list[str]]
    """Names and arguments."""
    finish: str | None
    tokens: list[int]
    """Of the usage: those of the answer, and those of reasoning; -1 where that is not told."""


def _tokens(usage: dict[str, Any]) -> list[int]:
    details = usage.get("completion_tokens_details") or {}
    return [usage["completion_tokens"], details.get("reasoning_tokens", -1)]


def of_whole(body: dict[str, Any], choice: int = 0) -> Message:
    """Return a choice of a whole answer."""
    found = body["choices"][choice]
    message = found["message"]
    return {
        "reasoning": message.get("reasoning") or "",
        "content": message.get("content") or "",
        "calls": [[c["function"]["name"], c["function"]["arguments"]] for c in message.get("tool_calls") or ()],
        "finish": found["finish_reason"],
        "tokens": _tokens(body["usage"]),
    }


def of_stream(events: Iterable[dict[str, Any]], choice: int = 0) -> Message:
    """Return a choice of a stream that ended with its usage."""
    message: Message = {"reasoning": "", "content": "", "calls": [], "finish": None, "tokens": []}
    for event in events:
        if event.get("usage") and not event["choices"]:
            message["tokens"] = _tokens(event["usage"])
        for found in event["choices"]:
            if found["index"] == choice:
                _add(message, found["delta"])
                message["finish"] = found["finish_reason"] or message["finish"]
    return message


def _add(message: Message, delta: dict[str, Any]) -> None:
    message["reasoning"] += delta.get("reasoning") or ""
    message["content"] += delta.get("content") or ""
    for call in delta.get("tool_calls") or ():
        function = call.get("function") or {}
        while len(message["calls"]) <= call["index"]:
            message["calls"].append(["", ""])
        message["calls"][call["index"]][0] += function.get("name") or ""
        message["calls"][call["index"]][1] += function.get("arguments") or ""
