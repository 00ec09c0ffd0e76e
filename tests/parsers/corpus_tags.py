# SPDX-License-Identifier: Apache-2.0
"""Answers with tool calls in formats made of tags: every format says the same calls in its own way, and some others.

make_golden_tags.py asks vLLM's parsers about them; the tests ask the native ones.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

Arguments = list[tuple[str, str]]
"""Names and the raw text of the values."""
Call = tuple[str, Arguments]


class Case(NamedTuple):
    """One answer."""

    before: str
    calls: list[Call]
    tools: bool = True


def tool(name: str, properties: dict[str, Any]) -> dict[str, Any]:
    """A tool as a request has it."""
    return {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": properties}},
    }


TOOLS = [
    tool("get_weather", {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}}),
    tool(
        "typed",
        {
            "s": {"type": "string"},
            "i": {"type": "integer"},
            "n": {"type": "number"},
            "b": {"type": "boolean"},
            "z": {"type": "null"},
            "a": {"type": "array", "items": {"type": "integer"}},
            "o": {"type": "object", "properties": {"x": {"type": "integer"}, "y": {"type": "string"}}},
            "maybe": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "either": {"type": ["integer", "string"]},
            "silent": {"description": "nothing said"},
            "other": {"type": "any"},
        },
    ),
    tool("now", {}),
]

VALUES: dict[str, list[str]] = {
    "s": [
        "Paris",
        "",
        "null",
        "42",
        '{"a": 1}',
        " padded ",
        "two\nlines\n",
        'q"uo\\te',
        "héllo 世界 🌍",
        "a < b && c > d",
    ],
    "i": ["7", "-7", " 12 ", "007", "1_000", "1.0", "many", "", "123456789012345678901234567890", "+3", "true"],
    "n": ["1.5", "2", "2.0", "1e3", "1e16", "1.5e-7", "-0.0", "1e400", "nan", ".5", "five", "0.1", "123456789.125"],
    "b": ["true", "False", "1", "0", "yes", " true ", "null"],
    "z": ["null", "None", "0"],
    "a": ["[1, 2, 3]", '["a","b"]', "[1,", "[]", '[1.0, 2e2, "x"]', "[NaN]", "(1, 2)"],
    "o": [
        '{"x": 1, "y": "z"}',
        '{"x":"1","y":2}',
        "{'x': 1}",
        '{"k": {"n": [1, {"m": null}]}}',
        '{"é": "\\u00e9\\n"}',
        "x",
    ],
    "maybe": ["null", "NULL", "text", "nullable", "nul", ""],
    "either": ["5", "five"],
    "silent": ["5", "text"],
    "other": ["5", "text", "[1]"],
    "unknown": ["5", "text", "null"],
}

CASES: dict[str, Case] = {
    "typical": Case("", [("get_weather", [("city", "Paris"), ("unit", "celsius")])]),
    "text_before": Case("Let me look.\n\n", [("get_weather", [("city", "Paris")])]),
    "blank_before": Case("\n\n", [("get_weather", [("city", "Paris")])]),
    "parallel": Case("Both:\n", [("get_weather", [("city", "Paris")]), ("get_weather", [("city", "Rom")])]),
    "three": Case("", [("now", []), ("get_weather", [("city", "Oslo")]), ("now", [])]),
    "zero_arguments": Case("", [("now", [])]),
    "several_types": Case("", [("typed", [("s", "x"), ("i", "1"), ("n", "0.5"), ("b", "true"), ("a", "[1]")])]),
    "code": Case("", [("get_weather", [("city", 'def f():\n    return "<b>x</b>" # <br/>\n\n')])]),
    "no_tools": Case("", [("get_weather", [("city", "Paris"), ("n", "5")])], tools=False),
    "unknown_function": Case("So: ", [("launch", [("x", "1")])]),
    "plain": Case("No call at all, only 1 < 2 and <b>tags</b>.\n", []),
    **{
        f"value_{name}_{number}": Case("", [("typed", [(name, text)])])
        for name, texts in VALUES.items()
        for number, text in enumerate(texts)
    },
}


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

BEFORE = {
    "kimi_k3": "<|open|>response<|sep|>{}<|close|>response<|sep|>",
    "inkling": "<|content_text|>{}<|end_message|>",
    "muse_glimmer": " to=user<|message|>{}<|eom|>",
}
"""How formats mark the text before calls."""

_D = '<｜DSML｜parameter name="{}" string="{}">{}</｜DSML｜parameter>'


def _dsml_call(name: str, *parameters: tuple[str, str, str]) -> str:
    body = "".join(_D.format(*parameter) for parameter in parameters)
    return f'<｜DSML｜tool_calls><｜DSML｜invoke name="{name}">{body}</｜DSML｜invoke></｜DSML｜tool_calls>'


OWN: dict[str, dict[str, str]] = {
    "qwen3_coder": {
        "no_wrapper": "<function=now>\n</function>",
        "two_in_one": "<tool_call>\n<function=now>\n</function>\n<function=now>\n</function>\n</tool_call>",
        "next_parameter_ends_value": (
            "<tool_call><function=get_weather><parameter=city>Rom<parameter=unit>celsius</parameter>"
            "</function></tool_call>"
        ),
    },
    "minimax_m2": {
        "single_quotes": "<minimax:tool_call><invoke name='now'></invoke></minimax:tool_call>",
        "no_quotes": "<minimax:tool_call><invoke name=get_weather><parameter name=city>x</parameter></invoke>",
        "no_block": '<invoke name="now"></invoke>',
    },
    "deepseek_v4": {
        "other_spelling": _dsml_call("now").replace("｜tool_calls>", "｜toolcalls>", 1),
        "wrapped": _dsml_call("get_weather", ("arguments", "false", '{"city": "Rom", "unit": "celsius"}')),
        "wrapped_text": _dsml_call("typed", ("input", "true", '{"i": "5", "s": 6}')),
        "wrapped_unknown": _dsml_call("typed", ("input", "false", '{"i": "5", "foreign": 6}')),
        "wrapper_and_more": _dsml_call("typed", ("arguments", "true", '{"i": 5}'), ("s", "true", "x")),
        "silent_string": _dsml_call("typed", ("s", "false", "x")).replace(' string="false"', ""),
        "number_for_string": _dsml_call("typed", ("s", "false", "5")),
        "string_for_number": _dsml_call("typed", ("i", "true", "5")),
        "nested": _dsml_call("typed", ("o", "false", '{"x": "5", "y": 6, "w": "7"}')),
        "array_items": _dsml_call("typed", ("a", "false", '["1", 2.0, "x", null]')),
    },
    "minimax_m3": {
        "nested": (
            ']<]minimax[>[<tool_call>]<]minimax[>[<invoke name="typed">'
            "]<]minimax[>[<o>]<]minimax[>[<x>5]<]minimax[>[</x>"
            "]<]minimax[>[<y>z]<]minimax[>[</y>]<]minimax[>[<w>1]<]minimax[>[</w>]<]minimax[>[</o>]<]minimax[>[<a>"
            "]<]minimax[>[<item>1]<]minimax[>[</item>]<]minimax[>[<item>2]<]minimax[>[</item>]<]minimax[>[</a>"
            "]<]minimax[>[</invoke>]<]minimax[>[</tool_call>"
        ),
        "repeated": (
            ']<]minimax[>[<tool_call>]<]minimax[>[<invoke name="typed">]<]minimax[>[<i>5]<]minimax[>[</i>'
            "]<]minimax[>[<i>6]<]minimax[>[</i>]<]minimax[>[<i>7]<]minimax[>[</i>"
            "]<]minimax[>[</invoke>]<]minimax[>[</tool_call>"
        ),
        "mixed": (
            ']<]minimax[>[<tool_call>]<]minimax[>[<invoke name="typed">'
            "]<]minimax[>[<o>text]<]minimax[>[<x>5]<]minimax[>[</x>"
            "]<]minimax[>[</o>]<]minimax[>[</invoke>]<]minimax[>[</tool_call>"
        ),
    },
    "kimi_k3": {
        "escapes": (
            '<|open|>tools<|sep|><|open|>call tool="now" index="1"<|sep|><|open|>argument key="a&quot;b&amp;c"<|sep|>x'
            "<|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>"
        ),
        "spaces": (
            'Hi<|close|> response <|sep|><|open|> tools <|sep|><|open|> call tool="now" <|sep|><|close|> call <|sep|>'
        ),
        "look_alike": (
            '<|open|>tools<|sep|><|open|>call tool="now"<|sep|><|open|>argument key="s" type="string"<|sep|>a<|close|>b'
            "<|sep|><|open|>c<|sep|><|close|>argument<|sep|><|close|>call<|sep|><|close|>tools<|sep|>"
        ),
    },
    "inkling": {
        "compact": '<|content_invoke_tool_json|>{"name":"typed","args":{"s":"x","i":5}}<|end_message|>',
        "args_first": '<|content_invoke_tool_json|>{"args": {"s": "x"}, "name": "typed"}<|end_message|>',
        "without_args": '<|content_invoke_tool_json|>{"name": "now"}<|end_message|>',
        "text_after": inkling([("now", [])]) + "<|message_model|><|content_text|>Done.<|end_message|>",
        "wrong_types": (
            '<|content_invoke_tool_json|>{"name": "typed", "args": {"s": 5, "i": "5", "o": {"x": "1"}}}<|end_message|>'
        ),
    },
    "gemma4": {
        "bare_name": "<|tool_call>:now{}<tool_call|>",
        "no_arguments": "<|tool_call>call:now<tool_call|>",
        "nested": (
            '<|tool_call>call:typed{o:{x:5,y:<|"|>a}b<|"|>,w:{k:[1,<|"|>]<|"|>]}},a:[1,2],u:[{a:1},[<|"|>x<|"|>]]}<tool_call|>'
        ),
        "quoted_keys": '<|tool_call>call:typed{<|"|>s<|"|>:<|"|>x<|"|>}<tool_call|>',
        "spaces": '<|tool_call>call:typed{ s : <|"|>x<|"|> , i : 5 }<tool_call|>',
        "parentheses": '<|tool_call>call:typed(s:<|"|>x<|"|>)<tool_call|>',
    },
    "muse_glimmer": {
        "doubled_name": muse([("now", [])]).replace('name="now"', 'name="now.now"'),
        "unframed": '<atem:function_calls><atem:invoke name="now"></atem:invoke></atem:function_calls>',
        "echoed": ' to=user<|message|>Write <atem:invoke name="now"></atem:invoke> so.<|eot|>',
    },
    "minicpm5": {
        "entities": '<function name="get_weather"><param name="city">a &amp; b &lt;c&gt;</param></function>',
        "data": '<function name="get_weather"><param name="city"><![CDATA[<b> & c]]></param></function>',
        "wrapped": '<function name=\'typed\'><param name=\'arguments\'>{"i": 5, "s": 6, "q": 1}</param></function>',
        "twice": '<function name="typed"><param name="i">5</param><param name="i">6</param></function>',
    },
    "k2_horizon": {
        "text_after": horizon([("now", [])]) + "\nDone.",
    },
}


def text_of(parser: str, case: Case) -> str:
    """The answer in a format's own way."""
    before = BEFORE.get(parser, "{}").format(case.before) if case.before else ""
    return before + (RENDER[parser](case.calls) if case.calls else "")


def answers(parser: str) -> dict[str, tuple[str, bool]]:
    """All answers of a format: text, and whether the request has tools."""
    result = {name: (text_of(parser, case), case.tools) for name, case in CASES.items()}
    result |= {name: (text, True) for name, text in OWN.get(parser, {}).items()}
    return result


if __name__ == "__main__":
    print(json.dumps({parser: answers(parser) for parser in RENDER}, ensure_ascii=False, indent=1))
