# SPDX-License-Identifier: Apache-2.0
"""Requests to a server that was started with flags: parsers of reasoning and tool calls, details of usage. Data only.

What the model says is forced by constraints, so that there is something to parse; where a prompt leaves thinking open,
it ends with a token that is among the few that are allowed.
"""

from __future__ import annotations

from typing import Any

from tests.parity.fields import CALLED, TOOL
from tests.real_engine.cases import CHAT, COMPLETIONS, CONTINUED, PROMPTS, Case, chat, completion

FLAGS = (
    "--reasoning-parser",
    "qwen3",
    "--tool-call-parser",
    "hermes",
    "--enable-auto-tool-choice",
    "--enable-prompt-tokens-details",
    "--enable-prompt-embeds",
    "--return-tokens-as-token-ids",
    "--max-logprobs",
    "30",
    "--stream-interval",
    "2",
    "--enable-log-requests",
    "--response-role",
    "helper",
    # A model without sense would write white space to the end.
    "--structured-outputs-config",
    '{"backend": "xgrammar", "disable_any_whitespace": true}',
)
"""For both servers, with the byte-level model: its vocabulary has the markers."""

THINK_END = 6141
CALL_START = 6142
ANSWER_END = 6139
TIME = {
    "type": "function",
    "function": {"name": "time", "parameters": {"type": "object", "properties": {"zone": {"type": "integer"}}}},
}
STRICT, STRICT_TIME = ({"type": "function", "function": {**tool["function"], "strict": True}} for tool in (TOOL, TIME))
NAMED = {"type": "function", "function": {"name": "weather"}}
JSON_BIAS = {1758: 90, 533: 60, 701: 60, 326: 60, 279: 60, 887: 60}
"""The tokens ` {}`, ` {"`, `{"`, `":`, ` "` and `"}`: with them arguments are written as Python writes JSON."""


def biased(token: int | None = None) -> dict[str, Any]:
    """Return a bias to write calls as models with sense do, and `token` wherever it may come."""
    return {"logit_bias": JSON_BIAS if token is None else {**JSON_BIAS, token: 100}}


NEAT = biased()
CALLING = biased(CALL_START)
ENDING = biased(ANSWER_END)
CLOSED = {"chat_template_kwargs": {"enable_thinking": False}}
"""The prompt closes thinking: constraints hold from the first token on."""
HIDDEN = {"include_reasoning": False}
CALL = r"<tool_call>\n\{\"name\": \"weather\", \"arguments\": \{\"city\": \"(Paris|京都)\"\}\}\n</tool_call>"
FORCED_TEXTS = {
    "call": CALL,
    "text-call": f"(Well|Now), {CALL}",
    "two-calls": f"{CALL}\n{CALL}",
    "malformed": r"<tool_call>\n\{\"name\": \"weather\", \"arguments\": \{\"city\": [a-z]{90}",
    "words": r"[a-h]{3} [0-9]{2}",
}
DETAILED = {"call", "text-call", "words"}
THINKING: dict[str, Any] = {
    # Of the tokens that are allowed, one ends thinking; the seed decides when it comes: once.
    "allowed_token_ids": [*range(40, 56), THINK_END],
    "temperature": 2,
    "seed": 3,
    "max_tokens": 16,
    "ignore_eos": True,
}
SHOWN: dict[str, dict[str, Any]] = {
    "plain": {},
    "ids": {"return_token_ids": True},
    "logprobs": {"logprobs": True, "top_logprobs": 2},
    "logprobs-text": {"logprobs": True, "top_logprobs": 1, "return_tokens_as_token_ids": False},
    "both": {"logprobs": True, "return_token_ids": True},
    "hidden": HIDDEN,
    "hidden-details": {**HIDDEN, "logprobs": True, "return_token_ids": True},
    "special": {"skip_special_tokens": False},
}
STREAMS: dict[str, dict[str, Any]] = {
    "off": {},
    "on": {"stream": True},
    "usage": {"stream": True, "stream_options": {"include_usage": True}},
    "continuous": {"stream": True, "stream_options": {"include_usage": True, "continuous_usage_stats": True}},
}


def parsed() -> tuple[Case, ...]:
    """Return all of them."""
    cases: list[Case] = []
    for way in STREAMS:
        for shown, members in SHOWN.items():
            cases.append(_case(f"thinking={shown}", way, chat(PROMPTS["english"], **{**THINKING, **members})))
        for name, regex in FORCED_TEXTS.items():
            body = chat("Call.", max_tokens=60, tools=[TOOL, TIME], **CLOSED, structured_outputs={"regex": regex})
            cases.append(_case(f"text={name}", way, body))
            if name in DETAILED:
                cases.append(_case(f"text={name}-details", way, body | SHOWN["both"]))
        for name, members in {**CHOICES, **STRICT_CHOICES, **OTHERS}.items():
            cases.append(_case(name, way, {**chat("Weather?", max_tokens=48, **CLOSED), **members}))
    return (*cases, *_completions())


def _case(name: str, way: str, body: dict[str, Any]) -> Case:
    return Case(f"parsed:{name}:{way}", CHAT, body | STREAMS[way])


CHOICES: dict[str, dict[str, Any]] = {
    "required": {"tools": [TOOL], "tool_choice": "required", **ENDING},
    "required-two": {"tools": [TOOL, TIME], "tool_choice": "required", "temperature": 1, "seed": 4, **ENDING},
    "required-one-call": {
        "tools": [TOOL, TIME],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        **CALLING,
    },
    "required-details": {"tools": [TOOL], "tool_choice": "required", **ENDING, **SHOWN["both"]},
    "required-cut": {"tools": [TOOL], "tool_choice": "required", "max_tokens": 12},
    "required-hidden": {"tools": [TOOL], "tool_choice": "required", **NEAT, **HIDDEN, "chat_template_kwargs": {}},
    "required-thinking": {"tools": [TOOL], "tool_choice": "required", **ENDING, "chat_template_kwargs": {}},
    "named": {"tools": [TOOL, TIME], "tool_choice": NAMED, **NEAT},
    "named-details": {"tools": [TOOL], "tool_choice": NAMED, **NEAT, **SHOWN["both"]},
    "named-cut": {"tools": [TOOL], "tool_choice": NAMED, "max_tokens": 3},
    "named-several": {"tools": [TOOL], "tool_choice": NAMED, **NEAT, "n": 2, "temperature": 1, "seed": 8},
    "named-hidden": {"tools": [TOOL], "tool_choice": NAMED, **NEAT, **HIDDEN, "chat_template_kwargs": {}},
    "one-call": {"tools": [TOOL], **CALLING, "parallel_tool_calls": False},
}
FORM = {"structured_outputs": {"choice": ["Paris", "Rome"]}}
STRICT_CHOICES: dict[str, dict[str, Any]] = {
    "strict-required": {"tools": [STRICT], "tool_choice": "required", **ENDING},
    "strict-required-two": {
        "tools": [STRICT, STRICT_TIME],
        "tool_choice": "required",
        "temperature": 1,
        "seed": 4,
        **ENDING,
    },
    "strict-required-more": {"tools": [STRICT], "tool_choice": "required", **ENDING, "min_tokens": 24},
    "strict-required-one-call": {
        "tools": [STRICT, STRICT_TIME],
        "tool_choice": "required",
        "parallel_tool_calls": False,
        **CALLING,
    },
    "strict-required-details": {"tools": [STRICT], "tool_choice": "required", **ENDING, **SHOWN["both"]},
    "strict-required-spaces": {"tools": [STRICT], "tool_choice": "required"},
    "strict-required-hidden": {
        "tools": [STRICT],
        "tool_choice": "required",
        **ENDING,
        **HIDDEN,
        "chat_template_kwargs": {},
    },
    "strict-named": {"tools": [STRICT, TIME], "tool_choice": NAMED, **NEAT},
    "strict-named-details": {"tools": [STRICT], "tool_choice": NAMED, **NEAT, **SHOWN["both"]},
    "strict-named-several": {"tools": [STRICT], "tool_choice": NAMED, **NEAT, "n": 2, "temperature": 1, "seed": 8},
    "strict-auto": {"tools": [STRICT], **CALLING, "stop": ["</tool_call>"]},
    "strict-auto-included": {
        "tools": [TIME, STRICT],
        **CALLING,
        "stop": ["</tool_call>"],
        "include_stop_str_in_output": True,
    },
    "strict-auto-one-call": {"tools": [STRICT], **CALLING, "parallel_tool_calls": False},
    "strict-form": {"tools": [STRICT], **FORM},
    "strict-form-call": {"tools": [STRICT], **FORM, **CALLING, "stop": ["</tool_call>"]},
    "strict-form-one-call": {"tools": [STRICT], **FORM, **CALLING, "parallel_tool_calls": False},
    "strict-object-call": {
        "tools": [STRICT],
        "response_format": {"type": "json_object"},
        "parallel_tool_calls": False,
        **CALLING,
    },
}

OTHERS: dict[str, dict[str, Any]] = {
    "auto-nothing": {"tools": [TOOL], "tool_choice": "auto", "max_tokens": 6},
    "none": {"tools": [TOOL], "tool_choice": "none", "max_tokens": 6},
    "choice-null": {"tools": [TOOL], "tool_choice": None, "max_tokens": 6},
    "called": {"messages": CALLED, "tools": [TOOL], "max_tokens": 6},
    "no-tools": {"max_tokens": 6},
    "open": {"max_tokens": 6, "chat_template_kwargs": {}},
    "open-hidden": {"max_tokens": 6, "chat_template_kwargs": {}, **HIDDEN},
    "thinking-several": {**THINKING, "n": 2, "chat_template_kwargs": {}},
    "continued-thinking": {
        "messages": [*CALLED, {"role": "assistant", "content": "<think>\nSo"}],
        "max_tokens": 6,
        **CONTINUED,
        "chat_template_kwargs": {},
    },
    "continued-answer": {
        "messages": [*CALLED, {"role": "assistant", "content": "<think>\nSo\n</think>\n\nIt"}],
        "max_tokens": 6,
        "echo": True,
        **CONTINUED,
        "chat_template_kwargs": {},
    },
    "thinking-again": {
        **THINKING,
        "messages": [{"role": "user", "content": PROMPTS["english"]}],
        "seed": 26,
        "chat_template_kwargs": {},
    },
    "stop": {**THINKING, "stop": ["</think>"], "include_stop_str_in_output": True, "chat_template_kwargs": {}},
    "logprobs-30": {"logprobs": True, "top_logprobs": 30, "max_tokens": 2},
    "object": {"response_format": {"type": "json_object"}, "max_tokens": 20},
    "cached": {"messages": [{"role": "user", "content": PROMPTS["mixed"] * 12}], "max_tokens": 2},
    "effort-none": {"reasoning_effort": "none", "max_tokens": 6, "chat_template_kwargs": {}},
}


def _completions() -> list[Case]:
    long = PROMPTS["code"] * 20
    return [
        Case("parsed:completion:off", COMPLETIONS, completion(long, max_tokens=4, logprobs=1)),
        Case("parsed:completion-cached:off", COMPLETIONS, completion(long, max_tokens=4)),
        Case(
            "parsed:completion-cached:usage",
            COMPLETIONS,
            completion(long, max_tokens=4, **STREAMS["usage"]),
        ),
        Case("parsed:completion-text:off", COMPLETIONS, completion("a", logprobs=30, return_tokens_as_token_ids=False)),
    ]
