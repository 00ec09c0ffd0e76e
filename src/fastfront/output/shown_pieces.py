# SPDX-License-Identifier: Apache-2.0
"""Pieces of an answer as members of a message and of a stream's delta, in Python: what parsed_answer.hpp does natively.

For answers that are made one at a time. Source: vLLM's ChatMessage and DeltaMessage. Must not know tokens or formats.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastfront._native.parse import Piece

Members = dict[str, Any]
MakeId = Callable[[str, int], str]
"""An id for a call that has none: from its name and number."""


def message_of(pieces: Iterable[Piece], make_id: MakeId, *, include_reasoning: bool, forced: bool) -> Members:
    """Return a whole message's members. `forced`: calls had to come, and content is never null."""
    texts = {"content": "", "reasoning": ""}
    calls: list[Members] = []
    for piece in pieces:
        if piece[0] == "call":
            function = {"name": piece[2], "arguments": ""}
            calls.append({"id": piece[3] or make_id(piece[2], piece[1]), "type": "function", "function": function})
        elif piece[0] == "arguments":
            calls[-1]["function"]["arguments"] += piece[2]
        else:
            texts[piece[0]] += piece[1]
    return {
        "role": "assistant",
        "content": texts["content"] or ("" if forced else None),
        **dict.fromkeys(("refusal", "annotations", "audio", "function_call")),
        **({"tool_calls": calls} if calls else {}),
        "reasoning": (texts["reasoning"] or None) if include_reasoning else None,
    }


def delta_of(pieces: Iterable[Piece], make_id: MakeId, *, include_reasoning: bool) -> Members:
    """Return a delta's members, but for its role. Calls that begin have a name and an id, others add arguments."""
    texts: dict[str, str] = {}
    calls: list[Members] = []
    for piece in pieces:
        if piece[0] == "call":
            call_id = piece[3] or make_id(piece[2], piece[1])
            function: Members = {"name": piece[2], "arguments": None}
            calls.append({"id": call_id, "type": "function", "index": piece[1], "function": function})
        elif piece[0] == "arguments":
            if not calls or calls[-1]["index"] != piece[1]:
                function = {"name": None, "arguments": None}
                calls.append({"id": None, "type": None, "index": piece[1], "function": function})
            function = calls[-1]["function"]
            function["arguments"] = (function["arguments"] or "") + piece[2]
        else:
            texts[piece[0]] = texts.get(piece[0], "") + piece[1]
    return {
        "content": texts.get("content") or None,
        "reasoning": (texts.get("reasoning") or None) if include_reasoning else None,
        **({"tool_calls": calls} if calls else {}),
    }
