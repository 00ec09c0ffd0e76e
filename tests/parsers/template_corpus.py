# SPDX-License-Identifier: Apache-2.0
"""Response templates of the kinds that models have, and answers to each: vLLM decides what they are
(golden/response_templates.json). Knows no parser.
"""

from __future__ import annotations

from typing import Any, NamedTuple

CHAT = {"defaults": {"role": "assistant"}, "start_anchor": "<|im_start|>assistant\n"}
CALL = {"type": "function", "function": "{content}"}
NAMED_CALL = {"type": "function", "function": {"name": "{name}", "arguments": "{content}"}}
THINK = {"open": "<think>", "close": "</think>"}

TEMPLATES: dict[str, dict[str, Any]] = {
    "json": CHAT
    | {
        "fields": {
            "thinking": THINK,
            "tool_calls": {
                "open": "<tool_call>",
                "close": "</tool_call>",
                "repeats": True,
                "content": "json",
                "transform": CALL,
            },
            "content": {"close": "<|im_end|>"},
        }
    },
    "tags": CHAT
    | {
        "version": 1,
        "fields": {
            "thinking": THINK,
            "tool_calls": {
                "open_pattern": r"<tool_call>\s*<function=(?P<name>\w+)>",
                "close": "</tool_call>",
                "repeats": True,
                "content": "xml-inline",
                "content_args": {
                    "tag_pattern": r"<parameter=(?P<key>\w+)>\s*(?P<value>.*?)\s*</parameter>",
                    "value_parser": {"name": "json", "args": {"allow_non_json": True}},
                },
                "transform": NAMED_CALL,
            },
        },
    },
    "merged tags": CHAT
    | {
        "fields": {
            "tool_calls": {
                "open_pattern": r'<invoke name="(?P<name>[^"]+)">',
                "close": ["</invoke>", "</invoke>\n"],
                "content": "xml-inline",
                "content_args": {"tag_pattern": "<(?P<key>[a-z_]+)>(?P<value>.*?)</[a-z_]+>", "merge_duplicates": True},
                "transform": NAMED_CALL,
            },
        },
    },
    "lists": {
        "start_anchor": "<|START_OF_TURN|>",
        "fields": {
            "content": {"open": "<|START_RESPONSE|>", "close": "<|END_RESPONSE|>"},
            "thinking": {"open": "<|START_THINKING|>", "close": "<|END_THINKING|>"},
            "tool_calls": {
                "open": "<|START_ACTION|>",
                "close": "<|END_ACTION|>",
                "content": "json",
                "transform_each": True,
                "transform": {"function": {"name": "{tool_name}", "arguments": "{parameters}"}},
            },
        },
    },
    "channels": {
        "start_anchor": "<|start|>assistant",
        "fields": {
            "thinking": {"open": "<|channel|>analysis<|message|>", "close": "<|end|>"},
            "content": {"open": "<|channel|>final<|message|>", "close": "<|end|>"},
            "tool_calls": {
                "open_pattern": r"<\|channel\|>commentary to=functions\.(?P<name>\w+).*?<\|message\|>",
                "close": "<|call|>",
                "repeats": True,
                "content": "json",
                "transform": NAMED_CALL,
            },
        },
    },
    "implied thinking": {
        "start_anchor": "Assistant:",
        "fields": {
            "thinking": {"open_pattern": r"(?:^|<think>\s*)", "close": "</think>"},
            "content": {"open": "<response>\n", "close_pattern": r"\n?</response>"},
            "tool_calls": {
                "open": "<tool_call>",
                "close": "</tool_call>",
                "repeats": True,
                "content": "json",
                "transform": CALL,
            },
        },
    },
    "lax json": {
        "start_anchor": ["<|turn>model\n", "<tool_response|>"],
        "fields": {
            "thinking": {"open": "<|channel>thought\n", "close": "<channel|>"},
            "tool_calls": {
                "open_pattern": r"<\|tool_call>call:(?P<name>\w+)",
                "close": "<tool_call|>",
                "repeats": True,
                "content": "json",
                "content_args": {"unquoted_keys": True, "string_delims": [['<|"|>', '<|"|>']]},
                "transform": NAMED_CALL,
            },
            "content": {"close": ["<turn|>", "<|tool_response>", "<eos>"]},
        },
    },
    "messages": {
        "start_anchor": "<|message_model|>",
        "fields": {
            "thinking": {
                "open_pattern": r"(?:<\|message_model\|>)?[^<]*<\|content_thinking\|>",
                "close": "<|end_message|>",
                "repeats": True,
            },
            "content": {
                "open_pattern": r"(?:<\|message_model\|>)?[^<]*<\|content_text\|>",
                "close": "<|end_message|>",
                "repeats": True,
            },
            "tool_calls": {
                "open_pattern": r"(?:<\|message_model\|>)?[^<]*<\|content_invoke_tool_json\|>",
                "close": "<|end_message|>",
                "repeats": True,
                "content": "json",
                "transform": {"function": {"name": "{content.name}", "arguments": "{content.args}"}},
            },
        },
    },
    "lines": {
        "start_anchor_pattern": r"<bot:\d+>",
        "fields": {
            "tool_calls": {
                "open_pattern": r"\[(?P<name>\w+)\]\n",
                "close_pattern": r"\n\n|(?=\[\w+\]\n)|$",
                "content": "kv-lines",
                "content_args": {"value_parser": {"name": "json", "args": {"allow_non_json": True}}},
                "transform": NAMED_CALL,
            },
            "content": {},
        },
    },
}

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "get_weather",
            "parameters": {
                "type": "object",
                "properties": {
                    "city": {"type": "string"},
                    "days": {"type": "integer"},
                    "share": {"type": "number"},
                    "metric": {"type": "boolean"},
                    "tags": {"type": "array"},
                    "where": {"anyOf": [{"type": "object"}, {"type": "null"}]},
                },
            },
        },
    },
    {"type": "function", "function": {"name": "now"}},
]


class Case(NamedTuple):
    """One answer, and the end of the prompt that it follows."""

    template: str
    text: str
    prefix: str = ""


WEATHER = '{"name": "get_weather", "arguments": {"city": "Paris", "days": 3}}'
TYPED = (
    '{"name": "get_weather", "arguments": {"city": "7", "days": "3", "share": "1.50", "metric": "True", '
    '"tags": "[1, {}]", "where": "None", "other": "5"}}'
)
ODD = (
    '{"arguments": {"a": [1.0, 1e5, -0, 1E400e, null]}, "name": "now"}',
    '{ "arguments" : {"a" : [1.0, 1e5, -0.0, true , null], "é":"\\u00e9\\n\\ud83d\\ude00"} , "name":"now" }',
    '{"name": "now", "arguments": "{\\"a\\": 1}"}',
    '{"name": "now", "arguments": [1, "x"]}',
    '{"name": "get_weather", "arguments": {"days": ["1", "x", 2], "where": {"a": 1}, "tags": "no", "metric": "maybe"}}',
    '{"name": "now", "arguments": {}}',
)
PARAMETERS = "\n<parameter=city>\nParis\n</parameter>\n<parameter=days>3</parameter>\n"


def _call(body: str) -> str:
    return f"<tool_call>{body}</tool_call>"


CASES: dict[str, Case] = {
    "plain": Case("json", "It rains.\n\nA lot."),
    "thinking": Case("json", "<think>\nHm.\n</think>\n\nIt rains."),
    "thinking opened by the prompt": Case("json", "Hm.\n</think>It rains.", "<|im_start|>assistant\n<think>\n"),
    "thinking closed by the prompt": Case("json", "It rains.", "<|im_start|>assistant\n<think>\n\n</think>\n\n"),
    "an end of the turn": Case("json", "It rains.<|im_end|>\nAnd more."),
    "one call": Case("json", f"Let me see.\n{_call(WEATHER)}"),
    "calls and thinking": Case("json", f"<think>Hm.</think>\n\n{_call(WEATHER)}\n{_call(ODD[1])}<|im_end|>"),
    "types by the schema": Case("json", _call(TYPED) + _call(ODD[4])),
    "arguments that are no object": Case("json", _call(ODD[2]) + _call(ODD[3]) + _call(ODD[5])),
    "a call begun by the prompt": Case(
        "json", '"get_weather", "arguments": {"city": "x"}}</tool_call>', '<|im_start|>assistant\n<tool_call>{"name": '
    ),
    "markup that is none": Case("json", "a < b <tool <tool_cal </think> <think <think>x</think>"),
    "half a marker begun by the prompt": Case("json", "nk>Hm.</think>x", "<|im_start|>assistant\n<thi"),
    "thinking without an end": Case("json", "<think>\nHm."),
    "tags": Case("tags", f"<think>Hm.</think><tool_call>\n<function=get_weather>{PARAMETERS}</function>\n</tool_call>"),
    "tags, nested and none": Case(
        "tags",
        "<tool_call><function=get_weather>\n<parameter=where>\n"
        '{"a": [1.0, "x"]}\n</parameter><parameter=tags>[1]</parameter></function></tool_call>\n'
        "<tool_call>\n\n<function=now>\n</function>\n</tool_call>bye",
    ),
    "tags that are cut off": Case("tags", f"<tool_call><function=get_weather>{PARAMETERS}<parameter=tags>[1"),
    "tags of a value that looks like them": Case(
        "tags", "<tool_call><function=now>\n<parameter=x>a < b</parameter> <parameter=y></parameter></tool_call>"
    ),
    "merged tags": Case(
        "merged tags",
        'Hi <invoke name="now"><a>1</a><b>x</b><a>2</a><a> 3 </a></invoke>\n and <invoke name="now"></invoke>.',
    ),
    "a list of calls": Case(
        "lists",
        "<|START_THINKING|>Hm.<|END_THINKING|><|START_ACTION|>[\n"
        '  {"tool_call_id": "0", "tool_name": "get_weather", "parameters": {"city": "Paris", "days": "2"}},\n'
        '  {"tool_name": "now", "parameters": {}}\n]<|END_ACTION|><|END_OF_TURN|>',
    ),
    "a response": Case("lists", "<|START_RESPONSE|>It rains.<|END_RESPONSE|>", "x<|START_OF_TURN|>"),
    "channels": Case(
        "channels",
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>commentary to=functions.get_weather "
        '<|constrain|>json<|message|>{\n  "city": "Paris"\n}<|call|>',
    ),
    "a final channel": Case(
        "channels", "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>It rains."
    ),
    "implied thinking": Case("implied thinking", f"Hm.\n</think>\n\n{_call(WEATHER)}\n</s>"),
    "implied thinking and a response": Case(
        "implied thinking", "Hm.\n</think>\n\n<response>\nIt\nrains.\n</response>\n", "Assistant:"
    ),
    "implied thinking, begun": Case("implied thinking", " Hm.</think><response>\nx</response>", "Assistant:<think>\n"),
    "lax json": Case(
        "lax json",
        '<|channel>thought\nHm.<channel|>Well: <|tool_call>call:get_weather{days:3,city:<|"|>Paris, "F"<|"|>,'
        'where:{a:<|"|>b:{c<|"|>,list:[true,null,1.50]}}<tool_call|><|tool_response>',
    ),
    "lax json, empty": Case("lax json", "<|tool_call>call:now{}<tool_call|>ok<turn|>"),
    "messages": Case(
        "messages",
        "<|content_thinking|>Hm.<|end_message|><|message_model|><|content_thinking|> So.<|end_message|>"
        "<|message_model|><|content_text|>Well.<|end_message|><|message_model|>get_weather"
        '<|content_invoke_tool_json|>{"name":"get_weather","args":{"city":"Oslo","days":"1"}}<|end_message|>'
        "<|content_model_end_sampling|>",
        "<|message_system|><|content_text|>x<|end_message|><|message_model|>",
    ),
    "lines": Case("lines", "Sure.\n[get_weather]\ncity: Paris\ndays: 3\n\nDone.\n[now]\nx: [1]\n[now]\ny : 2\n"),
    "lines and no colon": Case("lines", "[now]\nhello\n: x\n a : b : c "),
}
"""Well-formed answers."""

BROKEN: dict[str, Case] = {
    "no JSON": Case("json", f"a{_call('{')}b{_call(WEATHER)}c"),
    "no name": Case("json", _call('{"arguments": {}}')),
    "no arguments": Case("json", _call('{"name": "now"}')),
    "not a number": Case("json", _call(ODD[0])),
    "cut off": Case("json", f"x<tool_call>{WEATHER[:30]}"),
    "an item that is none": Case("lists", '<|START_ACTION|>[{"tool_name": "now", "parameters": {}}, 1]<|END_ACTION|>'),
    "a placeholder for nothing": Case("messages", '<|content_invoke_tool_json|>{"name": "now"}<|end_message|>'),
    "marks of the reader's own": Case("lax json", "<|tool_call>call:now{a:\x01}<tool_call|>"),
}
"""Answers of which a call is not as the template says: vLLM drops it, here it is content."""
