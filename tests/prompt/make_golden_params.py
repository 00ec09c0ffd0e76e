# SPDX-License-Identifier: Apache-2.0
"""Writes golden_rendered_params.json: the sampling_params that vLLM's /render writes for a request.

Runs in an environment with vLLM, which starts no engine for it: VENV/bin/python tests/prompt/make_golden_params.py
"""

from __future__ import annotations

import json
from pathlib import Path

from vllm.entrypoints.openai.chat_completion.protocol import ChatCompletionRequest
from vllm.entrypoints.openai.completion.protocol import CompletionRequest
from vllm.entrypoints.scale_out.token_in_token_out.protocol import GenerateRequest

MAX_TOKENS = 100
DEFAULTS = ({}, {"temperature": 0.6, "top_k": 20, "top_p": 0.95})
BASES = (
    (ChatCompletionRequest, {"messages": [{"role": "user", "content": "hi"}]}),
    (CompletionRequest, {"prompt": "hi"}),
)
REQUESTS = [
    {},
    {"temperature": 0},
    {"temperature": 0.0},
    {"temperature": 1.0, "top_p": 1.0, "top_k": 0, "min_p": 0.0},
    {"top_k": -1},
    {"top_k": 5, "top_p": 0.5},
    {"seed": 5},
    {"seed": -1},
    {"stop": "a"},
    {"stop": ["a", "bc"]},
    {"min_tokens": 2, "ignore_eos": True},
    {"n": 2, "temperature": 0.5},
    {"presence_penalty": 0.0, "frequency_penalty": 1.0, "repetition_penalty": 1.0},
    {"stop_token_ids": [5, 5, 6]},
    {"bad_words": ["x"]},
    {"logit_bias": {"5": 200}},
    {"allowed_token_ids": [1, 2]},
    {"skip_special_tokens": False, "spaces_between_special_tokens": False, "include_stop_str_in_output": True},
    {"vllm_xargs": {"a": 1}},
    {"stream": True},
    {"response_format": {"type": "json_object"}},
    {"structured_outputs": {"regex": "a+"}},
    {"repetition_detection": {"max_pattern_size": 3, "min_count": 2}},
    {"watermarking": False},
    {"kv_transfer_params": {"x": 1}},
    {"stream_interval": 2},
    {"temperature": 0.001},
]


def main() -> None:
    """Write a row per request, kind of request and defaults of the model."""
    rows = []
    for request in REQUESTS:
        for defaults in DEFAULTS:
            for kind, base in BASES:
                made = kind.model_validate({**base, **request, "model": "m"})
                params = made.to_sampling_params(MAX_TOKENS, dict(defaults))
                dump = GenerateRequest(token_ids=[1], sampling_params=params, model="m").model_dump()
                row = {"kind": kind.__name__, "request": request, "defaults": defaults}
                rows.append(json.dumps(row | {"params": dump["sampling_params"]}))
    target = Path(__file__).with_name("golden_rendered_params.json")
    target.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
