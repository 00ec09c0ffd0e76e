# SPDX-License-Identifier: Apache-2.0
"""Requests that are refused, over the whole inventory of vLLM's errors. Data only.

`type:` is in the name of those that are not of the right types: pydantic words their errors.
"""

from __future__ import annotations

from typing import Any

from tests.parity.fields import TOOL
from tests.real_engine.cases import CHAT, COMPLETIONS, Case, chat, completion

NAMED = {"type": "function", "function": {"name": "weather"}}

BOTH: dict[str, dict[str, Any]] = {
    "model-unknown": {"model": "other"},
    "max-tokens-0": {"max_tokens": 0},
    "max-tokens-negative": {"max_tokens": -1},
    "max-tokens-beyond": {"max_tokens": 4097},
    "n-0": {"n": 0},
    "n-negative": {"n": -1},
    "n-greedy": {"n": 2},
    "n-many": {"n": 16385, "temperature": 1},
    "temperature-negative": {"temperature": -0.1},
    "top-p-0": {"temperature": 1, "top_p": 0},
    "top-p-beyond": {"temperature": 1, "top_p": 1.1},
    "top-k-negative": {"temperature": 1, "top_k": -2},
    "min-p-negative": {"temperature": 1, "min_p": -0.1},
    "min-p-beyond": {"temperature": 1, "min_p": 1.5},
    "presence-beyond": {"presence_penalty": 2.1},
    "presence-below": {"presence_penalty": -2.1},
    "frequency-beyond": {"frequency_penalty": 2.1},
    "repetition-0": {"repetition_penalty": 0},
    "repetition-negative": {"repetition_penalty": -1.0},
    "min-tokens-negative": {"min_tokens": -1},
    "min-tokens-beyond": {"min_tokens": 7, "max_tokens": 6},
    "stop-empty": {"stop": ""},
    "stop-empty-in-list": {"stop": ["a", ""]},
    "stop-many": {"stop": ["a", "b", "c", "d", "e"]},
    "stop-tokens-beyond": {"stop_token_ids": [10**7]},
    "prompt-logprobs-negative": {"prompt_logprobs": -2},
    "prompt-logprobs-many": {"prompt_logprobs": 21},
    "prompt-logprobs-stream": {"prompt_logprobs": 1, "stream": True},
    "stream-options-alone": {"stream_options": {"include_usage": True}},
    "stream-options-not-streaming": {"stream": False, "stream_options": {"include_usage": False}},
    "truncate-beyond": {"truncate_prompt_tokens": 4097},
    "truncate-below": {"truncate_prompt_tokens": -2},
    "logit-bias-beyond": {"logit_bias": {"10000000": 1}},
    "logit-bias-word": {"logit_bias": {"the": 1}},
    "allowed-empty": {"allowed_token_ids": []},
    "allowed-beyond": {"allowed_token_ids": [10**7]},
    "allowed-negative": {"allowed_token_ids": [-1]},
    "bad-words-empty": {"bad_words": [""]},
    "bad-words-many": {"bad_words": [f"w{number}" for number in range(129)]},
    "cache-salt-empty": {"cache_salt": ""},
    "cache-salt-path": {"cache_salt": "../x"},
    "cache-salt-long": {"cache_salt": "s" * 129},
    "thinking-budget": {"thinking_token_budget": 3},
    "repetition-few": {"repetition_detection": {"max_pattern_size": 2, "min_count": 1}},
    "repetition-sizes": {"repetition_detection": {"max_pattern_size": 2, "min_pattern_size": 3, "min_count": 2}},
    "repetition-negative-size": {"repetition_detection": {"max_pattern_size": -1, "min_count": 2}},
    "routed-experts-beyond": {"routed_experts_prompt_start": 4000},
    "schema-missing": {"response_format": {"type": "json_schema"}},
    "tag-empty": {"response_format": {"type": "structural_tag"}},
    "constraints-two": {"structured_outputs": {"regex": "a", "choice": ["b"]}},
    "constraints-none": {"structured_outputs": {}},
    "choice-empty": {"structured_outputs": {"choice": []}},
    "regex-broken": {"structured_outputs": {"regex": "(["}},
    "grammar-broken": {"structured_outputs": {"grammar": "root ::= nowhere"}},
    "schema-broken": {"structured_outputs": {"json": "{"}},
    "length-penalty-beams": {"use_beam_search": True, "n": 11, "max_tokens": 2},
    "type:max-tokens": {"max_tokens": "many"},
    "type:n": {"n": "a"},
    "type:n-fraction": {"n": 1.5},
    "type:temperature": {"temperature": "warm"},
    "type:stop": {"stop": 5},
    "type:stop-list": {"stop": [5]},
    "type:stream": {"stream": "perhaps"},
    "type:stream-options": {"stream": True, "stream_options": 5},
    "type:seed-beyond": {"seed": 2**63},
    "type:seed": {"seed": "x"},
    "type:logit-bias": {"logit_bias": [1]},
    "type:logit-bias-value": {"logit_bias": {"1": "x"}},
    "type:allowed": {"allowed_token_ids": ["x"]},
    "type:bad-words": {"bad_words": "word"},
    "type:truncation-side": {"truncate_prompt_tokens": 2, "truncation_side": "middle"},
    "type:priority": {"priority": "high"},
    "type:format": {"response_format": {"type": "xml"}},
    "type:format-text": {"response_format": "json"},
    "type:interval": {"stream_interval": 0},
    "type:echo": {"echo": "loud"},
    "type:xargs": {"vllm_xargs": {"a": {"b": 1}}},
    "type:model": {"model": 5},
    "type:budget": {"thinking_token_budget": -2},
    "type:routed-experts": {"routed_experts_prompt_start": -1},
    "type:repetition-detection": {"repetition_detection": 5},
}

CHAT_ONLY: dict[str, dict[str, Any]] = {
    "messages-empty": {"messages": []},
    "long": {"messages": [{"role": "user", "content": "word " * 9000}]},
    "long-by-tokens": {"messages": [{"role": "user", "content": "x y z " * 1500}]},
    "completion-tokens-0": {"max_completion_tokens": 0},
    "completion-tokens-beyond": {"max_completion_tokens": 5000},
    "top-logprobs-alone": {"top_logprobs": 1},
    "top-logprobs-negative": {"logprobs": True, "top_logprobs": -2},
    "top-logprobs-many": {"logprobs": True, "top_logprobs": 21},
    "labels-alone": {"logprob_token_ids": [1]},
    "labels-beyond": {"logprobs": True, "logprob_token_ids": [10**7]},
    "labels-many": {"logprobs": True, "logprob_token_ids": list(range(129))},
    "continued-and-prompted": {"add_generation_prompt": True, "continue_final_message": True},
    "tools-empty": {"tools": []},
    "tools-auto": {"tools": [TOOL]},
    "tools-auto-named": {"tools": [TOOL], "tool_choice": "auto"},
    "tools-required": {"tools": [TOOL], "tool_choice": "required"},
    "tools-named": {"tools": [TOOL], "tool_choice": NAMED},
    "choice-without-tools": {"tool_choice": "auto"},
    "choice-unknown": {"tools": [TOOL], "tool_choice": "maybe"},
    "choice-of-no-tool": {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "x"}}},
    "choice-without-name": {"tools": [TOOL], "tool_choice": {"type": "function", "function": {}}},
    "choice-without-function": {"tools": [TOOL], "tool_choice": {"type": "function"}},
    "choice-and-constraint": {"tools": [TOOL], "tool_choice": NAMED, "structured_outputs": {"regex": "a"}},
    "choice-null-and-constraint": {"tool_choice": None, "structured_outputs": {"regex": "a"}},
    "template": {"chat_template": "{{ messages }}"},
    "template-in-kwargs": {"chat_template_kwargs": {"chat_template": "x"}},
    "media-io": {"media_io_kwargs": {"image": {}}},
    "media-processor": {"mm_processor_kwargs": {"a": 1}},
    "type:messages": {"messages": "hello"},
    "type:messages-null": {"messages": None},
    "type:message": {"messages": ["hello"]},
    "type:role": {"messages": [{"content": "x"}]},
    "type:content": {"messages": [{"role": "user", "content": 5}]},
    "type:part": {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
    "part-unknown": {"messages": [{"role": "user", "content": [{"type": "smell", "smell": "x"}]}]},
    "part-image": {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}]},
    "type:logprobs": {"logprobs": "loud"},
    "type:top-logprobs": {"logprobs": True, "top_logprobs": "x"},
    "type:tools": {"tools": [5]},
    "type:effort": {"reasoning_effort": "huge"},
    "type:documents": {"documents": ["x"]},
    "type:kwargs": {"chat_template_kwargs": [1]},
}

COMPLETION_ONLY: dict[str, dict[str, Any]] = {
    "prompt-empty": {"prompt": ""},
    "prompt-null": {"prompt": None},
    "prompt-empty-list": {"prompt": []},
    "prompt-empty-in-list": {"prompt": ["a", ""]},
    "prompt-empty-ids": {"prompt": [[]]},
    "prompt-beyond": {"prompt": [10**7]},
    "prompt-many": {"prompt": ["a"] * 1025},
    "prompt-long": {"prompt": [5] * 4097},
    "prompt-full": {"prompt": [5] * 4096},
    "prompt-text-long": {"prompt": "word " * 9000},
    "logprobs-negative": {"logprobs": -2},
    "logprobs-many": {"logprobs": 21},
    "labels-alone": {"logprob_token_ids": [1]},
    "labels-beyond": {"logprobs": 1, "logprob_token_ids": [10**7]},
    "labels-echo-only": {"logprobs": 1, "logprob_token_ids": [1], "echo": True, "max_tokens": 0},
    "suffix": {"suffix": "x"},
    "embeds": {"prompt_embeds": "AAAA"},
    "embeds-and-prompt": {"prompt_embeds": ["AAAA"], "prompt": None},
    "beams-stream": {"use_beam_search": True, "stream": True},
    "beams-labels": {"use_beam_search": True, "logprobs": 1, "logprob_token_ids": [1]},
    "beams-echo-logprobs": {"use_beam_search": True, "echo": True, "logprobs": 1},
    "type:prompt": {"prompt": {"a": 1}},
    "type:prompt-number": {"prompt": 5},
    "type:prompt-negative": {"prompt": [-1]},
    "type:prompt-mixed": {"prompt": ["a", 1]},
    "type:logprobs": {"logprobs": "x"},
    "type:suffix": {"suffix": 5},
}

RAW: dict[str, tuple[str, bytes]] = {
    "type:empty": (CHAT, b""),
    "type:half": (CHAT, b'{"model": '),
    "type:list": (CHAT, b"[1, 2]"),
    "type:number": (COMPLETIONS, b"5"),
    "type:null": (COMPLETIONS, b"null"),
    "type:not-a-number": (COMPLETIONS, b'{"model": "tiny", "prompt": "a", "temperature": NaN}'),
    "type:not-utf-8": (COMPLETIONS, b'{"model": "tiny", "prompt": "\xff\xfe"}'),
    "type:surrogate": (COMPLETIONS, b'{"model": "tiny", "prompt": "\\ud800", "max_tokens": 2}'),
    "type:no-messages": (CHAT, b'{"model": "tiny"}'),
    "no-prompt": (COMPLETIONS, b'{"model": "tiny"}'),
}


STUCK: dict[str, Any] = {"structured_outputs": {"choice": ["IIIIIIIIJ"]}, "allowed_token_ids": [40, 76]}
"""One of the two tokens is an `I`, of either model; none is a `J`."""
ENGINE: dict[str, dict[str, Any]] = {
    "nowhere": {"structured_outputs": {"choice": ["Paris"]}, "allowed_token_ids": [40]},
    "stuck": STUCK,
    "stuck-details": {**STUCK, "logprobs": 1, "return_token_ids": True},
    "stuck-several": {**STUCK, "n": 2, "temperature": 1, "seed": 1, "stream": False},
    "stuck-usage": {**STUCK, "stream_options": {"include_usage": True}, "stream": True},
}
"""What the engine ends with an error: its mask leaves no token, it takes the first, and the grammar does not."""


def errors() -> tuple[Case, ...]:
    """Return all of them, and some as streams, where what is refused late comes as an event."""
    cases: list[Case] = []
    for name, members in {**BOTH, **CHAT_ONLY}.items():
        cases.append(Case(f"error:chat:{name}", CHAT, {**chat("hello", max_tokens=4), **members}))
    for name, members in {**BOTH, **COMPLETION_ONLY}.items():
        cases.append(Case(f"error:completion:{name}", COMPLETIONS, {**completion("hello", max_tokens=4), **members}))
    for name in STREAMED:
        cases += [
            Case(f"error:chat:{name}:on", CHAT, {**chat("hello", max_tokens=4), **BOTH[name], "stream": True}),
            Case(
                f"error:completion:{name}:on",
                COMPLETIONS,
                {**completion("hello", max_tokens=4), **BOTH[name], "stream": True},
            ),
        ]
    for name, members in ENGINE.items():
        for stream in (members["stream"],) if "stream" in members else (False, True):
            way, shown = "on" if stream else "off", {**members, "stream": stream}
            cases.append(Case(f"error:completion:engine-{name}:{way}", COMPLETIONS, completion("hello", **shown)))
            if "logprobs" in members:
                shown |= {"logprobs": True}
            cases.append(Case(f"error:chat:engine-{name}:{way}", CHAT, chat("hello", **shown)))
    cases += [Case(f"error:raw:{name}", path, body) for name, (path, body) in RAW.items()]
    return tuple(cases)


STREAMED = (
    "model-unknown",
    "max-tokens-0",
    "max-tokens-beyond",
    "n-0",
    "temperature-negative",
    "top-k-negative",
    "stop-empty",
    "min-tokens-beyond",
    "prompt-logprobs-many",
    "allowed-beyond",
    "logit-bias-beyond",
    "bad-words-empty",
    "regex-broken",
    "choice-empty",
    "repetition-few",
    "type:max-tokens",
)
