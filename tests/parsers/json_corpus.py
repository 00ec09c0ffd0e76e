# SPDX-License-Identifier: Apache-2.0
"""Answers with tool calls that are JSON, as models of each format write them, well-formed: vLLM decides what they are
(golden/json_tools.json). Knows no parser.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Written(NamedTuple):
    """A call as the model writes it: the arguments' own text."""

    name: str
    arguments: str
    swapped: bool = False
    """Where the call is an object, its arguments come first, and members that nobody asked for."""


class Format(NamedTuple):
    """How calls are written. `render` takes the calls and what stands between two of them, where anything can."""

    parser: str
    render: Callable[[list[Written], str], str]
    tokens: tuple[str, ...] = ()
    """Special tokens that the vocabulary has besides those that all have."""
    one_call: bool = False
    """vLLM's parser reads one call only."""
    after: bool = True
    """Text may stand behind the calls."""
    alone: bool = False
    """Nothing but spaces may stand around calls."""
    text: tuple[str, str] = ("", "")
    """What stands around text that is no call."""

    def around(self, text: str) -> str:
        """Text as this format's models write it."""
        return self.text[0] + text + self.text[1] if text else ""


def _object(call: Written, key: str = "arguments") -> str:
    if call.swapped:
        return f'{{"{key}":{call.arguments},"id": [1, {{}}],"name":"{call.name}","type":"function"}}'
    return f'{{"name": "{call.name}", "{key}": {call.arguments}}}'


def _tagged(begin: str, end: str, space: str = "\n") -> Callable[[list[Written], str], str]:
    return lambda calls, between: between.join(f"{begin}{space}{_object(call)}{space}{end}" for call in calls)


def _list(begin: str, end: str, key: str = "arguments") -> Callable[[list[Written], str], str]:
    return lambda calls, _: f"{begin}[{', '.join(_object(call, key) for call in calls)}]{end}"


def _llama(calls: list[Written], between: str) -> str:
    return (between or "; ").join(_object(call, "parameters") for call in calls)


def _apertus(calls: list[Written], _: str) -> str:
    inside = ", ".join(f'{{"{call.name}": {call.arguments}}}' for call in calls)
    return f"<|tools_prefix|>[{inside}]<|tools_suffix|>"


def _cohere(calls: list[Written], _: str) -> str:
    inside = ",\n".join(
        f'    {{"tool_call_id": "{number}", "tool_name": "{call.name}", "parameters": {call.arguments}}}'
        for number, call in enumerate(calls)
    )
    return f"<|START_ACTION|>[\n{inside}\n]<|END_ACTION|>"


def _mistral_names(calls: list[Written], _: str) -> str:
    return "".join(f"[TOOL_CALLS]{call.name}[ARGS]{call.arguments}" for call in calls)


def _deepseek_v3(calls: list[Written], between: str) -> str:
    inside = between.join(
        f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>{call.name}\n```json\n{call.arguments}\n```<｜tool▁call▁end｜>"
        for call in calls
    )
    return f"<｜tool▁calls▁begin｜>{inside}<｜tool▁calls▁end｜>"


def _deepseek_v31(calls: list[Written], between: str) -> str:
    inside = between.join(
        f"<｜tool▁call▁begin｜>{call.name}<｜tool▁sep｜>{call.arguments}<｜tool▁call▁end｜>" for call in calls
    )
    return f"<｜tool▁calls▁begin｜>{inside}<｜tool▁calls▁end｜>"


def _kimi(calls: list[Written], between: str) -> str:
    inside = between.join(
        f"<|tool_call_begin|>functions.{call.name}:{number}<|tool_call_argument_begin|>{call.arguments}<|tool_call_end|>"
        for number, call in enumerate(calls)
    )
    return f"<|tool_calls_section_begin|>{inside}<|tool_calls_section_end|>"


_RESPONSE = ("<|START_RESPONSE|>", "<|END_RESPONSE|>")
_TEXT = ("<|START_TEXT|>", "<|END_TEXT|>")

FORMATS = {
    "hermes": Format("hermes", _tagged("<tool_call>", "</tool_call>")),
    "qwen3_json": Format("qwen3_json", _tagged("<tool_call>", "</tool_call>")),
    "longcat": Format("longcat", _tagged("<longcat_tool_call>", "</longcat_tool_call>")),
    "granite4": Format("granite4", _tagged("<tool_call>", "</tool_call>")),
    "ernie45": Format("ernie45", _tagged("<tool_call>", "</tool_call>")),
    "xlam": Format("xlam", _list("```json\n", "\n```")),
    "xlam, tagged": Format("xlam", _list("<tool_call>", "</tool_call>")),
    "xlam, marked": Format("xlam", _list("[TOOL_CALLS]", ""), after=False),
    "xlam, bare": Format("xlam", _list("", ""), after=False),
    "xlam, behind thinking": Format("xlam", _list("I think.</think>", ""), after=False),
    "granite-20b-fc": Format("granite-20b-fc", _tagged("<function_call>", "", " ")),
    "granite": Format("granite", _list("<|tool_call|> ", "")),
    "granite, as text": Format("granite", _list("<tool_call> ", "")),
    "jamba": Format("jamba", _list("<tool_calls>", "</tool_calls>")),
    "hunyuan_a13b": Format("hunyuan_a13b", _list("<tool_calls>", "</tool_calls>")),
    "llama3_json": Format("llama3_json", _llama),
    "llama4_json": Format("llama4_json", lambda calls, between: "<|python_tag|>" + _llama(calls, between)),
    "mistral": Format("mistral", _list("[TOOL_CALLS]", "")),
    "mistral, names": Format("mistral", _mistral_names, ("[ARGS]",)),
    "phi4_mini_json": Format("phi4_mini_json", _list("functools", "")),
    "internlm": Format(
        "internlm",
        lambda calls, _: f"<|action_start|><|plugin|>\n{_object(calls[0], 'parameters')}<|action_end|>",
        one_call=True,
    ),
    "apertus": Format("apertus", _apertus),
    "gigachat3": Format(
        "gigachat3", lambda calls, _: f"<|function_call|>{_object(calls[0])}", one_call=True, after=False
    ),
    "gigachat3, in words": Format(
        "gigachat3",
        lambda calls, _: f"<|message_sep|>\n\nfunction call<|role_sep|>\n{_object(calls[0])}",
        one_call=True,
        after=False,
    ),
    "cohere_command3": Format("cohere_command3", _cohere, text=_RESPONSE),
    "cohere_command4": Format("cohere_command4", _cohere, text=_TEXT),
    "deepseek_v3": Format("deepseek_v3", _deepseek_v3),
    "deepseek_v31": Format("deepseek_v31", _deepseek_v31),
    "kimi_k2": Format("kimi_k2", _kimi),
    "json:mistral": Format("json:mistral", _list("", ""), alone=True),
    "json:required": Format("json:required", _list("", "", "parameters"), alone=True),
}

SHARED_TOKENS = (
    "<tool_call>",
    "</tool_call>",
    "<tool_calls>",
    "</tool_calls>",
    "<|tool_call|>",
    "<|python_tag|>",
    "[TOOL_CALLS]",
    "<｜tool▁calls▁begin｜>",
    "<｜tool▁calls▁end｜>",
    "<｜tool▁call▁begin｜>",
    "<｜tool▁call▁end｜>",
    "<｜tool▁sep｜>",
    "<|tool_calls_section_begin|>",
    "<|tool_calls_section_end|>",
    "<|tool_call_begin|>",
    "<|tool_call_end|>",
    "<|tool_call_argument_begin|>",
)

WEATHER = Written("get_weather", '{"city": "Paris"}')
TIME = Written("get_time", '{"zone": "CET", "days": 2}')
NOW = Written("now", "{}")

CALLS = {
    "one": [WEATHER],
    "parallel": [WEATHER, NOW, TIME],
    "no arguments": [NOW],
    "nested": [Written("f", '{"a": {"b": [1, [], {"c": null}], "d": {}}, "e": [true, false]}')],
    "numbers": [
        Written(
            "f",
            '{"big": 123456789012345678901234567890, "zero": -0, "float": 1.50, "exp": 1e5, "tiny": 1.5E-7, "x": 2.0}',
        )
    ],
    "escapes": [Written("f", r'{"text": "caf\u00e9 \ud83d\ude00 \"quoted\" \\ \/ \n\t\u0001 é 😀", "\u0061": ""}')],
    "spacing": [Written("f", '{ "a" :1 , "b":[ ],"c":{ },"d":"x"}')],
    "lookalikes": [Written("f", r'{"text": "a <tool> } ] {\"name\": 1}, [x] ``` functools"}')],
    "code": [Written("run", r'{"code": "def f(x):\n    return {\"a\": [x]}\n"}')],
    "swapped": [WEATHER._replace(swapped=True), NOW._replace(swapped=True)],
    "string": [Written("f", r'"{\"a\": \"\u00e9\"}"')],
    "null": [Written("f", "null")],
    "list": [Written("f", "[1, 2]")],
    "number": [Written("f", "5")],
}
"""What models call."""

AROUND = {
    "alone": ("", "", ""),
    "text before": ("I will look.", "", ""),
    "lines before": ("I will look.\n\n", "", ""),
    "blank before": ("\n\n", "\n", ""),
    "between": ("", "\n", ""),
    "lines after": ("", "", "\n"),
    "text behind": ("", "\n", "\n\nThat was it."),
    "text after": ("Wait.\n", "", "\nThat was it.\n"),
}
"""What stands before, between and behind calls."""

NO_CALLS = {
    "plain": "Hello! 1 < 2, f(x) = x. Ünïcödé 😀",
    "spaces": " \n two lines \n\n",
    "only spaces": " \n",
    "code block": "Look:\n```python\nprint([1])\n```\nDone.",
    "empty": "",
}
"""Answers without any call."""


def answers(name: str) -> Iterator[tuple[str, str]]:
    """Every well-formed answer of a format: what it is called, and its text."""
    form = FORMATS[name]
    for title, calls in CALLS.items():
        if not (form.one_call and len(calls) > 1):
            yield title, form.render(calls, "")
    parallel = CALLS["one"] if form.one_call else CALLS["parallel"]
    for title, (before, between, after) in AROUND.items():
        if (form.after or not after) and not (form.alone and (before + after).strip()):
            yield f"parallel, {title}", form.around(before) + form.render(parallel, between) + form.around(after)
    if not form.alone:
        for title, text in NO_CALLS.items():
            yield title, form.around(text)
