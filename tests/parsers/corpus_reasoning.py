# SPDX-License-Identifier: Apache-2.0
"""Answers that the reasoning parsers are asked about: every format with the same situations, and each with its own.

`{S}`, `{E}` and `{T}` stand for a format's start, end and the beginning of a tool call. make_golden_reasoning.py asks
vLLM's parsers about them; the tests ask the native ones.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Kwargs = dict[str, Any]


class Format(NamedTuple):
    """What makes the common situations a format's own."""

    start: str = "<think>"
    end: str = "</think>"
    tool: str = "<tool_call>"
    tokens: tuple[str, ...] = ()
    """Further special tokens of the vocabulary: what vLLM's parser refuses to start without, and prompts' markers."""
    turn: str = "<|im_start|>"
    """What a turn of the conversation begins with."""


SITUATIONS = {
    "typical": "{S}Let me think.{E}Hello!",
    "lines": "{S}\nLet me think.\n\nTwice.\n{E}\n\nHello!\n",
    "no_start": "Let me think.\n{E}\n\nHello!",
    "no_thinking": "Just an answer.",
    "empty_reasoning": "{S}{E}Hello!",
    "blank_reasoning": "{S}\n\n{E}\n\nHello!",
    "no_content": "{S}Let me think.{E}",
    "blank_content": "{S}Let me think.{E}\n\n",
    "only_end": "{E}",
    "end_first": "{E}Hello!",
    "truncated": "{S}Still think",
    "truncated_blank": "{S}Still thinking \n",
    "truncated_no_start": "Still thinking\n",
    "truncated_in_end": "{S}Still </",
    "nothing": "",
    "blank": " \n",
    "space_before": "\n{S}Let me think.{E}Hello!",
    "text_before": "So: {S}Let me think.{E}Hello!",
    "two_ends": "{S}one{E}two{E}three",
    "nested": "{S}one{S}two{E}three{E}four",
    "two_blocks": "{S}one \n{E}two {S} three\n{E}four",
    "unicode": "{S}考えます… 😀 \u3000{E}\u3000答え\u00a0é 😀",
    "wide_space": "{S}x\u2003\u00a0\u3000 {E}\u2003y",
    "lookalikes": "{S}a < b && </ think> <thin </thin <thinks> [THIN <|channe{E}<thi </think <mm: 1 < 2",
    "hidden_start": "{S}<{E}>",
    "special": '{S}"quoted" \\n \\" \t{E}{{"a": "\\\\"}} & <b>',
    "tool_after": '{S}I need a tool.{E}\n{T}\n{{"name": "f"}}',
    "tool_instead": 'I need a tool.\n{T}{{"name": "f"}}',
    "tool_in_thinking": "Should I write {T}? Perhaps.{E}No.",
    "tool_in_content": "{S}x{E}Write {T} like this.",
}
"""By name: the answer. Braces are doubled."""

COHERE_TOKENS = (
    "<|END_ACTION|>",
    "<|START_RESPONSE|>",
    "<|END_RESPONSE|>",
    "<|START_TEXT|>",
    "<|END_TEXT|>",
    "<|CHATBOT_TOKEN|>",
)

FORMATS = {
    "cohere_command3": Format(
        "<|START_THINKING|>", "<|END_THINKING|>", "<|START_ACTION|>", COHERE_TOKENS, "<|CHATBOT_TOKEN|>"
    ),
    "cohere_command4": Format(
        "<|START_THINKING|>", "<|END_THINKING|>", "<|START_ACTION|>", COHERE_TOKENS, "<|CHATBOT_TOKEN|>"
    ),
    "deepseek_r1": Format(),
    "deepseek_v3": Format(),
    "deepseek_v4": Format(tool="<｜DSML｜tool_calls>"),
    "deepseek_v41": Format(tool="<｜DSML｜ calls>"),
    "ernie45": Format(),
    "gemma4": Format(
        "<|channel>", "<channel|>", "<|tool_call>", ("<|turn>", "<|tool_response>", "<tool_call|>"), "<|turn>"
    ),
    "glm45": Format(tokens=("<|user|>", "<|assistant|>"), turn="<|assistant|>"),
    "glm47": Format(tokens=("<|user|>", "<|assistant|>"), turn="<|assistant|>"),
    "granite": Format("Here is my thought process:", "Here is my response:"),
    "granite_thinking_parser": Format(),
    "holo2": Format(),
    "hunyuan_a13b": Format("<think>\n", "\n</think>\n<answer>\n"),
    "hy_v3": Format(),
    "hy_v4": Format(),
    "inkling": Format(
        "<|content_thinking|>",
        "<|end_message|>",
        "<|content_invoke_tool_json|>",
        (
            "<|message_model|>",
            "<|content_text|>",
            "<|content_invoke_tool_text|>",
            "<|content_tool_error|>",
            "<|content_model_end_sampling|>",
        ),
        "<|message_model|>",
    ),
    "k2_horizon": Format("<ifm|think>", "</ifm|think>", "<ifm|tool_calls>"),
    "kimi_k2": Format(tool="<|tool_calls_section_begin|>"),
    "kimi_k3": Format(
        "<|open|>think<|sep|>", "<|close|>think<|sep|>", "<|open|>tools<|sep|>", ("<|open|>", "<|close|>", "<|sep|>")
    ),
    "ling3": Format(tokens=("<|user|>", "<|assistant|>"), turn="<|assistant|>"),
    "mimo": Format(),
    "minicpmv": Format(),
    "minimax_m2": Format(tool="<minimax:tool_call>"),
    "minimax_m2_append_think": Format(),
    "minimax_m3": Format("<mm:think>", "</mm:think>"),
    "mistral": Format("[THINK]", "[/THINK]", "[TOOL_CALLS]"),
    "muse_glimmer": Format("to=self<|message|>", "<|eom|>", "to=f<|message|>", ("<|start|>", "<|eot|>", "<|message|>")),
    "nemotron_v3": Format(),
    "olmo3": Format(),
    "plamo3": Format(
        "<|plamo:begin_think:plamo|>",
        "<|plamo:end_think:plamo|>",
        "<|plamo:begin_tool_requests:plamo|>",
        ("<|plamo:tag|>",),
        "<|plamo:tag|>",
    ),
    "poolside_v1": Format(tokens=("<assistant>",), turn="<assistant>"),
    "qwen3": Format(),
    "seed_oss": Format("<seed:think>", "</seed:think>", "<seed:tool_call>", ("<seed:bos>", "<seed:eos>"), "<seed:bos>"),
    "step3": Format(),
    "step3p5": Format(),
}
"""By the parser's name."""

PROMPTS = {
    "nothing": "",
    "plain": "hi {B}assistant\n",
    "open": "hi {B}assistant\n{S}\n",
    "closed": "hi {B}assistant\n{S}\n\n{E}\n\n",
    "history": "hi {B}assistant\n{S}why{E}because {B}user\nhi {B}assistant\n",
    "history_then_open": "hi {B}assistant\n{S}why{E}because {B}user\nhi {B}assistant\n{S}",
    "continued": "hi {B}assistant\n{S}why{E}because",
    "call": "hi {B}assistant\n{T} x {B}user\nhi {B}assistant\n",
    "call_continued": "hi {B}assistant\n{T} x",
}
"""By name: the end of a prompt; `{B}` stands for a turn's beginning."""

PROMPT_KWARGS: tuple[Kwargs, ...] = (
    {},
    {"thinking": True},
    {"thinking": False},
    {"enable_thinking": True},
    {"enable_thinking": False},
    {"thinking": False, "enable_thinking": True},
    {"reasoning_effort": "none", "enable_thinking": False},
    {"reasoning_effort": "high", "enable_thinking": True},
    {"reasoning_effort": "no_think"},
    {"thinking_mode": "enabled"},
)

ON: dict[str, Kwargs] = {
    "deepseek_v3": {"thinking": True},
    "poolside_v1": {"enable_thinking": True},
    "hy_v3": {"reasoning_effort": "high"},
}
"""Chat template arguments that parsers need to look for reasoning at all."""

OFF: dict[str, Kwargs] = {
    "deepseek_v3": {},
    "deepseek_v4": {"thinking": False},
    "deepseek_v41": {"reasoning_effort": "none"},
    "glm45": {"enable_thinking": False},
    "granite_thinking_parser": {"enable_thinking": False},
    "holo2": {"thinking": False},
    "hy_v3": {},
    "hy_v4": {"reasoning_effort": "no_think"},
    "kimi_k2": {"thinking": False},
    "kimi_k3": {"enable_thinking": False},
    "ling3": {"thinking": False},
    "mimo": {"enable_thinking": False},
    "minicpmv": {"enable_thinking": False},
    "nemotron_v3": {"enable_thinking": False},
    "plamo3": {"enable_thinking": False},
    "poolside_v1": {},
    "qwen3": {"enable_thinking": False},
    "seed_oss": {"enable_thinking": False},
}
"""Arguments that switch reasoning off."""

OPEN: dict[str, Kwargs] = {"minimax_m3": {"thinking_mode": "enabled"}}
"""Arguments by which a parser begins inside reasoning that it would not begin in otherwise."""

OFF_SITUATIONS = ("typical", "lines", "no_thinking", "end_first", "nothing", "tool_after", "special")


class Case(NamedTuple):
    """One answer, and the chat template arguments that its request has."""

    parser: str
    name: str
    text: str
    kwargs: Kwargs


def cases() -> list[Case]:
    """Return every situation of every format, with reasoning on, and some with it off."""
    result = []
    for parser, form in FORMATS.items():
        marks = {"S": form.start, "E": form.end, "T": form.tool}
        for name, situation in SITUATIONS.items():
            text = situation.format(**marks)
            result.append(Case(parser, name, text, ON.get(parser, {})))
            if parser in OFF and name in OFF_SITUATIONS:
                result.append(Case(parser, f"off_{name}", text, OFF[parser]))
            if parser in OPEN:
                result.append(Case(parser, f"open_{name}", text, OPEN[parser]))
        result += [Case(parser, name, text, ON.get(parser, {})) for name, text in OWN.get(parser, {}).items()]
    return result


COHERE = {
    "response": "<|START_THINKING|>abc \n<|END_THINKING|><|START_RESPONSE|>\n Hello! \n<|END_RESPONSE|>",
    "text": "abc<|END_THINKING|><|START_TEXT|>Hello!<|END_TEXT|>",
    "response_open": "<|START_THINKING|>abc<|END_THINKING|><|START_RESPONSE|>Hel",
    "response_only": "<|START_RESPONSE|>Hello!<|END_RESPONSE|>",
    "response_behind": "<|START_RESPONSE|>Hello!<|END_RESPONSE|> more",
    "thinking_spaces": "<|START_THINKING|> \n abc  def \n <|END_THINKING|> \n ghi \n ",
    "cited": "<|START_RESPONSE|>The <co>tallest</co: 0:[1,2]> and <co>x < y</co: 0:[0]>.<|END_RESPONSE|>",
    "not_cited": "<|START_RESPONSE|>a <c b </co c <code> <co<|END_RESPONSE|>",
    "action": '<|START_THINKING|>abc<|END_THINKING|><|START_ACTION|>[\n    {"tool_call_id": "0", "tool_name": "f", '
    '"parameters": {}}\n]<|END_ACTION|>',
}

OWN: dict[str, dict[str, str]] = {
    "cohere_command3": COHERE,
    "cohere_command4": COHERE,
    "ernie45": {
        "response": "abc\n</think>\n\n<response>\ndef\n</response>\n",
        "response_text_behind": "abc</think><response>def</response>",
        "response_quoted": "abc</think>\n<response>a </response> b</response>",
        "no_response": "abc\n</think>\ndef <b>\n",
        "response_late": "abc</think>x <response> y",
        "only_closed": "abc</think>def\n</response>\n",
    },
    "gemma4": {
        "named": "<|channel>thought\nLet me think.\n<channel|>Hello!",
        "named_empty": "<|channel>thought\n<channel|>Hello!",
        "named_bare": "<|channel>thought<channel|>Hello!",
        "named_no_start": "thought\nLet me think.<channel|>Hello!",
        "named_twice": "<|channel>thought\nthought\nx<channel|>Hello!",
        "named_truncated": "<|channel>thought\nLet me",
        "named_cut": "<|channel>thou",
        "named_tool": "<|channel>thought\nx<|tool_call>call:f{a:1}<tool_call|>",
        "named_blocks": "<|channel>thought\none<channel|>two<|channel>thought\nthree<channel|>four",
        "thoughtful": "thoughtful answer",
        "thought": "thought",
    },
    "granite": {
        "here_s": "Here's my thought process: x. Here's my response: y",
        "mixed": "Here is my thought process: Here it is. Here is my resp. Here's my response: Here is my response: z",
        "other_colon": "Here is my answer: 42",
    },
    "granite_thinking_parser": {"stripped": "x\n</think>\n\n\nHello\n\nworld"},
    "hunyuan_a13b": {
        "answer": "<think>\nLet me think.\n</think>\n<answer>\nHello!\n</answer>",
        "answer_blank": "<think>\n\n</think>\n<answer>\nHello!\n</answer>",
        "answer_behind": "<think>\nx\n</think>\n<answer>\nHello!\n</answer>\n",
        "answer_only": "Hello!\n</answer>",
        "answer_open": "<think>\nx\n</think>\n<answer>\nHello!\n",
        "answer_html": "<think>\nx\n</think>\n<answer>\n</b>\n</answer</answer>",
    },
    "inkling": {
        "header": "<|content_thinking|>x<|end_message|><|message_model|><|content_text|>Hello!<|end_message|>",
        "header_named": "f<|content_invoke_tool_json|>{}<|end_message|>",
        "header_text": "<|content_text|>Hello!<|content_model_end_sampling|>",
        "header_name": "<|content_thinking|>x<|end_message|><|message_model|>fn<|content_text|>Hello!",
        "header_tool": "<|content_thinking|>x <|end_message|><|message_model|>fn<|content_invoke_tool_json|>"
        '{"name": "fn", "args": {}}<|end_message|><|content_model_end_sampling|>',
        "header_open_tool": '<|content_thinking|>x<|content_invoke_tool_json|>{"name": "fn"}<|end_message|>',
        "header_only": "fn",
        "header_ended": "fn<|end_message|>",
        "header_blocks": "<|content_thinking|>x<|end_message|><|message_model|><|content_thinking|>y<|end_message|>"
        "<|message_model|><|content_text|>a<|end_message|><|message_model|><|content_text|>b",
        "header_raw": "<|content_invoke_tool_text|>raw<|end_message|><|message_model|><|content_tool_error|>err",
    },
    "k2_horizon": {"tool_before_end": "a<ifm|tool_calls>b"},
    "kimi_k3": {
        "response": "x<|close|>think<|sep|><|open|>response<|sep|>Hello!<|close|>response<|sep|>"
        "<|close|>message<|sep|>",
        "response_open": "<|open|>think<|sep|>x<|close|>think<|sep|><|open|>response<|sep|>Hel",
        "response_only": "<|open|>response<|sep|>Hello!<|close|>response<|sep|><|close|>message<|sep|>",
        "other_element": "x<|open|>b<|sep|>y<|close|>b<|sep|>z<|close|>think<|sep|>w",
        "response_empty": "x<|close|>think<|sep|><|open|>response<|sep|><|close|>response<|sep|>",
        "message_only": "x<|close|>think<|sep|><|close|>message<|sep|>",
        "not_marked": "x<|close|>think it over<|close|>think<|sep|>y",
    },
    "minicpmv": {
        "escapes": "a\\nb</think>one\\ntwo\\r\\nthree \\\\n `\\n` $\\n$ $$\\n$$ \\(\\n\\) \\[\\n\\] ```\\n``` \\x \\",
        "reserved": "a<reserved_12>b<|reserved_13|></think>c<|im_end|>d<reserved_15><reserved_9>",
        "escape_at_end": "a\\</think>n\\",
        "unclosed": "x</think>`a\\n",
    },
    "muse_glimmer": {
        "user": "to=self<|message|>Let me think.<|eom|><|start|>assistant to=user<|message|>Hello!<|eot|>",
        "user_only": "to=user<|message|>Hello!<|eot|>",
        "selves": "to=self<|message|>one<|eom|><|start|>assistant to=self<|message|>two<|eom|>"
        "<|start|>assistant to=user<|message|>Hello!",
        "user_cut": "to=self<|message|>one<|eom|><|start|>assistant to=user<|message|>Hel",
        "self_cut": "to=self<|message|>one tw",
        "tool": "to=self<|message|>one<|eom|><|start|>assistant to=f<|message|><atem:function_calls>"
        '<atem:invoke name="f"></atem:invoke></atem:function_calls><|eom|>',
        "tool_bare": 'to=self<|message|>one to=f<|message|><atem:invoke name="f"></atem:invoke><|eom|>',
    },
    "plamo3": {"tag": "x<|plamo:end_think:plamo|>y<|plamo:tag|>", "tag_in_thinking": "x<|plamo:tag|>y"},
    "seed_oss": {"other_tags": "<think>a</think>{E}b".replace("{E}", "</seed:think>")},
}
"""Answers that only one format has."""

TEXT_ONLY = {"granite", "hunyuan_a13b", "olmo3"}
"""Formats without special tokens."""


def special_tokens(parser: str) -> list[str]:
    """Return the special tokens that a model of the format has."""
    form = FORMATS[parser]
    if parser in TEXT_ONLY:
        return [form.turn]
    marks = form.tokens if "|sep|" in form.start or "=self" in form.start else (form.start, form.end, *form.tokens)
    tools = (form.tool,) if form.tool.startswith("<") and "<|sep|>" not in form.tool else ()
    more = {"mistral": ("[TOOL_CALLS]",), "muse_glimmer": ("<|eom|>",)}.get(parser, ())
    return list(dict.fromkeys((*marks, *tools, *more, form.turn)))


def markers(parser: str) -> list[str]:
    """Return the texts that a count of reasoning tokens may go by."""
    form = FORMATS[parser]
    return list(dict.fromkeys((form.start, form.end, form.tool, *form.tokens, "<|open|>response<|sep|>")))
