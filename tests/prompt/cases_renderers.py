# SPDX-License-Identifier: Apache-2.0
"""Chats that vLLM renders without a chat template: requests for make_golden_renderers.py, and their models' files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

MODELS = Path(__file__).parent / "models"

ARCHITECTURES = {
    "deepseek_v32": "DeepseekV32ForCausalLM",
    "deepseek_v4": "DeepseekV4ForCausalLM",
    "deepseek_v41": "DeepseekV41ForCausalLM",
    "inkling": "InklingForConditionalGeneration",
}
"""Mode of the tokenizer -> an architecture that goes with it."""

# Beside <think> and </think>, which the tokenizer has.
_DEEPSEEK = (
    *("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>", "<｜System｜>", "｜DSML｜"),
    *("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
)
_INKLING = (
    *("<|message_user|>", "<|message_model|>", "<|message_system|>", "<|message_tool|>", "<|content_text|>"),
    *("<|content_image|>", "<|content_model_end_sampling|>", "<|content_thinking|>", "<|content_audio_input|>"),
    *("<|unused_200024|>", "<|content_invoke_tool_json|>", "<|end_message|>", "<|audio_end|>"),
)


def make_model(folder: Path, mode: str, *, without: str = "") -> Path:
    """Write the small files of such a model: a byte-level tokenizer with its special tokens, and no chat template."""
    path = Path(shutil.copytree(MODELS / "chatml", folder / mode))
    (path / "chat_template.jinja").unlink()
    config = json.loads((path / "config.json").read_text(encoding="utf-8"))
    config |= {"model_type": mode, "architectures": [ARCHITECTURES[mode]], "max_position_embeddings": 100_000}
    (path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    tokenizer = json.loads((path / "tokenizer.json").read_text(encoding="utf-8"))
    first = 1 + max(token["id"] for token in tokenizer["added_tokens"])
    first = max(first, 1 + max(tokenizer["model"]["vocab"].values()))
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    added = [token for token in (_INKLING if mode == "inkling" else _DEEPSEEK) if token != without]
    tokenizer["added_tokens"] += [
        {"id": first + number, "content": token, "special": True, **flags} for number, token in enumerate(added)
    ]
    (path / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    return path


_USER = {"role": "user", "content": "What is the weather in São Paulo?"}
_MORE = {"role": "user", "content": "And tomorrow?"}
_SYSTEM = {"role": "system", "content": "Be brief."}
_PARAMETERS = {
    "type": "object",
    "properties": {
        "unit": {"type": "string", "enum": ["c", "f"], "default": "c"},
        "city": {"type": "string", "description": 'Where: "São Paulo", </tag>.'},
        "days": {"type": "array", "items": {"type": "integer"}},
    },
    "required": ["city"],
}
_WEATHER = {"type": "function", "function": {"name": "weather", "description": "Tells it.", "parameters": _PARAMETERS}}
_CLOCK = {"type": "function", "function": {"parameters": {"type": "object"}, "name": "clock", "strict": True}}
_BARE = {"type": "function", "function": {"name": "bare"}}


def _call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


_ONE = _call("call_1", "weather", '{"city": "São Paulo", "days": [1, 2], "unit": null, "x": {"b": 1.0, "a": true}}')
_TWO = _call("call_2", "clock", "")
_THREE = _call("call_3", "clock", '{"zone": "UTC\\n<b>", "": "empty"}')
_CALLING = {"role": "assistant", "content": "Let me see.", "reasoning": "I need both.", "tool_calls": [_ONE, _TWO]}
_RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "20 °C"}
_RESULT_2 = {"role": "tool", "tool_call_id": "call_2", "content": "noon", "name": "watch"}
_SPOKEN = {"role": "assistant", "content": "It is warm.", "reasoning": "Easy."}
_SILENT = {"role": "assistant", "content": "It is warm."}
_DEVELOPER = {"role": "developer", "content": "No jokes.", "tools": [_WEATHER, _BARE]}
_CALLED = [_USER, _CALLING, _RESULT, _RESULT_2]
_HISTORY = [_SYSTEM, _USER, _SPOKEN, _MORE]
_PARTS = [{"type": "text", "text": "a"}, {"type": "text", "text": "b\n"}]


def _kwargs(**kwargs: Any) -> dict[str, Any]:
    return {"chat_template_kwargs": kwargs}


_THINKING = _kwargs(thinking=True)

_CONVERSATIONS: dict[str, list[dict[str, Any]]] = {
    "user": [_USER],
    "parts": [{"role": "user", "content": _PARTS}],
    "no_content": [{"role": "user"}, {"role": "assistant"}, {"role": "user", "content": ""}],
    "system": [_SYSTEM, _USER],
    "system_parts": [{"role": "system", "content": _PARTS}, _USER],
    "system_alone": [_SYSTEM],
    "later_system": [_USER, _SILENT, _SYSTEM, _MORE],
    "last_system": [_USER, _SPOKEN, _SYSTEM],
    "system_before_answer": [_SYSTEM, _SPOKEN, _MORE, _SYSTEM, _SPOKEN],
    "two_systems": [_SYSTEM, {"role": "system", "content": "Be kind."}, _USER],
    "billing_header": [{"role": "system", "content": "x-anthropic-billing-header: a\nBe brief."}, _USER],
    "history": _HISTORY,
    "answers_last": [_USER, _SPOKEN],
    "silent_answer_last": [_USER, _SILENT],
    "two_users": [_USER, _MORE],
    "calls": _CALLED,
    "calls_then_answer": [*_CALLED, _SPOKEN],
    "calls_then_user": [*_CALLED, _SPOKEN, _MORE],
    "calls_then_user_at_once": [*_CALLED, _MORE],
    "results_in_other_order": [_USER, _CALLING, _RESULT_2, _RESULT],
    "one_result_of_two": [_USER, _CALLING, _RESULT],
    "too_many_results": [*_CALLED, _RESULT],
    "result_without_call": [_USER, _SPOKEN, _RESULT],
    "result_first": [_RESULT, _CALLING],
    "result_after_user": [_USER, _RESULT],
    "result_alone": [_RESULT],
    "unknown_ids": [_USER, _CALLING, {**_RESULT, "tool_call_id": "other"}, {"role": "tool", "content": "noon"}],
    "tool_parts": [_USER, {**_CALLING, "tool_calls": [_THREE]}, {**_RESULT, "content": _PARTS}],
    "tool_reference": [
        *[_USER, {**_CALLING, "tool_calls": [_ONE]}],
        {**_RESULT, "content": [{"type": "tool_reference", "name": "clock"}, {"type": "text", "text": "x"}]},
    ],
    "arguments_are_no_object": [
        _USER,
        {"role": "assistant", "content": None, "tool_calls": [_call("a", "f", "broken"), _call("b", "g", "[1]")]},
    ],
    "only_calls": [_USER, {"role": "assistant", "tool_calls": [_THREE]}],
    "no_calls": [_USER, {"role": "assistant", "content": "x", "tool_calls": []}, _MORE],
    "reasoning_content": [_USER, {"role": "assistant", "content": "x", "reasoning_content": "old name"}],
    "two_rounds": [
        *_CALLED,
        _SPOKEN,
        _MORE,
        {**_CALLING, "tool_calls": [_THREE]},
        {**_RESULT, "tool_call_id": "call_3"},
    ],
    "developer": [{"role": "developer", "content": "No jokes."}, _USER],
    "developer_tools": [_DEVELOPER, _USER],
    "developer_last": [_SYSTEM, _USER, _SPOKEN, _DEVELOPER],
    "developer_before_user": [_USER, _SPOKEN, _DEVELOPER, _SPOKEN, _MORE],
    "empty_developer": [{"role": "developer", "content": ""}],
    "other_role": [{"role": "critic", "content": "Hm."}, _USER],
    "other_role_last": [_USER, {"role": "critic", "content": "Hm."}],
    "latest_reminder": [_USER, _SPOKEN, {"role": "latest_reminder", "content": "Now."}, _MORE],
    "reminder_after_user": [_USER, {"role": "latest_reminder", "content": "Now."}],
    "task": [_SYSTEM, {**_USER, "task": "title"}],
    "action": [_SYSTEM, _USER, _SPOKEN, {**_MORE, "task": "action"}],
    "task_answered": [{**_USER, "task": "domain"}, _SPOKEN, _MORE],
    "task_then_user": [{**_USER, "task": "query"}, _MORE],
    "unknown_task": [{**_USER, "task": "nothing"}],
    "unknown_members": [
        {**_SYSTEM, "response_format": {"type": "object", "x": "ü"}, "prefix": True},
        {**_USER, "content_blocks": [{"type": "text", "text": "own"}, {"type": "image"}]},
        {**_SPOKEN, "wo_eos": True, "prefix": True},
    ],
    "system_tools": [{**_SYSTEM, "tools": [_BARE]}, _USER, _SPOKEN, _MORE],
    "refusal": [_USER, {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]}, _MORE],
    "input_text": [{"role": "user", "content": [{"type": "input_text", "text": "a"}, {"type": "text", "text": ""}]}],
    "markup": [{"role": "user", "content": "<｜User｜></think>\n\n<|message_user|>{content}%s"}],
    "unicode": [{"role": "user", "content": "日本 😀\n\n\tπ \u2028 \x00"}],
}

_CLIENT_TOOLS = {"tools": [{"type": "function", "function": {"name": "own", "description": "from kwargs"}}]}

_OPTIONS: dict[str, tuple[list[dict[str, Any]], dict[str, Any]]] = {
    "tools": ([_USER], {"tools": [_WEATHER, _CLOCK, _BARE]}),
    "tools_and_system": ([_SYSTEM, _USER], {"tools": [_WEATHER]}),
    "tools_thinking": (_HISTORY, {"tools": [_BARE], **_THINKING}),
    "tools_and_developer": ([_DEVELOPER, _USER, _SPOKEN, _MORE], {"tools": [_CLOCK]}),
    "tools_and_calls": ([*_CALLED, _SPOKEN, _MORE], {"tools": [_CLOCK]}),
    "tools_and_later_system": ([_USER, _SPOKEN, _SYSTEM, _MORE], {"tools": [_CLOCK]}),
    "tools_none": ([_USER], {"tools": [_BARE], "tool_choice": "none"}),
    "tools_of_kwargs": ([_USER], _kwargs(**_CLIENT_TOOLS)),
    "tools_of_kwargs_wrong": ([_USER], _kwargs(tools=[{"name": "f"}])),
    "no_thinking": (_HISTORY, _kwargs(thinking=False)),
    "enable_thinking": (_HISTORY, _kwargs(enable_thinking=True)),
    "not_enable_thinking": (_HISTORY, _kwargs(enable_thinking=False)),
    "both_switches": (_HISTORY, _kwargs(enable_thinking=True, thinking=False)),
    "null_switch": (_HISTORY, _kwargs(enable_thinking=None)),
    "auto_switch": (_HISTORY, _kwargs(thinking="auto")),
    "keep_thinking": (_HISTORY, _kwargs(drop_thinking=False, thinking=True)),
    "keep_thinking_tasks": (_CONVERSATIONS["task_answered"], _kwargs(drop_thinking=False)),
    "no_thinking_action": (_CONVERSATIONS["action"], _kwargs(thinking=False)),
    **{f"effort_{name}": (_HISTORY, {"reasoning_effort": name}) for name in ("none", "low", "medium", "high", "max")},
    **{f"effort_{name}": (_HISTORY, {"reasoning_effort": name}) for name in ("minimal", "xhigh")},
    "effort_of_kwargs": (_HISTORY, _kwargs(reasoning_effort="low")),
    "effort_unknown": (_HISTORY, _kwargs(reasoning_effort="some")),
    "effort_number": (_HISTORY, _kwargs(reasoning_effort=1)),
    "effort_50": (_HISTORY, _kwargs(reasoning_effort=50)),
    "effort_101": (_HISTORY, _kwargs(reasoning_effort=101)),
    "effort_float": (_HISTORY, _kwargs(reasoning_effort=0.35)),
    "effort_negative": (_HISTORY, _kwargs(reasoning_effort=-0.001)),
    "effort_bool": (_HISTORY, _kwargs(reasoning_effort=True)),
    "effort_list": (_HISTORY, _kwargs(reasoning_effort=["high"])),
    "effort_none_but_on": (_HISTORY, {"reasoning_effort": "none", **_kwargs(enable_thinking=True)}),
    "effort_but_off": (_HISTORY, {"reasoning_effort": "high", **_kwargs(enable_thinking=False)}),
    "no_generation_prompt": (_HISTORY, {"add_generation_prompt": False}),
    "continue_final": ([_USER, _SPOKEN], {"add_generation_prompt": False, "continue_final_message": True}),
    "continue_of_kwargs": ([_USER, _SPOKEN], _kwargs(continue_final_message=True)),
    "parallel": (_CALLED, {"tools": [_BARE], "parallel_tool_calls": False}),
    "response_format": ([_USER], {"response_format": {"type": "json_object"}}),
    "documents": ([_USER], {"documents": [{"title": "t", "text": "x"}]}),
}

CASES: dict[str, dict[str, Any]] = {
    **{name: {"messages": messages} for name, messages in _CONVERSATIONS.items()},
    **{f"{name}_thinking": {"messages": messages, **_THINKING} for name, messages in _CONVERSATIONS.items()},
    **{name: {"messages": messages, **options} for name, (messages, options) in _OPTIONS.items()},
}
"""By name; bodies of /v1/chat/completions."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "server_thinks": {"thinking": True},
    "server_effort": {"reasoning_effort": "max", "enable_thinking": True},
    "server_does_not_think": {"enable_thinking": False},
}
"""The server's --default-chat-template-kwargs by the case's name, ..."""

CASES |= {name: {"messages": _HISTORY} for name in DEFAULTS}
CASES["server_overruled"] = {"messages": _HISTORY, **_kwargs(thinking=False, reasoning_effort="high")}
DEFAULTS["server_overruled"] = DEFAULTS["server_effort"]
