# SPDX-License-Identifier: Apache-2.0
"""Sampling parameters in vLLM's words and in ours, which must mean the same to the engine.

Imported both by the tests and, under vLLM's own Python, by make_golden.py: needs msgspec and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from fastfront.engine.types import (
    EngineCoreRequest,
    LoRARequest,
    RepetitionDetectionParams,
    RequestOutputKind,
    SamplingParams,
    StructuredOutputsParams,
    Tensor,
)

EOS = 151645
OTHER_EOS = 151643


@dataclass
class RequestCase:
    """One request: what vLLM's frontend would call, and what ours builds.

    `vllm` goes to SamplingParams.from_optional, then update_from_generation_config with `eos`; `request` holds further
    members of EngineCoreRequest, the same on both sides.
    """

    ours: SamplingParams
    vllm: dict[str, Any] = field(default_factory=dict)
    eos: bool = False
    request: dict[str, Any] = field(default_factory=dict)
    bad_words_token_ids: list[list[int]] | None = None
    prompt_token_ids: list[int] = field(default_factory=lambda: [1, 2, 3])

    def build(self) -> EngineCoreRequest:
        """Return our request."""
        members: dict[str, Any] = {
            "request_id": "00000000000000ff",
            "prompt_token_ids": self.prompt_token_ids,
            "mm_features": None,
            "sampling_params": self.ours,
            "pooling_params": None,
            "arrival_time": 1700000000.25,
            "lora_request": None,
            "cache_salt": None,
            "data_parallel_rank": None,
        }
        return EngineCoreRequest(**(members | self.request))


CASES = {
    "defaults": RequestCase(SamplingParams()),
    "max_tokens_none": RequestCase(SamplingParams(max_tokens=None), {"max_tokens": None}),
    "max_tokens_one": RequestCase(SamplingParams(max_tokens=1), {"max_tokens": 1}),
    "greedy": RequestCase(
        SamplingParams(temperature=0.0, max_tokens=5, output_kind=RequestOutputKind.DELTA),
        {"temperature": 0.0, "top_p": 0.5, "top_k": 3, "min_p": 0.1, "max_tokens": 5},
    ),
    "generation_config": RequestCase(
        SamplingParams(
            temperature=0.6,
            top_p=0.95,
            top_k=20,
            max_tokens=3,
            stop_token_ids=[OTHER_EOS],
            eos_token_id=EOS,
            all_stop_token_ids={EOS, OTHER_EOS},
        ),
        {"temperature": 0.6, "top_p": 0.95, "top_k": 20, "max_tokens": 3},
        eos=True,
    ),
    "ignore_eos": RequestCase(
        SamplingParams(ignore_eos=True, max_tokens=64, min_tokens=64, all_stop_token_ids={EOS, OTHER_EOS}),
        {"ignore_eos": True, "max_tokens": 64, "min_tokens": 64},
        eos=True,
    ),
    "penalties": RequestCase(
        SamplingParams(presence_penalty=0.5, frequency_penalty=-1.5, repetition_penalty=1.1, min_p=0.05, seed=42),
        {"presence_penalty": 0.5, "frequency_penalty": -1.5, "repetition_penalty": 1.1, "min_p": 0.05, "seed": 42},
    ),
    "seed_range": RequestCase(SamplingParams(seed=2**63 - 1), {"seed": 2**63 - 1}),
    "stop_token_ids": RequestCase(
        SamplingParams(stop_token_ids=[7, 8], all_stop_token_ids={7, 8}), {"stop_token_ids": [7, 8, 7]}
    ),
    "stop_strings_stay_here": RequestCase(SamplingParams(max_tokens=9), {"stop": ["\n\n", "END"], "max_tokens": 9}),
    "bad_words": RequestCase(
        SamplingParams(bad_words_token_ids=[[5], [6, 7]]),
        {"bad_words": ["x", "y z"]},
        bad_words_token_ids=[[5], [6, 7]],
    ),
    "logit_bias": RequestCase(
        SamplingParams(logit_bias={5: -100.0, 6: 2.5}, allowed_token_ids=[5, 6]),
        {"logit_bias": {"5": -250, "6": 2.5}, "allowed_token_ids": [5, 6]},
    ),
    "logprobs": RequestCase(
        SamplingParams(logprobs=2, prompt_logprobs=-1, logprob_token_ids=[1, 2]),
        {"logprobs": 2, "prompt_logprobs": -1, "logprob_token_ids": [1, 2]},
    ),
    "logprobs_zero": RequestCase(SamplingParams(logprobs=0), {"logprobs": 0}),
    "extra_args": RequestCase(
        SamplingParams(extra_args={"kv_transfer_params": {"do_remote_decode": True}, "deep": [1, {"a": None}]}),
        {"extra_args": {"kv_transfer_params": {"do_remote_decode": True}, "deep": [1, {"a": None}]}},
    ),
    "repetition_detection": RequestCase(
        SamplingParams(repetition_detection=RepetitionDetectionParams(max_pattern_size=4, min_count=3)),
        {"repetition_detection": {"max_pattern_size": 4, "min_pattern_size": 0, "min_count": 3}},
    ),
    "thinking_and_interval": RequestCase(
        SamplingParams(thinking_token_budget=10, stream_interval=4, routed_experts_prompt_start=2, watermarking=False),
        {"thinking_token_budget": 10, "stream_interval": 4, "routed_experts_prompt_start": 2, "watermarking": False},
    ),
    "json_schema": RequestCase(
        SamplingParams(
            structured_outputs=StructuredOutputsParams(
                json={"type": "object", "properties": {"a": {"type": "integer"}}}, backend="xgrammar"
            )
        ),
        {"structured_outputs": {"json": {"type": "object", "properties": {"a": {"type": "integer"}}}}},
    ),
    "choice": RequestCase(
        SamplingParams(structured_outputs=StructuredOutputsParams(choice=["ja", "nein"], backend="xgrammar")),
        {"structured_outputs": {"choice": ["ja", "nein"]}},
    ),
    "request_members": RequestCase(
        SamplingParams(),
        request={
            "lora_request": LoRARequest("adapter", 3, "/models/adapter"),
            "cache_salt": "salt",
            "data_parallel_rank": 1,
            "client_index": 2,
            "current_wave": 7,
            "priority": -3,
            "trace_headers": {"traceparent": "00-0-0-01"},
            "external_req_id": "chatcmpl-é-1",
            "reasoning_ended": False,
            "reasoning_parser_kwargs": {"chat_template_kwargs": {"enable_thinking": True}},
            "session_id": "s",
        },
    ),
    "long_prompt": RequestCase(SamplingParams(), prompt_token_ids=[i * 37 % 151936 for i in range(300)]),
}


def _embeds(tensor: Tensor, **members: Any) -> EngineCoreRequest:
    return RequestCase(SamplingParams(), request={"prompt_embeds": tensor, "prompt_token_ids": None, **members}).build()


EMBEDS = {
    "inline": _embeds(Tensor("bfloat16", (3, 2), bytes(range(12)))),
    "largest_inline": _embeds(Tensor("float16", (1, 127), bytes(254))),
    "smallest_frame": _embeds(Tensor("float32", (2, 32), bytes(range(64)) * 4)),
    "frame": _embeds(Tensor("bfloat16", (100, 64), bytes(12800))),
    "mixed": _embeds(
        Tensor("float32", (3, 64), bytes(768)), prompt_token_ids=[7, 9, 9], prompt_is_token_ids=[True, False, False]
    ),
}
"""Requests whose prompts are embeddings, all of them or in places."""

FRONTEND_ONLY = {
    "n",
    "stop",
    "bad_words",
    "detokenize",
    "skip_special_tokens",
    "spaces_between_special_tokens",
    "include_stop_str_in_output",
    "output_kind",
    "output_text_buffer_length",
    "skip_clone",
    "flat_logprobs",
}
"""Members of vLLM's SamplingParams that its engine core never reads: ours are not sent, or differ."""
