# SPDX-License-Identifier: Apache-2.0
"""The ids of tool calls whose format gives them none: what a model's look like, and how they are counted.

Source: vllm/renderers/chat_utils.py (get_tool_call_id_type, make_tool_call_id). Natively they are made by
core/parsed_answer.cpp. Must not know requests or parsers.
"""

from __future__ import annotations

import random
import string
from collections.abc import Mapping, Sequence
from typing import Any

from fastfront._native import parse

_random = random.Random()  # noqa: S311 - an id has to be unique, not secret

_KIMI_MODEL_TYPES = frozenset({"kimi_k2", "kimi_k25", "kimi_k3"})


def kind_of(tool_call_parser: str | None, config: Mapping[str, Any]) -> int:
    """Return what ids look like, by the tool parser and the model's config.json: one of `parse.CALL_IDS_*`."""
    text_config = config.get("text_config") or {}
    if {config.get("model_type"), text_config.get("model_type")} & _KIMI_MODEL_TYPES:
        return parse.CALL_IDS_KIMI
    return parse.CALL_IDS_MISTRAL if tool_call_parser == "mistral" else parse.CALL_IDS_RANDOM


def first_of(kind: int, messages: Sequence[Mapping[str, Any]]) -> int:
    """Return the number of an answer's first call: Kimi's ids count on over the conversation."""
    if kind != parse.CALL_IDS_KIMI:
        return 0
    return sum(len(message.get("tool_calls") or ()) for message in messages if message.get("role") == "assistant")


def make(kind: int, name: str, number: int) -> str:
    """Return the id of a call of the function `name`."""
    if kind == parse.CALL_IDS_KIMI:
        return f"functions.{name}:{number}"
    if kind == parse.CALL_IDS_MISTRAL:
        return "".join(_random.choices(string.ascii_letters + string.digits, k=9))
    return f"chatcmpl-tool-{_random.getrandbits(64):016x}"
