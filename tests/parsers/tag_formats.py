# SPDX-License-Identifier: Apache-2.0
"""Tool calls as the formats made of tags write them: RENDER has a function per parser's name.

Values are written as they are; where a format says types, the parameters of corpus_tags.py's strings are strings.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Arguments = list[tuple[str, str]]
"""Names and the raw text of the values."""
Call = tuple[str, Arguments]


def qwen(calls: list[Call], tag: str = "tool_call", newline: str = "\n") -> str:
    """Qwen3-Coder's way."""
    return "\n".join(
        f"<{tag}>\n<function={name}>\n"
        + "".join(f"<parameter={key}>{newline}{value}{newline}</parameter>\n" for key, value in arguments)
        + f"</function>\n</{tag}>"
        for name, arguments in calls
    )


def glm(calls: list[Call], newline: str = "") -> str:
    """GLM's way."""
    return "\n".join(
        f"<tool_call>{name}{newline}"
        + newline.join(f"<arg_key>{key}</arg_key><arg_value>{value}</arg_value>" for key, value in arguments)
        + newline * bool(arguments)
        + "</tool_call>"
        for name, arguments in calls
    )


def hunyuan(calls: list[Call], separator: str) -> str:
    """Hunyuan's way."""
    return (
        "<tool_calls>\n"
        + "".join(
            f"<tool_call>{name}{separator}\n"
            + "".join(f"<arg_key>{k}</arg_key>\n<arg_value>{v}</arg_value>\n" for k, v in arguments)
            + "</tool_call>\n"
            for name, arguments in calls
        )
        + "</tool_calls>"
    )


def horizon(calls: list[Call]) -> str:
    """K2 Horizon's way."""
    return (
        "<ifm|tool_calls>\n"
        + "\n".join(
            f"<ifm|tool_call>{name}\n"
            + "\n".join(f"<ifm|arg_key>{k}</ifm|arg_key>\n<ifm|arg_value>{v}</ifm|arg_value>" for k, v in arguments)
            + "\n</ifm|tool_call>"
            for name, arguments in calls
        )
        + "\n</ifm|tool_calls>"
    )


def invoke(calls: list[Call], block: str) -> str:
    """MiniMax M2's and Dots' way."""
    return (
        f"<{block}>\n"
        + "\n".join(
            f'<invoke name="{name}">\n'
            + "".join(f'<parameter name="{k}">{v}</parameter>\n' for k, v in arguments)
            + "</invoke>"
            for name, arguments in calls
        )
        + f"\n</{block}>"
    )


def dsml(calls: list[Call], block: str, space: str = "") -> str:
    """DeepSeek's way: strings are said to be strings."""
    d = f"｜DSML｜{space}"

    def parameter(key: str, value: str) -> str:
        is_string = "true" if key in ("s", "city", "unit", "maybe", "either") else "false"
        return f'<{d}parameter name="{key}" string="{is_string}">{value}</{d}parameter>\n'

    return (
        f"<{d}{block}>\n"
        + "".join(
            f'<{d}invoke name="{name}">\n' + "".join(parameter(k, v) for k, v in arguments) + f"</{d}invoke>\n"
            for name, arguments in calls
        )
        + f"</{d}{block}>"
    )


def step3(calls: list[Call]) -> str:
    """Step3's way."""
    return (
        "<｜tool_calls_begin｜>"
        + "".join(
            f'<｜tool_call_begin｜>function<｜tool_sep｜><steptml:invoke name="{name}">'
            + "".join(f'<steptml:parameter name="{k}">{v}</steptml:parameter>' for k, v in arguments)
            + "</steptml:invoke><｜tool_call_end｜>\n"
            for name, arguments in calls
        )
        + "<｜tool_calls_end｜>"
    )


def kimi(calls: list[Call]) -> str:
    """Kimi K3's way; before it, the answer is in a channel of its own."""

    def argument(key: str, value: str) -> str:
        kind = "string" if key in ("s", "city", "unit", "maybe", "either") else "object"
        return f'<|open|>argument key="{key}" type="{kind}"<|sep|>{value}<|close|>argument<|sep|>'

    return (
        "<|open|>tools<|sep|>"
        + "".join(
            f'<|open|>call tool="{name}" index="{number}"<|sep|>'
            + "".join(argument(k, v) for k, v in arguments)
            + "<|close|>call<|sep|>"
            for number, (name, arguments) in enumerate(calls, 1)
        )
        + "<|close|>tools<|sep|><|close|>message<|sep|>"
    )


def minimax3(calls: list[Call]) -> str:
    """MiniMax M3's way."""
    m = "]<]minimax[>["
    return (
        f"{m}<tool_call>\n"
        + "\n".join(
            f'{m}<invoke name="{name}">\n' + "".join(f"{m}<{k}>{v}{m}</{k}>\n" for k, v in arguments) + f"{m}</invoke>"
            for name, arguments in calls
        )
        + f"\n{m}</tool_call>"
    )


def as_json(arguments: Arguments) -> str:
    """Arguments in a JSON object; a value that is JSON is that."""

    def value(text: str) -> str:
        try:
            json.loads(text, parse_constant=float.fromhex)
        except ValueError:
            return json.dumps(text, ensure_ascii=False)
        return text

    return "{" + ", ".join(f"{json.dumps(k)}: {value(v)}" for k, v in arguments) + "}"


def plamo(calls: list[Call]) -> str:
    """PLaMo 3's way."""

    def tag(name: str) -> str:
        return f"<|plamo:{name}:plamo|>"

    return (
        tag("begin_tool_requests")
        + "".join(
            f"{tag('begin_tool_request')}{tag('begin_tool_name')}{name}{tag('end_tool_name')}"
            f"{tag('begin_tool_arguments')}<|plamo:constrain|>json<|plamo:msg|>{as_json(arguments)}"
            f"{tag('end_tool_arguments')}{tag('end_tool_request')}"
            for name, arguments in calls
        )
        + tag("end_tool_requests")
    )


def inkling(calls: list[Call]) -> str:
    """Inkling's way."""
    return "".join(
        "<|message_model|><|content_invoke_tool_json|>"
        f'{{"name": "{name}", "args": {as_json(arguments)}}}<|end_message|>'
        for name, arguments in calls
    )


def gemma4(calls: list[Call]) -> str:
    """Gemma 4's way: strings have their own quotation marks."""
    quote = '<|"|>'

    def value(key: str, text: str) -> str:
        if key in ("s", "city", "unit", "maybe", "either"):
            return f"{quote}{text}{quote}"
        return text.replace('"', quote)

    return "".join(
        f"<|tool_call>call:{name}{{" + ",".join(f"{k}:{value(k, v)}" for k, v in arguments) + "}<tool_call|>"
        for name, arguments in calls
    )


def functiongemma(calls: list[Call]) -> str:
    """FunctionGemma's way."""
    return "".join(
        f"<start_function_call>call:{name}{{"
        + ",".join(f"{k}:<escape>{v}<escape>" for k, v in arguments)
        + "}<end_function_call>"
        for name, arguments in calls
    )


def muse(calls: list[Call]) -> str:
    """Muse Glimmer's way."""
    return "".join(
        f'<|start|>assistant to={name}<|message|><atem:function_calls>\n<atem:invoke name="{name}">\n'
        + "".join(f'<atem:parameter name="{k}">{v}</atem:parameter>\n' for k, v in arguments)
        + "</atem:invoke>\n</atem:function_calls><|eom|>"
        for name, arguments in calls
    )


def minicpm(calls: list[Call]) -> str:
    """MiniCPM5's way."""
    return "".join(
        f'<function name="{name}">' + "".join(f'<param name="{k}">{v}</param>' for k, v in arguments) + "</function>\n"
        for name, arguments in calls
    )


RENDER: dict[str, Callable[[list[Call]], str]] = {
    "qwen3_coder": qwen,
    "qwen3_xml": qwen,
    "step3p5": qwen,
    "mimo": lambda calls: qwen(calls, newline=""),
    "seed_oss": lambda calls: qwen(calls, "seed:tool_call"),
    "glm45": lambda calls: glm(calls, "\n"),
    "glm47": glm,
    "ling3": glm,
    "poolside_v1": lambda calls: glm(calls, "\n"),
    "hy_v3": lambda calls: hunyuan(calls, "<tool_sep>"),
    "hy_v4": lambda calls: hunyuan(calls, "").replace("</arg_key>\n", "</arg_key>"),
    "k2_horizon": horizon,
    "minimax_m2": lambda calls: invoke(calls, "minimax:tool_call"),
    "dots": lambda calls: invoke(calls, "dots_function_call"),
    "deepseek_v32": lambda calls: dsml(calls, "function_calls"),
    "deepseek_v4": lambda calls: dsml(calls, "tool_calls"),
    "deepseek_v41": lambda calls: dsml(calls, "calls", " "),
    "step3": step3,
    "minimax_m3": minimax3,
    "kimi_k3": kimi,
    "plamo3": plamo,
    "inkling": inkling,
    "gemma4": gemma4,
    "functiongemma": functiongemma,
    "muse_glimmer": muse,
    "minicpm5": minicpm,
}
