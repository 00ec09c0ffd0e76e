# SPDX-License-Identifier: Apache-2.0
"""Ask a real vLLM server what it answers to good and bad bodies, and write golden_errors.json beside this file.

    vllm serve MODEL --served-model-name tiny --max-model-len 4096 --port 8200
    python tests/protocol/make_golden.py http://127.0.0.1:8200

Not part of the tests: they read the file. Made with vLLM 0.32.0 and a Qwen3 tokenizer.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx

CHAT, COMPLETIONS, TOKENIZE, DETOKENIZE = "/v1/chat/completions", "/v1/completions", "/tokenize", "/detokenize"
MESSAGE_CHARS = 400
"""As much of each message is kept and compared."""

USER = {"role": "user", "content": "hi"}
TOOL = {"type": "function", "function": {"name": "f"}}
CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
NAMED = {"type": "function", "function": {"name": "f"}}

BASE: dict[str, dict[str, Any]] = {
    CHAT: {"messages": [USER], "max_tokens": 1},
    COMPLETIONS: {"prompt": "hi", "max_tokens": 1},
    TOKENIZE: {"messages": [USER]},
    DETOKENIZE: {"tokens": [1]},
}

RAW = {
    "empty": b"",
    "blank": b"   ",
    "cut off": b"{",
    "array": b"[]",
    "null": b"null",
    "number": b"5",
    "string": b'"x"',
    "trailing comma": b'{"model":"tiny",}',
    "trailing text": b'{"model":"tiny"} x',
    "single quotes": b"{'a':1}",
    "leading zero": b'{"a":01}',
    "control character": b'{"a":"a\nb"}',
    "not UTF-8": b'{"a":"\xff"}',
    "byte order mark": b'\xef\xbb\xbf{"messages":[{"role":"user","content":"hi"}],"max_tokens":1}',
    "UTF-16": '{"messages":[{"role":"user","content":"hi"}],"max_tokens":1}'.encode("utf-16"),
    "duplicate member": b'{"messages":[{"role":"user","content":"hi"}],"max_tokens":"x","max_tokens":1}',
    "NaN": b'{"messages":[{"role":"user","content":"hi"}],"temperature":NaN}',
    "1e999": b'{"messages":[{"role":"user","content":"hi"}],"max_tokens":1e999}',
    "surrogate": b'{"messages":[{"role":"user","content":"\\ud800"}]}',
    "surrogate in an ignored member": b'{"messages":[{"role":"user","content":"hi"}],"max_tokens":1,"user":"\\ud800"}',
    "5000 digits": b'{"messages":[{"role":"user","content":"hi"}],"max_tokens":' + b"1" * 5000 + b"}",
    "no members": b"{}",
}

WRONG = (None, "abc", [])
FIELDS = {
    CHAT: """messages model frequency_penalty logit_bias logprobs top_logprobs max_tokens max_completion_tokens n
        presence_penalty response_format seed stop stream stream_options temperature top_p tools tool_choice
        reasoning_effort thinking_token_budget include_reasoning parallel_tool_calls user use_beam_search top_k min_p
        repetition_penalty watermarking length_penalty stop_token_ids include_stop_str_in_output ignore_eos min_tokens
        skip_special_tokens spaces_between_special_tokens truncate_prompt_tokens truncation_side prompt_logprobs
        logprob_token_ids allowed_token_ids bad_words echo add_generation_prompt continue_final_message
        add_special_tokens documents chat_template chat_template_kwargs media_io_kwargs mm_processor_kwargs
        structured_outputs priority request_id session_id return_tokens_as_token_ids return_token_ids
        routed_experts_prompt_start return_token_offsets return_prompt_text mm_payload return_mm_kwargs cache_salt
        kv_transfer_params ec_transfer_params vllm_xargs repetition_detection stream_interval""",
    COMPLETIONS: "prompt echo logprobs max_tokens n suffix prompt_embeds add_special_tokens stop user",
    DETOKENIZE: "tokens model",
}
THIRTEEN = "model n seed stream temperature top_p user top_k min_p ignore_eos min_tokens priority request_id"

MEMBERS: dict[str, dict[str, dict[str, Any]]] = {
    CHAT: {
        # lax values
        "int '5'": {"seed": "5"},
        "int ' +5_0.00 '": {"seed": " +5_0.00 "},
        "int '5.'": {"seed": "5."},
        "int 5.0": {"top_k": 5.0},
        "int 5.5": {"top_k": 5.5},
        "int 1e300": {"top_k": 1e300},
        "int true": {"min_tokens": True},
        "float ' 1e-1 '": {"temperature": " 1e-1 "},
        "float '1_0e-1'": {"temperature": "1_0e-1"},
        "float ' 1_0e-1 '": {"temperature": " 1_0e-1 "},
        "float 'nan'": {"temperature": "nan"},
        "float of 400 digits": {"temperature": 10**400},
        "bool 'ON'": {"ignore_eos": "ON"},
        "bool 1.0": {"ignore_eos": 1.0},
        "bool 2": {"ignore_eos": 2},
        "bool 2**63": {"ignore_eos": 2**63},
        "literal 5": {"truncation_side": 5},
        "seed 2**63": {"seed": 2**63},
        "seed 2**63-1": {"seed": 2**63 - 1},
        "priority -2**63-1": {"priority": -(2**63) - 1},
        "several wrong": {"user": 5, "stop": 5, "seed": "d", "n": "c", "top_p": "b", "temperature": "a"},
        "thirteen wrong": {name: [] for name in THIRTEEN.split()},
        "long input": {"temperature": "x" * 1000},
        # ranges
        "n 0": {"n": 0},
        "n 20000": {"n": 20000},
        "n 2 greedy": {"n": 2, "temperature": 0},
        "n 2 almost greedy": {"n": 2, "temperature": 0.001},
        "max_tokens 0": {"max_tokens": 0},
        "max_completion_tokens 0": {"max_completion_tokens": 0},
        "max_completion_tokens wins": {"max_completion_tokens": 2, "max_tokens": -5},
        "max_tokens 5000": {"max_tokens": 5000},
        "min_tokens -1": {"min_tokens": -1},
        "min_tokens 5": {"min_tokens": 5},
        "temperature 3": {"temperature": 3},
        "temperature -1": {"temperature": -1},
        "temperature -0.0": {"temperature": -0.0},
        "top_p 0": {"top_p": 0},
        "top_p 2": {"top_p": 2},
        "top_k -2": {"top_k": -2},
        "top_k 10**30": {"top_k": 10**30},
        "min_p 2": {"min_p": 2},
        "presence_penalty 3": {"presence_penalty": 3},
        "frequency_penalty -3": {"frequency_penalty": -3},
        "repetition_penalty 0": {"repetition_penalty": 0},
        "repetition_penalty 'inf'": {"repetition_penalty": "inf"},
        "two out of range": {"temperature": 9, "n": 0},
        "out of range and unknown model": {"temperature": 9, "model": "nope"},
        "unknown model": {"model": "nope"},
        "stop ''": {"stop": ["a", ""]},
        "stop 4": {"stop": list("abcd")},
        "stop 5": {"stop": list("abcde")},
        "stop mixed": {"stop": ["a", 1]},
        "bad_words ''": {"bad_words": [""]},
        "logit_bias keys": {"logit_bias": {"a": 1, "b": 2, "1": 1}},
        "logit_bias key 1.0": {"logit_bias": {"1.0": 1}},
        "logit_bias odd keys": {"logit_bias": {" 1_0 ": 1, "5": 200}},
        "logit_bias null": {"logit_bias": {"1": None}},
        "logit_bias unknown id": {"logit_bias": {"99999999": 1}},
        "logit_bias bracketed key": {"logit_bias": {"(a)": "x"}},
        "stop_token_ids unknown id": {"stop_token_ids": [999999]},
        "truncate -2": {"truncate_prompt_tokens": -2},
        "stream_interval 0": {"stream_interval": 0},
        "stream_interval 2": {"stream_interval": 2, "stream": True},
        "routed_experts_prompt_start -1": {"routed_experts_prompt_start": -1},
        # rules between fields
        "options without stream": {"stream_options": {"include_usage": True}},
        "options with stream": {"stream": True, "stream_options": {"include_usage": True, "other": 1}},
        "options with stream 'false'": {"stream": "false", "stream_options": {"include_usage": True}},
        "options wrong": {"stream": True, "stream_options": {"include_usage": "x"}},
        "options number": {"stream": True, "stream_options": 5},
        "options empty": {"stream_options": {}},
        "continue and generate": {"continue_final_message": True, "add_generation_prompt": True},
        "continue": {"continue_final_message": True, "add_generation_prompt": False},
        "cache_salt @": {"cache_salt": "a@b"},
        "cache_salt 129": {"cache_salt": "a" * 129},
        "cache_salt 128": {"cache_salt": "a" * 128},
        "cache_salt number": {"cache_salt": 5},
        "top_logprobs alone": {"top_logprobs": 2},
        "top_logprobs -2": {"top_logprobs": -2},
        "top_logprobs": {"logprobs": True, "top_logprobs": 2},
        "prompt_logprobs -2": {"prompt_logprobs": -2},
        "prompt_logprobs stream": {"prompt_logprobs": 1, "stream": True},
        "logprob_token_ids alone": {"logprob_token_ids": [1]},
        "logprob_token_ids beam": {"logprob_token_ids": [1], "logprobs": True, "use_beam_search": True},
        "thinking_token_budget -1": {"thinking_token_budget": -1},
        "thinking_token_budget 1.0": {"thinking_token_budget": 1.0},
        "unknown fields": {"foo": 1, "best_of": 3, "service_tier": "auto"},
        "documents": {"documents": [{"title": "a", "text": "b"}]},
        "documents wrong": {"documents": [{"a": 1}]},
        "mm_processor_kwargs": {"mm_processor_kwargs": {"a": 1}},
        "media_io_kwargs": {"media_io_kwargs": {"image": {"a": 1}}},
        "vllm_xargs": {"vllm_xargs": {"a": 1, "b": "x", "c": 1.5, "d": [1, "a"], "e": True}},
        "vllm_xargs null": {"vllm_xargs": {"a": None}},
        "vllm_xargs nested": {"vllm_xargs": {"a": [[1]]}},
        "vllm_xargs 2**64": {"vllm_xargs": {"a": 2**64}},
        "repetition_detection": {"repetition_detection": {"max_pattern_size": 5, "min_count": 3}},
        "repetition_detection -1": {"repetition_detection": {"max_pattern_size": -1}},
        "repetition_detection count": {"repetition_detection": {"max_pattern_size": 2, "min_count": 1}},
        "repetition_detection wrong": {"repetition_detection": {"max_pattern_size": "x"}},
        "repetition_detection 2**70": {"repetition_detection": {"max_pattern_size": 2**70, "min_count": 3}},
        # tools, forms of the answer
        "tools": {"tools": [TOOL]},
        "tools choice none": {"tools": [TOOL], "tool_choice": "none"},
        "tools choice named": {"tools": [TOOL], "tool_choice": NAMED},
        "choice without tools": {"tool_choice": "auto"},
        "choice unknown": {"tools": [TOOL], "tool_choice": "sometimes"},
        "choice list": {"tools": [TOOL], "tool_choice": ["auto"]},
        "named no function": {"tools": [TOOL], "tool_choice": {"type": "function"}},
        "named no name": {"tools": [TOOL], "tool_choice": {"function": {}}},
        "named name 5": {"tools": [TOOL], "tool_choice": {"function": {"name": 5}}},
        "named other": {"tools": [TOOL], "tool_choice": {"function": {"name": "g"}}},
        "named wrong type": {"tools": [TOOL], "tool_choice": {**NAMED, "type": "x"}},
        "tools wrong": {"tools": [{}, {"function": {}}, 5, {"type": "x", "function": {"name": "f", "strict": "q"}}]},
        "tools malformed and named": {"tools": [{"x": 1}], "tool_choice": NAMED},
        "format text": {"response_format": {"type": "text"}},
        "format json_object": {"response_format": {"type": "json_object"}},
        "format xml": {"response_format": {"type": "xml"}},
        "format no schema": {"response_format": {"type": "json_schema"}},
        "format schema no name": {"response_format": {"type": "json_schema", "json_schema": {"schema": {}}}},
        "format schema wrong": {
            "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": [], "strict": "q"}}
        },
        "format structural_tag": {"response_format": {"type": "structural_tag"}},
        "structured regex": {"structured_outputs": {"regex": "a", "other": 1}},
        "structured two": {"structured_outputs": {"regex": "a", "choice": ["a"]}},
        "structured two others": {"structured_outputs": {"grammar": "a", "json_object": True}},
        "structured none": {"structured_outputs": {}},
        "structured choice 5": {"structured_outputs": {"choice": [5]}},
        "structured json 5": {"structured_outputs": {"json": 5}},
        "structured empty tag": {"structured_outputs": {"structural_tag": ""}},
        "structured and named": {"structured_outputs": {"regex": "a"}, "tools": [TOOL], "tool_choice": NAMED},
    },
    COMPLETIONS: {
        "ids": {"prompt": [1, 2]},
        "ids wrong": {"prompt": [1, "a"]},
        "ids negative": {"prompt": [-1]},
        "ids 1.0": {"prompt": [1.0]},
        "ids 1.5": {"prompt": [1.5]},
        "ids true": {"prompt": [True]},
        "ids unknown": {"prompt": [999999]},
        "id lists": {"prompt": [[1], [2]]},
        "id lists wrong": {"prompt": [[1, "x"], ["y"]]},
        "id lists mixed": {"prompt": [[1], "a"]},
        "id lists empty": {"prompt": [[]]},
        "texts": {"prompt": ["a", "b"]},
        "texts of digits": {"prompt": ["1", "2"]},
        "texts mixed": {"prompt": ["a", 1]},
        "texts empty": {"prompt": [""]},
        "texts 1025": {"prompt": ["a"] * 1025},
        "prompt object": {"prompt": {"prompt": "x"}},
        "embeds": {"prompt_embeds": "x"},
        "embeds 1025": {"prompt_embeds": ["a"] * 1025},
        "echo only": {"echo": True, "max_tokens": 0},
        "echo beam": {"echo": True, "use_beam_search": True, "logprobs": 1},
        "echo ids": {"echo": True, "max_tokens": 0, "logprob_token_ids": [1], "logprobs": 1},
        "ids without logprobs": {"logprob_token_ids": [1]},
        "logprobs -2": {"logprobs": -2},
        "structured two": {"structured_outputs": {"regex": "a", "json": "{}"}},
        "format no schema": {"response_format": {"type": "json_schema"}},
        "suffix": {"suffix": "x"},
        "min_tokens 50": {"min_tokens": 50},
    },
    TOKENIZE: {
        "prompt and messages": {"prompt": "x"},
        "continue and generate": {"continue_final_message": True, "add_generation_prompt": True},
        "chat form: tools wrong": {"tools": [{}]},
        "media": {"media_io_kwargs": {"a": {"b": 1}}},
        "chat form: messages number": {"messages": 5},
    },
    DETOKENIZE: {
        "negative": {"tokens": [-1]},
        "2**63": {"tokens": [2**63]},
        "texts": {"tokens": ["1", 1.0, True]},
        "twenty wrong": {"tokens": ["a"] * 20},
    },
}

MESSAGES: dict[str, list[Any]] = {
    "no role": [{"content": "x"}],
    "role 5": [{"role": 5, "content": "x"}],
    "role ''": [{"role": "", "content": "x"}],
    "user null": [{"role": "user", "content": None}],
    "user nothing": [{"role": "user"}],
    "user number": [USER, {"role": "user", "content": 5}],
    "user name null": [{"role": "user", "content": "x", "name": None}],
    "system null": [{"role": "system", "content": None}],
    "assistant null": [USER, {"role": "assistant", "content": None}],
    "assistant nothing": [USER, {"role": "assistant"}],
    "no object": ["hi"],
    "extra members": [{"role": "user", "content": "x", "foo": {"a": 1}}],
    "custom role": [{"role": "ipython", "content": "x"}],
    "reasoning_content": [USER, {"role": "assistant", "content": "x", "reasoning_content": "y"}],
    "part": [{"role": "user", "content": [{"type": "text", "text": "x", "cache_control": {}}]}],
    "part and text": [{"role": "user", "content": [{"type": "text", "text": "x"}, "b"]}],
    "texts": [{"role": "user", "content": ["a", "b"]}],
    "part no text": [{"role": "user", "content": [{"type": "text"}]}],
    "part number": [{"role": "user", "content": [{"type": "text", "text": "x"}, {"type": "text", "text": 5}]}],
    "part no type": [{"role": "ipython", "content": [{}]}],
    "part type 5": [{"role": "ipython", "content": [{"type": 5}]}],
    "part unknown": [{"role": "ipython", "content": [{"type": "foo"}]}],
    "part image": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:,"}}]}],
    "part input_text": [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}],
    "part refusal": [USER, {"role": "assistant", "content": [{"type": "refusal", "refusal": "x"}]}],
    "tool calls": [USER, {"role": "assistant", "content": None, "tool_calls": [CALL]}],
    "tool calls null": [USER, {"role": "assistant", "content": "x", "tool_calls": None}],
    "both null": [USER, {"role": "assistant", "content": None, "tool_calls": None}],
    "tool calls number": [USER, {"role": "assistant", "tool_calls": 5}],
    "tool calls no id": [USER, {"role": "assistant", "tool_calls": [{**CALL, "id": None}]}],
    "tool calls object arguments": [
        USER,
        {"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f", "arguments": {}}}]},
    ],
    "tool calls custom": [
        USER,
        {"role": "assistant", "tool_calls": [{"id": "a", "type": "custom", "custom": {"name": "f", "input": ""}}]},
    ],
    "tool": [USER, {"role": "tool", "content": "x", "tool_call_id": "a"}],
    "tool id 5": [USER, {"role": "tool", "content": "x", "tool_call_id": 5}],
    "tool null": [USER, {"role": "tool", "content": None, "tool_call_id": "a"}],
}


def cases() -> list[tuple[str, str, bytes]]:
    """Return every case: its name, unique per path; the path; the body."""
    found = [(f"raw: {name}", CHAT, body) for name, body in RAW.items()]
    found += [(f"raw: {name}", path, RAW[name]) for path in BASE for name in ("empty", "array", "no members")]
    for path, names in FIELDS.items():
        for name in names.split():
            for value in WRONG:
                body = {**BASE[path], name: value}
                found.append((f"{name}={json.dumps(value)}", path, json.dumps(body).encode()))
    for path, named in MEMBERS.items():
        found += [(name, path, json.dumps({**BASE[path], **members}).encode()) for name, members in named.items()]
    for name, messages in MESSAGES.items():
        found.append((f"messages: {name}", CHAT, json.dumps({"messages": messages, "max_tokens": 1}).encode()))
    return list({(name, path): (name, path, body) for name, path, body in found}.values())


def main() -> None:
    """Write the answers to all cases, one line for each."""
    lines = []
    headers = {"content-type": "application/json", "connection": "close"}
    with httpx.Client(base_url=sys.argv[1], timeout=120, headers=headers) as client:
        for name, path, body in cases():
            response = client.post(path, content=body)
            row: dict[str, Any] = {"name": name, "path": path, "body": body.decode("latin-1")}
            row["status"] = response.status_code
            if response.status_code != 200:
                error = response.json().get("error") or {"message": response.json().get("detail")}
                row |= {key: error.get(key) for key in ("type", "param")}
                row["message"] = (error["message"] or "")[:MESSAGE_CHARS]
            lines.append(json.dumps(row))
    target = Path(__file__).with_name("golden_errors.json")
    target.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    print(f"{len(lines)} answers in {target}")


if __name__ == "__main__":
    main()
