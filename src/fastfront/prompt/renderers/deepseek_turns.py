# SPDX-License-Identifier: Apache-2.0
"""How DeepSeek-V4 and later take a conversation: no turns of tools, their results stand in the user's, in calls' order.

Makes new messages, changes none. Must not know how turns are written.
Source: vllm/tokenizers/deepseek_v4_encoding.py (`merge_tool_messages`, `sort_tool_results_by_call_order`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastfront.prompt.conversation import Message

Block = dict[str, Any]


def merge_results(messages: Sequence[Message]) -> list[Message]:
    """Return the conversation with tools' and users' messages as turns of the user, `content_blocks` in each.

    What follows one another is one turn; a message with a task ends its own, but for results.
    """
    merged: list[Message] = []
    for message in messages:
        role = message["role"]
        if role not in ("user", "tool"):
            merged.append(message)
            continue
        blocks = [_result(message)] if role == "tool" else _blocks(message)
        last = merged[-1] if merged and merged[-1]["role"] == "user" else None
        if last is not None and (role == "tool" or last.get("task") is None):
            last["content_blocks"].extend(blocks)
        elif role == "tool":
            merged.append({"role": "user", "content_blocks": blocks})
        else:
            merged.append({**message, "content_blocks": blocks})
    return merged


def sort_results(turns: list[Message]) -> list[Message]:
    """Put each turn's results, which merge_results has made, in the order of the calls before; text keeps its place."""
    order: dict[str, int] = {}
    for turn in turns:
        if turn["role"] == "assistant" and turn.get("tool_calls"):
            ids = [call.get("id") or call["function"].get("id", "") for call in turn["tool_calls"]]
            order = {call_id: number for number, call_id in enumerate(ids) if call_id}
        elif turn["role"] == "user" and order:
            blocks = turn["content_blocks"]
            results = [block for block in blocks if block.get("type") == "tool_result"]
            results.sort(key=lambda block: order.get(block.get("tool_use_id", ""), 0))
            ordered = iter(results)
            turn["content_blocks"] = [
                next(ordered) if block.get("type") == "tool_result" else block for block in blocks
            ]
    return turns


def _result(message: Message) -> Block:
    return {
        "type": "tool_result",
        "tool_use_id": message.get("tool_call_id", ""),
        "content": message.get("content", ""),
    }


def _blocks(message: Message) -> list[Block]:
    blocks = message.get("content_blocks")
    return [{"type": "text", "text": message.get("content", "")}] if blocks is None else list(blocks)
