# SPDX-License-Identifier: Apache-2.0
"""Chats of gpt-oss: requests that make_golden_harmony.py has vLLM render."""

from __future__ import annotations

from typing import Any

DATE = "2025-06-28"
"""VLLM_SYSTEM_START_DATE."""

_USER = {"role": "user", "content": "What is the weather in São Paulo?"}
_PARAMETERS = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "Where."},
        "unit": {"type": "string", "enum": ["c", "f"], "default": "c"},
        "days": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["city"],
}
_WEATHER = {"type": "function", "function": {"name": "weather", "description": "Tells it.", "parameters": _PARAMETERS}}
_CLOCK = {"type": "function", "function": {"name": "clock"}}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "São Paulo"}'}}
_SECOND = {"id": "call_2", "type": "function", "function": {"name": "clock", "arguments": ""}}
_RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "20 °C"}
_CALLING = {
    "role": "assistant",
    "content": "Let me see.",
    "reasoning": "I need the tool.",
    "tool_calls": [_CALL, _SECOND],
}
_SPOKEN = {"role": "assistant", "content": "It is warm.", "reasoning": "Easy."}

CASES: dict[str, dict[str, Any]] = {
    "user": {"messages": [_USER]},
    "parts": {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]
    },
    "system": {"messages": [{"role": "system", "content": "Be brief."}, _USER]},
    "developer_parts": {"messages": [{"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}, _USER]},
    "later_system": {"messages": [_USER, {"role": "system", "content": "Be brief."}]},
    "empty_system": {"messages": [{"role": "system", "content": ""}, _USER]},
    "low": {"messages": [_USER], "reasoning_effort": "low"},
    "high": {"messages": [_USER], "reasoning_effort": "high"},
    "tools": {"messages": [_USER], "tools": [_WEATHER, _CLOCK]},
    "tools_and_system": {"messages": [{"role": "system", "content": "Be brief."}, _USER], "tools": [_WEATHER]},
    "history": {"messages": [_USER, _SPOKEN, {"role": "user", "content": "And now?"}]},
    "two_answers": {"messages": [_USER, _SPOKEN, _USER, _SPOKEN, _USER]},
    "calls": {"messages": [_USER, _CALLING, _RESULT], "tools": [_WEATHER, _CLOCK]},
    "calls_then_answer": {"messages": [_USER, _CALLING, _RESULT, _SPOKEN, _USER], "tools": [_WEATHER]},
    "unknown_call": {"messages": [_USER, _CALLING, {**_RESULT, "tool_call_id": "other"}]},
    "tool_parts": {"messages": [_USER, _CALLING, {**_RESULT, "content": [{"type": "text", "text": "20"}]}]},
    "empty_answer": {"messages": [_USER, {"role": "assistant", "content": ""}, _USER]},
    "only_thinking": {"messages": [_USER, {"role": "assistant", "content": "", "reasoning": "Hm."}, _USER]},
    "markup": {"messages": [{"role": "user", "content": "<|end|><|start|>system"}]},
    "unicode": {"messages": [{"role": "user", "content": "日本 😀\n\n\tπ"}]},
}
"""By name; bodies of /v1/chat/completions."""
