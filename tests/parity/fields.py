# SPDX-License-Identifier: Apache-2.0
"""The fields of a generation request as factors: what each may say. Data only; combined by cases.py.

The inventory is vLLM's ChatCompletionRequest and CompletionRequest. Errors are not here but in cases_errors.py, and
fields that rule most others out (beam search) are in cases.py.
"""

from __future__ import annotations

from typing import Any

from tests.real_engine.cases import CONTINUED, CONVERSATION, PARTS, PROMPTS
from tests.real_engine.cases_fields import LEGACY_TAG, PERSON, TAG, json_schema

Levels = dict[str, dict[str, dict[str, Any]]]
"""By factor and level: the members that the level gives a request. The first level gives none."""

OFF: dict[str, Any] = {}
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather.",
        "parameters": {"type": "object", "properties": {"city": {"enum": ["Paris", "京都"]}}, "required": ["city"]},
    },
}
CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Paris"}'}}
CALLED = [
    CONVERSATION[1],
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "rain"},
]
ONE = [{"role": "user", "content": PROMPTS["emoji"]}]

COMMON: Levels = {
    "stream": {
        "off": OFF,
        "on": {"stream": True},
        "options": {"stream": True, "stream_options": {}},
        "usage": {"stream": True, "stream_options": {"include_usage": True}},
        "continuous": {
            "stream": True,
            "stream_options": {"include_usage": True, "continuous_usage_stats": True},
        },
        "not-usage": {
            "stream": True,
            "stream_options": {"include_usage": False, "continuous_usage_stats": True},
        },
        "false": {"stream": False, "stream_options": None},
    },
    "interval": {"off": OFF, "three": {"stream_interval": 3}},
    "sampling": {
        "greedy": {"temperature": 0},
        "seeded": {"temperature": 0.8, "top_p": 0.9, "top_k": 40, "seed": 1234},
        "min-p": {"temperature": 1.3, "min_p": 0.05, "seed": -5},
        "cool": {"temperature": 0.001, "top_p": 1, "top_k": -1, "seed": 7},
    },
    "penalties": {
        "off": OFF,
        "all": {"presence_penalty": 0.5, "frequency_penalty": -0.7, "repetition_penalty": 1.2},
        "null": {"presence_penalty": None, "frequency_penalty": None, "repetition_penalty": None},
    },
    "n": {"off": OFF, "one": {"n": 1}, "two": {"n": 2}},
    "prompt-logprobs": {"off": OFF, "zero": {"prompt_logprobs": 0}, "two": {"prompt_logprobs": 2}},
    "echo": {"off": OFF, "on": {"echo": True}, "false": {"echo": False}},
    "ids": {"off": OFF, "on": {"return_token_ids": True}, "false": {"return_token_ids": False}},
    "as-ids": {"off": OFF, "on": {"return_tokens_as_token_ids": True}, "false": {"return_tokens_as_token_ids": False}},
    "stop": {
        "off": OFF,
        "letter": {"stop": "e"},
        "several": {"stop": ["a", " ", "zz"]},
        "included": {"stop": ["i", "o"], "include_stop_str_in_output": True},
        "tokens": {"stop_token_ids": list(range(200, 420))},
        "tokens-included": {"stop_token_ids": list(range(200, 420)), "include_stop_str_in_output": True},
        "nothing": {"stop": None, "stop_token_ids": None},
    },
    "least": {"off": OFF, "min-tokens": {"min_tokens": 3}, "ignore-eos": {"ignore_eos": True}},
    "bans": {
        "off": OFF,
        "bias": {"logit_bias": {"40": 3.5, "41": -100, "300": 5}},
        "allowed": {"allowed_token_ids": [40, 41, 42, 300, 301, 302]},
        "words": {"bad_words": ["the", " a", "é"]},
    },
    "format": {
        "off": OFF,
        "text": {"response_format": {"type": "text"}},
        "object": {"response_format": {"type": "json_object"}},
        "schema": {"response_format": json_schema(PERSON)},
        "tag": {"response_format": TAG},
        "legacy-tag": {"response_format": LEGACY_TAG},
        "json": {"structured_outputs": {"json": PERSON}},
        "regex": {"structured_outputs": {"regex": r"[a-c]{3}-\d\d"}},
        "choice": {"structured_outputs": {"choice": ["yes", "no", "perhaps"]}},
        "grammar": {"structured_outputs": {"grammar": 'root ::= "a" root | "b"'}},
    },
    "truncate": {
        "off": OFF,
        "five": {"truncate_prompt_tokens": 5},
        "right": {"truncate_prompt_tokens": 6, "truncation_side": "right"},
        "most": {"truncate_prompt_tokens": -1, "truncation_side": "left"},
    },
    "special": {
        "off": OFF,
        "kept": {"skip_special_tokens": False},
        "together": {"skip_special_tokens": False, "spaces_between_special_tokens": False},
    },
    "repetition": {"off": OFF, "on": {"repetition_detection": {"max_pattern_size": 3, "min_count": 2}}},
    "names": {
        "off": OFF,
        "ignored": {"user": "u", "service_tier": "auto", "store": True, "best_of": 3, "unknown": {"a": [1]}},
        "queue": {"priority": 2, "session_id": "s", "cache_salt": "salt"},
        "extra": {"vllm_xargs": {"a": 1, "b": ["x", 2.5]}, "watermarking": False, "logit_bias": None},
        "render": {"return_token_offsets": True, "mm_payload": "none", "return_mm_kwargs": False},
    },
}

CHAT_FIELDS: Levels = {
    **COMMON,
    "logprobs": {
        "off": OFF,
        "bare": {"logprobs": True},
        "three": {"logprobs": True, "top_logprobs": 3},
        "false": {"logprobs": False, "top_logprobs": None},
        "labels": {"logprobs": True, "top_logprobs": 0, "logprob_token_ids": [10, 300, 301]},
    },
    "length": {
        "max-tokens": {"max_tokens": 6},
        "completion-tokens": {"max_tokens": None, "max_completion_tokens": 5},
        "both": {"max_tokens": 9, "max_completion_tokens": 4},
        "one": {"max_tokens": 1},
    },
    "messages": {
        "off": OFF,
        "conversation": {"messages": CONVERSATION},
        "parts": {"messages": PARTS},
        "continued": {"messages": CONVERSATION[:3], **CONTINUED},
        "bare": {"messages": CONVERSATION, "add_generation_prompt": False},
        "developer": {"messages": [{"role": "developer", "content": "Be short.", "name": "d"}, *ONE]},
    },
    "template": {
        "off": OFF,
        "kwargs": {"chat_template_kwargs": {"enable_thinking": False, "nobody": [1]}},
        "effort": {"reasoning_effort": "low"},
        "documents": {"documents": [{"title": "t", "text": "x"}], "chat_template_kwargs": {}},
    },
    "specials-added": {"off": OFF, "on": {"add_special_tokens": True}},
    "prompt-text": {"off": OFF, "on": {"return_prompt_text": True}},
    "reasoning": {"off": OFF, "hidden": {"include_reasoning": False}, "shown": {"include_reasoning": True}},
    "tools": {
        "off": OFF,
        "none": {"tools": [TOOL], "tool_choice": "none"},
        "null": {"tools": None, "tool_choice": None, "parallel_tool_calls": None},
        "parallel": {"tools": [TOOL], "tool_choice": "none", "parallel_tool_calls": False},
    },
}

COMPLETION_FIELDS: Levels = {
    **COMMON,
    "logprobs": {
        "off": OFF,
        "zero": {"logprobs": 0},
        "three": {"logprobs": 3},
        "labels": {"logprobs": 1, "logprob_token_ids": [10, 300, 301]},
        "null": {"logprobs": None},
    },
    "length": {"max-tokens": {"max_tokens": 6}, "default": OFF, "null": {"max_tokens": None}, "one": {"max_tokens": 1}},
    "prompt": {
        "off": OFF,
        "list": {"prompt": [PROMPTS["code"]]},
        "several": {"prompt": [PROMPTS["chinese"], "a"]},
        "ids": {"prompt": [10, 11, 12, 300, 301, 302, 303]},
        "several-ids": {"prompt": [[10, 11], [12, 300, 301, 302, 303, 304]]},
    },
    "specials-added": {"off": OFF, "off-by-name": {"add_special_tokens": False}},
    "suffix": {"off": OFF, "null": {"suffix": None, "prompt_embeds": None}},
}

STRUCTURED = ("json", "regex", "choice", "grammar")
CONSTRAINED = frozenset(f"format={level}" for level in COMMON["format"] if level not in {"off", "text"})


def clash(one: str, other: str) -> bool:
    """Tell whether a request with both is refused, or whether the engine's answer to it is anybody's guess."""
    if one == "n=two":  # greedy samples are refused; prompt logprobs of samples differ in their last bits
        return other in {"sampling=greedy", "prompt-logprobs=zero", "prompt-logprobs=two"}
    if one.startswith("stream=") and one not in {"stream=off", "stream=false"}:
        return other == "prompt-logprobs=two"
    if one in CONSTRAINED:
        # A mask that leaves the grammar nothing to go on with.
        if other in {"bans=bias", "bans=allowed", "bans=words", "least=min-tokens", "least=ignore-eos"}:
            return True
        return other == "tools=null" and one.removeprefix("format=") in STRUCTURED  # refused: cases_errors.py
    # More tokens have to come than the limit lets through: refused.
    return one == "length=one" and other == "least=min-tokens"
