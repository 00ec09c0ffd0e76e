# SPDX-License-Identifier: Apache-2.0
"""The formats whose tool calls are JSON, as tables of the reference's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """One format; what the fields mean is in json_calls.hpp, json_call.hpp, header_call.hpp and content_gate.hpp."""

    begins: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()
    around: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    spoken: tuple[str, ...] = ()
    once: str = ""
    restart: str = ""
    bare: bool = False
    objects: bool = False
    lists: bool = False
    opened: bool = False
    headers: bool = False
    list_at_start: bool = False
    name: str = "name"
    arguments: tuple[str, ...] = ("arguments",)
    id: str = ""
    missing: str = ""
    null: str = "null"
    keyed: bool = False
    strings_are_text: bool = False
    objects_only: bool = False
    verbatim: bool = False
    lenient: bool = False
    separators: tuple[str, ...] = ()
    brace: bool = False
    strip_name: bool = False
    kimi: bool = False
    strip: bool = False
    trim: bool = False
    strip_newlines: bool = False
    drop_after: bool = True
    join: bool = False


TAGS = {"begins": ("<tool_call>",), "ends": ("</tool_call>",), "objects": True}
SECTION = ("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>")
COHERE = {
    "begins": ("<|START_ACTION|>",),
    "ends": ("<|END_ACTION|>",),
    "lists": True,
    "name": "tool_name",
    "arguments": ("parameters",),
    "id": "tool_call_id",
    "missing": "{}",
    "verbatim": True,
    "strip": True,
    "trim": True,
}
MISTRAL = {
    "begins": ("[TOOL_CALLS]",),
    "objects": True,
    "lists": True,
    "missing": "{}",
    "null": "{}",
    "strings_are_text": True,
}
LLAMA = Rules(begins=("<|python_tag|>",), bare=True, objects=True, lists=True, arguments=("arguments", "parameters"))
XLAM = Rules(
    begins=("```", "```json", "[TOOL_CALLS]", "<tool_call>"),
    ends=("```", "</tool_call>"),
    restart="</think>",
    lists=True,
    list_at_start=True,
    null="",
    strings_are_text=True,
    objects_only=True,
    strip=True,
    drop_after=False,
)
RULES = {
    "hermes": Rules(**TAGS),  # type: ignore[arg-type]
    "qwen3_json": Rules(**TAGS),  # type: ignore[arg-type]
    "longcat": Rules(begins=("<longcat_tool_call>",), ends=("</longcat_tool_call>",), objects=True),
    "granite4": Rules(**TAGS, null="", strings_are_text=True, drop_after=False),  # type: ignore[arg-type]
    "ernie45": Rules(**TAGS, missing="{}", strip_newlines=True),  # type: ignore[arg-type]
    "xlam": XLAM,
    "granite-20b-fc": Rules(begins=("<function_call>",), objects=True),
    "granite": Rules(
        begins=("<|tool_call|>", "<tool_call>"),
        lists=True,
        missing="{}",
        strings_are_text=True,
        verbatim=True,
        strip=True,
    ),
    "jamba": Rules(begins=("<tool_calls>",), ends=("</tool_calls>",), lists=True),
    "hunyuan_a13b": Rules(
        begins=("<tool_calls>",),
        ends=("</tool_calls>",),
        once="助手：",
        lists=True,
        null="",
        strings_are_text=True,
        objects_only=True,
    ),
    "llama3_json": LLAMA,
    "llama4_json": LLAMA,
    "mistral": Rules(**MISTRAL),  # type: ignore[arg-type]
    "mistral, names": Rules(
        **MISTRAL,
        headers=True,
        separators=("[ARGS]",),
        brace=True,
        strip_name=True,
        strip=True,  # type: ignore[arg-type]
    ),
    "phi4_mini_json": Rules(begins=("functools[",), opened=True, arguments=("arguments", "parameters")),
    "internlm": Rules(
        begins=("<|action_start|><|plugin|>",),
        ends=("<|action_end|>",),
        objects=True,
        arguments=("parameters", "arguments"),
        missing="{}",
    ),
    "apertus": Rules(
        begins=("<|tools_prefix|>",),
        ends=("<|tools_suffix|>",),
        objects=True,
        lists=True,
        keyed=True,
        strip=True,
        drop_after=False,
        join=True,
    ),
    "gigachat3": Rules(
        begins=("<|function_call|>", "function call<|role_sep|>\n"),
        silent=("<|message_sep|>",),
        objects=True,
        null="",
        objects_only=True,
        lenient=True,
    ),
    "cohere_command3": Rules(**COHERE, spoken=("<|START_RESPONSE|>",), silent=("<|END_RESPONSE|>",)),  # type: ignore[arg-type]
    "cohere_command4": Rules(
        **COHERE,  # type: ignore[arg-type]
        spoken=("<|START_RESPONSE|>", "<|START_TEXT|>"),
        silent=("<|END_RESPONSE|>", "<|END_TEXT|>"),
    ),
    "deepseek_v3": Rules(
        begins=("<｜tool▁call▁begin｜>function<｜tool▁sep｜>",),
        ends=("```<｜tool▁call▁end｜>",),
        around=SECTION,
        headers=True,
        separators=("\n```json\n",),
    ),
    "deepseek_v31": Rules(
        begins=("<｜tool▁call▁begin｜>",),
        ends=("<｜tool▁call▁end｜>",),
        around=SECTION,
        headers=True,
        separators=("<｜tool▁sep｜>",),
    ),
    "kimi_k2": Rules(
        begins=("<|tool_call_begin|>",),
        ends=("<|tool_call_end|>", "<|tool_calls_section_end|>"),
        around=("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
        headers=True,
        separators=("<|tool_call_argument_begin|>",),
        kimi=True,
    ),
    "json:mistral": Rules(**MISTRAL, list_at_start=True),  # type: ignore[arg-type]
    "json:required": Rules(
        lists=True, list_at_start=True, arguments=("parameters",), missing="null", objects_only=True, drop_after=False
    ),
}
AGAIN = "<｜tool▁call▁begin｜>"
