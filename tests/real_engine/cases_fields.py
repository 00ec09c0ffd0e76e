# SPDX-License-Identifier: Apache-2.0
"""Requests that say more than a prompt: constraints, lists of tokens, names for queues and caches. Data only.

Added to CASES and ERRORS by every_case.py.
"""

from __future__ import annotations

import json
from typing import Any

from tests.real_engine.cases import CHAT, COMPLETIONS, PROMPTS, Case, both, chat, completion

PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string", "maxLength": 4}, "kind": {"enum": ["cat", "dog"]}},
    "required": ["name", "kind"],
    "additionalProperties": False,
}
TAG = {"type": "structural_tag", "format": {"type": "const_string", "value": "exactly this"}}
LEGACY_TAG = {
    "type": "structural_tag",
    "structures": [{"begin": "<f>", "schema": PERSON, "end": "</f>"}],
    "triggers": ["<f"],
}


def json_schema(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}


CONSTRAINTS: dict[str, dict[str, Any]] = {
    "json-object": {"response_format": {"type": "json_object"}},
    "json-schema": {"response_format": json_schema(PERSON)},
    "structural-tag": {"response_format": TAG},
    "structural-tag-legacy": {"response_format": LEGACY_TAG},
    "text": {"response_format": {"type": "text"}},
    "json": {"structured_outputs": {"json": PERSON}},
    "json-text": {"structured_outputs": {"json": json.dumps(PERSON)}},
    "regex": {"structured_outputs": {"regex": r"[a-c]{3}-\d\d"}},
    "choice": {"structured_outputs": {"choice": ["yes", "no", 'per"haps', "é\n"]}},
    "grammar": {"structured_outputs": {"grammar": 'root ::= "a" root | "b"'}},
    "lark": {"structured_outputs": {"grammar": 'start: "up" | "down"'}},
    "tag-text": {"structured_outputs": {"structural_tag": json.dumps(TAG)}},
    "two-fields": {"structured_outputs": {"json": {"type": "string"}}, "response_format": json_schema({"enum": [7]})},
}
OTHERS: dict[str, dict[str, Any]] = {
    "bad-words": {"bad_words": ["the", " a", "é", "0"]},
    "allowed-tokens": {"allowed_token_ids": [40, 41, 42, 43]},
    "logit-bias": {"logit_bias": {"40": 100, "41": -100, "42": 1e6}},
    "repetition": {"repetition_detection": {"max_pattern_size": 4, "min_count": 3}, "logit_bias": {"40": 100}},
    "names": {"priority": 3, "cache_salt": "salt", "session_id": "s", "user": "u", "watermarking": False},
    "xargs": {"vllm_xargs": {"a": 1, "b": ["x", 2.5], "session_id": "t"}, "ec_transfer_params": {}},
    "routed-experts": {"routed_experts_prompt_start": 1, "min_tokens": 2},
    "truncated": {"truncate_prompt_tokens": 8},
    "truncated-right": {"truncate_prompt_tokens": 8, "truncation_side": "right"},
}


def fields() -> list[Case]:
    cases: list[Case] = []
    for name, members in {**CONSTRAINTS, **OTHERS}.items():
        cases += both(f"chat-{name}", CHAT, chat(PROMPTS["english"], **members))
        cases.append(Case(f"completion-{name}", COMPLETIONS, completion(PROMPTS["code"], **members)))
    several = {"structured_outputs": {"choice": ["one", "two"]}, "temperature": 1, "seed": 5, "n": 2}
    cases.append(Case("chat-choice-n", CHAT, chat(PROMPTS["english"], **several)))
    cases.append(Case("completion-choice-prompts", COMPLETIONS, completion(["a", "b"], **several)))
    cases.append(Case("chat-effort", CHAT, chat(PROMPTS["english"], reasoning_effort="low", documents=[{"text": "x"}])))
    for name, members in BEAMS.items():
        cases += both(f"chat-beams-{name}", CHAT, chat(PROMPTS["mixed"], use_beam_search=True, **members))
        body = completion([PROMPTS["code"], "x"], use_beam_search=True, **members)
        cases.append(Case(f"completion-beams-{name}", COMPLETIONS, body))
    return cases


BEAMS: dict[str, dict[str, Any]] = {
    "one": {"n": 1, "max_tokens": 8},
    "three": {"n": 3, "max_tokens": 8},
    "penalty": {"n": 2, "max_tokens": 12, "length_penalty": 0.0, "include_stop_str_in_output": True},
    "warm": {"n": 4, "max_tokens": 5, "temperature": 1.5, "length_penalty": 2.0, "ignore_eos": True},
    "ids": {"n": 2, "max_tokens": 4, "return_token_ids": True},
}

BAD_CONSTRAINTS: dict[str, dict[str, Any]] = {
    "choice-empty": {"structured_outputs": {"choice": []}},
    "grammar-empty": {"structured_outputs": {"grammar": " "}},
    "grammar-bad": {"structured_outputs": {"grammar": "root ::= ("}},
    "lark-bad": {"structured_outputs": {"grammar": "start: nowhere"}},
    "json-empty": {"structured_outputs": {"json": ""}},
    "json-bad": {"structured_outputs": {"json": "{"}},
    "json-type": {"structured_outputs": {"json": {"type": "nonsense"}}},
    "json-unimplemented": {"structured_outputs": {"json": {"type": "array", "uniqueItems": True}}},
    "json-object-false": {"structured_outputs": {"json_object": False}},
    "regex-bad": {"structured_outputs": {"regex": "(a"}},
    "regex-nul": {"structured_outputs": {"regex": "a\0"}},
    "tag-bad": {"structured_outputs": {"structural_tag": "{}"}},
    "format-tag-bad": {"response_format": {"type": "structural_tag", "format": {"type": "nonsense"}}},
    "format-schema-missing": {"response_format": {"type": "json_schema"}},
    "format-schema-none": {"response_format": {"type": "json_schema", "json_schema": {"name": "x"}}},
    "constraint-none": {"structured_outputs": {}},
    "constraint-two": {"structured_outputs": {"regex": "a", "grammar": "b"}},
    "constraint-and-format": {"structured_outputs": {"regex": "a"}, "response_format": {"type": "json_object"}},
}
BAD_OTHERS: dict[str, dict[str, Any]] = {
    "bad-words-empty": {"bad_words": [""]},
    "bad-words-many": {"bad_words": [f"w{number}" for number in range(129)]},
    "allowed-tokens-empty": {"allowed_token_ids": []},
    "allowed-tokens-beyond": {"allowed_token_ids": [10**6]},
    "logit-bias-beyond": {"logit_bias": {"1000000": 1}},
    "logit-bias-text": {"logit_bias": {"x": 1}},
    "thinking-budget": {"thinking_token_budget": 5},
    "routed-experts-beyond": {"routed_experts_prompt_start": 4000},
    "xargs-wide": {"vllm_xargs": {"a": 2**70}},
    "cache-salt-bad": {"cache_salt": "a/b"},
    "repetition-bad": {"repetition_detection": {"max_pattern_size": 4, "min_count": 1}},
    "greedy-n": {"n": 2},
    "n-many": {"n": 20000, "temperature": 1},
    "truncate-beyond": {"truncate_prompt_tokens": 5000},
}


def refusals() -> list[Case]:
    """Whole answers only: in a stream vLLM answers 200 to many of these, and says why in an event."""
    cases: list[Case] = []
    for name, members in {**BAD_CONSTRAINTS, **BAD_OTHERS}.items():
        cases.append(Case(f"chat-{name}", CHAT, chat("hello", **members)))
        cases.append(Case(f"completion-{name}", COMPLETIONS, completion("hello", **members)))
    for name, members in {
        "suffix": {"suffix": "x"},
        "suffix-echo": {"suffix": "x", "echo": True},
        "suffix-truncated": {"suffix": "x", "truncate_prompt_tokens": 2},
        "embeds": {"prompt_embeds": "AAAA"},
    }.items():
        cases.append(Case(f"completion-{name}", COMPLETIONS, completion("hello", **members)))
    beams = {"use_beam_search": True, "max_tokens": 3}
    cases.append(Case("chat-beams-many", CHAT, chat("hello", n=11, **beams)))
    cases.append(Case("completion-beams-stream", COMPLETIONS, completion("hello", stream=True, **beams)))
    labels = {"logprobs": True, "logprob_token_ids": [1]}
    cases.append(Case("chat-beams-labels", CHAT, chat("hello", **beams, **labels)))
    cases.append(Case("completion-suffix-ids", COMPLETIONS, completion([1, 2], suffix="x")))
    for name, members in {
        "template": {"chat_template": "{{ 1 }}"},
        "media-io": {"media_io_kwargs": {"image": {"a": 1}}},
        "media-processor": {"mm_processor_kwargs": {"a": 1}},
    }.items():
        cases.append(Case(f"chat-{name}", CHAT, chat("hello", **members)))
    return cases
