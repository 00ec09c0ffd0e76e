# SPDX-License-Identifier: Apache-2.0
"""Answers with tool calls in formats made of tags: every format says the same calls in its own way, and some others.

make_golden_tags.py asks vLLM's parsers about them; the tests ask the native ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tests.parsers.tag_formats import RENDER, horizon, inkling, invoke, minicpm, muse

if TYPE_CHECKING:
    from tests.parsers.tag_formats import Call


class Case(NamedTuple):
    """One answer."""

    before: str
    calls: list[Call]
    tools: bool = True


def tool(name: str, properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A tool as a request has it."""
    return {
        "type": "function",
        "function": {"name": name, "parameters": {"type": "object", "properties": properties, **more}},
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


BEFORE = {
    "kimi_k3": "<|open|>response<|sep|>{}<|close|>response<|sep|>",
    "inkling": "<|content_text|>{}<|end_message|>",
    "muse_glimmer": " to=user<|message|>{}<|eom|>",
}
"""How formats mark the text before calls."""

_D = '<｜DSML｜parameter name="{}" string="{}">{}</｜DSML｜parameter>'


def _dots(body: str) -> str:
    return f"<dots_function_call>\n{body}\n</dots_function_call>"


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
    "dots": {
        "json": _dots('{"name": "typed", "arguments": {"s": "x", "i": 5.0, "é": [1, null]}}'),
        "json_twice": "Hi\n" + _dots('{"parameters": {"city": "a"}, "name": "get_weather"}') + _dots('{"name": "now"}'),
        "json_without_arguments": _dots('{"name": "now", "arguments": null}')
        + _dots('{"name": "now", "arguments": 0}'),
        "json_and_tags": _dots('{"name": "now"}') + invoke([("now", [])], "dots_function_call"),
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
        "other_name": minicpm([("get_details_by_phone", [("phone", "1")])]),
        "twice": '<function name="typed"><param name="i">5</param><param name="i">6</param></function>',
    },
    "k2_horizon": {
        "text_after": horizon([("now", [])]) + "\nDone.",
    },
}


LINE_TOOLS = [
    tool("get_customer_by_phone", {"phone_number": {"type": "string"}}, required=["phone_number"]),
    tool("get_customer_by_name", {"full_name": {"type": "string"}, "dob": {}}, required=["full_name", "dob"]),
    tool("get_details_by_id", {"id": {"type": "string"}}, required=["id"]),
    tool("toggle_roaming", {"line_id": {}, "enabled": {"type": "boolean"}}, required=["line_id", "enabled"]),
    tool("refuel_data", {"customer_id": {}, "line_id": {}, "amount_gb": {}}, required=["line_id", "amount_gb"]),
    tool("get_line_status", {"line_id": {"type": "string"}, "verbose": {}}, required=["line_id"]),
    tool("odd", {"line_id": {}}, required="line"),
]
"""Tools with parameters that they require; MiniCPM5 has names of its own for some of them."""

LINE_CALLS: dict[str, Call] = {
    "phone": ("get_details_by_phone", [("phone_number", "555-123-2002")]),
    "phone_number": ("get_details_by_phone", [("phone", "5551232002")]),
    "phone_twice": ("get_details_by_phone", [("phone", "1"), ("phone_number", "2")]),
    "phone_empty": ("get_details_by_phone", [("phone_number", ""), ("phone", "7")]),
    "phone_zero": ("get_details_by_phone", [("phone_number", "0.0"), ("phone", "false")]),
    "phone_null": ("get_details_by_phone", [("phone_number", "null")]),
    "phone_not": ("get_details_by_phone", [("number", "7")]),
    "phone_wrapped": ("get_details_by_phone", [("arguments", '{"phone": "7"}')]),
    "name": ("get_details_by_name", [("name", "John Smith"), ("date_of_birth", "1985-06-15"), ("x", "y")]),
    "name_and_dob": ("get_details_by_name", [("full_name", "J"), ("name", "K"), ("dob", "1985")]),
    "name_without_dob": ("get_details_by_name", [("name", "John Smith")]),
    "details": ("get_line_details", [("line_id", "L1001")]),
    "details_by_id": ("get_roaming_status", [("id", "[]"), ("line_id", "{}")]),
    "details_of_nothing": ("get_line_details", []),
    "known": ("get_line_status", [("line_id", "L1001")]),
    "plan": ("get_plan_details", [("plan_id", "P1002")]),
    "plan_by_id": ("get_plan_details", [("id", "5"), ("plan_id", "")]),
    "enable": ("enable_roaming", [("line_id", "L1")]),
    "disable": ("disable_roaming", [("id", "12")]),
    "enable_nothing": ("enable_roaming", [("enabled", "true")]),
    "refuel": ("add_refueled_data", [("customer_id", "C1"), ("line_id", "L1"), ("gb", "2.5")]),
    "refuel_null": ("add_data_to_line", [("customer_id", "null"), ("id", "L1"), ("amount_gb", "0"), ("amount", "3")]),
    "refuel_zeros": ("add_data_to_line", [("line_id", "L1"), ("amount_gb", "0"), ("amount", "0")]),
    "refuel_nobody": ("add_data_to_line", [("line_id", "L1"), ("gb_amount", "-0.0"), ("amount", '{"a": 1}')]),
    "refuel_nothing": ("add_data_to_line", [("line_id", "L1")]),
    "required_missing": ("get_line_status", [("verbose", "true")]),
    "required_unknown": ("get_customer_by_phone", [("phone", "1")]),
    "required_odd": ("get_customer_by_phone", [("arguments", '{"phone_number": 1}')]),
    "unknown": ("get_line", [("line_id", "L1")]),
}
"""A MiniCPM5 answer each."""


def text_of(parser: str, case: Case) -> str:
    """The answer in a format's own way."""
    before = BEFORE.get(parser, "{}").format(case.before) if case.before else ""
    return before + (RENDER[parser](case.calls) if case.calls else "")


def answers(parser: str) -> dict[str, tuple[str, bool]]:
    """All answers of a format: text, and whether the request has tools."""
    result = {name: (text_of(parser, case), case.tools) for name, case in CASES.items()}
    result |= {name: (text, True) for name, text in OWN.get(parser, {}).items()}
    return result
