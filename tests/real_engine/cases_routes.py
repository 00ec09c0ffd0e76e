# SPDX-License-Identifier: Apache-2.0
"""Requests to the routes beside generation: render, generate, derender, batches, administration. Data only.

They are asked in this order: what one changes (a pause, a version) the next may show.
"""

from __future__ import annotations

from typing import Any

from tests.real_engine.cases import CONTINUED, CONVERSATION, PROMPTS, SEEDED, Case, chat, completion

RENDER_CHAT, RENDER_COMPLETION = "/v1/chat/completions/render", "/v1/completions/render"
DERENDER_CHAT, DERENDER_COMPLETION = "/v1/chat/completions/derender", "/v1/completions/derender"
GENERATE, BATCH = "/inference/v1/generate", "/v1/chat/completions/batch"

IDS = [*range(300, 312), 220, 255, 256, 11, 260, 300]
"""Tokens of which some are halves of characters."""
NAMED = {"request_id": "r1"}


def generate(**extra: Any) -> dict[str, Any]:
    params = {"temperature": 0, "max_tokens": 12, **extra.pop("sampling_params", {})}
    return {"token_ids": [10, 11, 12, 300, 301], "sampling_params": params, **NAMED, **extra}


def render_cases() -> list[Case]:
    story = PROMPTS["english"]
    return [
        Case("render-chat", RENDER_CHAT, chat(CONVERSATION, **NAMED)),
        Case("render-chat-seeded", RENDER_CHAT, chat(story, **NAMED, **SEEDED)),
        Case(
            "render-chat-stream",
            RENDER_CHAT,
            chat(story, **NAMED, stream_options={"include_usage": True}) | {"stream": True},
        ),
        Case("render-chat-options", RENDER_CHAT, chat(story, **NAMED, stop=["ab", "c"], priority=0, cache_salt="salt")),
        Case("render-chat-constrained", RENDER_CHAT, chat(story, **NAMED, response_format={"type": "json_object"})),
        Case("render-chat-hidden", RENDER_CHAT, chat(story, **NAMED, include_reasoning=False)),
        Case("render-chat-beams", RENDER_CHAT, chat(story, **NAMED, use_beam_search=True)),
        Case("render-completion", RENDER_COMPLETION, completion(story, **NAMED)),
        Case("render-completion-several", RENDER_COMPLETION, completion([story, PROMPTS["chinese"]], **NAMED)),
        Case("render-completion-ids", RENDER_COMPLETION, completion([10, 11, 12], **NAMED, max_tokens=None)),
        Case("render-unknown-model", RENDER_CHAT, chat(story) | {"model": "other"}),
    ]


def generate_cases() -> list[Case]:
    text = {"output_mode": "text"}
    return [
        Case("generate", GENERATE, generate()),
        Case(
            "generate-no-limit",
            GENERATE,
            {"token_ids": [10, 11], "sampling_params": {"temperature": 0, "stop": "e"}, **NAMED},
        ),
        Case("generate-text", GENERATE, generate(**text)),
        Case("generate-ids", GENERATE, generate(return_token_ids=True)),
        Case("generate-stop-token", GENERATE, generate(sampling_params={"stop_token_ids": list(range(200, 400))})),
        Case("generate-stop", GENERATE, generate(sampling_params={"stop": ["a", "e", "i", "o"]}, **text)),
        Case("generate-several", GENERATE, generate(sampling_params={"n": 2, **SEEDED})),
        Case("generate-penalties", GENERATE, generate(sampling_params={"presence_penalty": 1.5, "min_tokens": 3})),
        Case("generate-stream", GENERATE, generate(stream=True)),
        Case("generate-stream-text", GENERATE, generate(stream=True, return_token_ids=True, **text)),
        Case("generate-stream-usage", GENERATE, generate(stream=True, stream_options={"include_usage": True})),
        Case(
            "generate-stream-continuous",
            GENERATE,
            generate(stream=True, stream_options={"include_usage": True, "continuous_usage_stats": True}),
        ),
        *_generate_logprobs(),
        *_generate_media(),
        Case("generate-no-tokens", GENERATE, {"sampling_params": {}}),
        Case("generate-unknown-token", GENERATE, generate() | {"token_ids": [10**8]}),
        Case("generate-zero-tokens", GENERATE, generate(sampling_params={"max_tokens": 0})),
        Case("generate-too-many", GENERATE, generate(sampling_params={"n": 1000, "temperature": 1})),
        Case("generate-bad-stop", GENERATE, generate(sampling_params={"stop": "a", "detokenize": False})),
        Case("generate-bad-salt", GENERATE, generate(cache_salt="")),
    ]


def _generate_logprobs() -> list[Case]:
    shown: dict[str, dict[str, Any]] = {
        "two": {"logprobs": 2},
        "none": {"logprobs": 0},
        "stop": {"logprobs": 1, "stop": ["a", "e", "i", "o"]},
        "prompt": {"prompt_logprobs": 1},
        "both": {"logprobs": 2, "prompt_logprobs": 0},
        "ids": {"logprob_token_ids": [5, 6]},
        "ids-and-number": {"logprob_token_ids": [5, 6], "logprobs": 2},
    }
    ways: dict[str, dict[str, Any]] = {
        "": {},
        "-text": {"output_mode": "text"},
        "-stream": {"stream": True},
        "-stream-text": {"stream": True, "output_mode": "text"},
    }
    whole: dict[str, dict[str, Any]] = {
        "several": {"logprobs": 1, "prompt_logprobs": 0, "n": 2, **SEEDED},
        "ids-and-other-number": {"logprob_token_ids": [5, 6], "logprobs": 1},
        "too-many": {"logprobs": 21},
        "below": {"logprobs": -2},
        "prompt-below": {"prompt_logprobs": -2},
        "prompt-ids": {"prompt_logprob_token_ids": [[5, 6]] * 4},
    }
    asked = [(name + way, params, more) for name, params in shown.items() for way, more in ways.items()]
    asked += [(name, params, {}) for name, params in whole.items()]
    return [
        Case(f"generate-logprobs-{name}", GENERATE, generate(sampling_params={"max_tokens": 4, **params}, **more))
        for name, params, more in asked
    ]


def _generate_media() -> list[Case]:
    one = {"mm_hashes": {"image": ["h"]}, "mm_placeholders": {"image": [{"offset": 0, "length": 1}]}}
    none: dict[str, Any] = {"mm_hashes": {}, "mm_placeholders": {}}
    bodies: dict[str, dict[str, Any]] = {
        "features-none": {"features": none, "return_token_ids": True},
        "features-none-stream": {"features": none, "return_token_ids": True, "stream": True},
        "features": {"features": one},
        "features-beyond": {"features": {**one, "mm_placeholders": {"image": [{"offset": 5, "length": 1}]}}},
        "features-unequal": {"features": {**one, "mm_placeholders": {}}},
        "features-shape": {"features": {"mm_hashes": 5}},
        "features-no-length": {"features": {**one, "mm_placeholders": {"image": [{"offset": 0, "length": 0}]}}},
        "features-metadata": {"features": {**one, "mm_metadata": {"image": ["AAAA"]}}},
        "parts-none": {"content_parts": []},
        "parts-other": {"content_parts": [{"type": "x"}]},
        "parts-image": {"content_parts": [{"type": "image_url", "url": "data:image/png;base64,AAAA"}]},
        "parts-and-features": {"content_parts": [{"type": "x"}], "features": none},
    }
    return [Case(f"generate-{name}", GENERATE, generate(**body)) for name, body in bodies.items()]


def derender_cases() -> list[Case]:
    logprobs = {
        "content": [
            {"token_id": each, "logprob": -1.5, "top_logprobs": [{"token_id": 11, "logprob": -2.0}]} for each in IDS
        ]
    }
    whole = {"request_id": "g1", "choices": [{"index": 0, "token_ids": IDS, "finish_reason": "length"}]}
    named = {"request_id": "g2", "choices": [{"index": 0, "token_ids": IDS, "logprobs": logprobs}]}
    chunk = {"request_id": "g3", "choices": [{"index": 0, "token_ids": IDS[:7]}]}
    usage = {"usage": {"prompt_tokens": 3, "total_tokens": 10, "completion_tokens": 7}}
    streamed: dict[str, Any] = {"stream": True, "generate_chunk": chunk, "prompt_token_ids": [10, 11, 12]}
    none: dict[str, Any] = {"stream": True, "generate_chunk": {"request_id": "g4", "choices": [], **usage}}
    return [
        Case("derender-chat", DERENDER_CHAT, {"generate_response": whole, "prompt_tokens": 5}),
        Case("derender-chat-seeded", DERENDER_CHAT, {"generate_response": whole, "prompt_token_ids": [10, 300]}),
        Case(
            "derender-chat-logprobs",
            DERENDER_CHAT,
            {"generate_response": named, "chat_request": chat("hi", return_token_ids=True)},
        ),
        Case("derender-chat-chunk", DERENDER_CHAT, streamed),
        Case("derender-chat-usage", DERENDER_CHAT, none),
        Case("derender-chat-nothing", DERENDER_CHAT, {"generate_response": {"choices": [{"index": 0}]}}),
        Case(
            "derender-completion", DERENDER_COMPLETION, {"generate_responses": [whole, named], "prompt_tokens": [2, 3]}
        ),
        Case("derender-completion-chunk", DERENDER_COMPLETION, streamed),
        Case("derender-completion-usage", DERENDER_COMPLETION, none),
        Case("derender-completion-none", DERENDER_COMPLETION, {"generate_responses": []}),
    ]


def batch_cases() -> list[Case]:
    conversations = [[{"role": "user", "content": text}] for text in (PROMPTS["english"], PROMPTS["code"])]
    body = {"messages": [*conversations, CONVERSATION], "max_tokens": 12, "temperature": 0}
    return [
        Case("batch", BATCH, body),
        Case("batch-seeded", BATCH, body | SEEDED),
        Case("batch-beams", BATCH, body | {"use_beam_search": True}),
        Case("batch-several", BATCH, body | {"n": 2}),
        Case("batch-echo", BATCH, body | {"echo": True, **CONTINUED, "messages": [CONVERSATION[:2], CONVERSATION[:1]]}),
        Case(
            "batch-roles",
            BATCH,
            body | {"echo": True, "add_generation_prompt": False, "messages": [CONVERSATION[:2], CONVERSATION[:1]]},
        ),
    ]


def administration_cases() -> list[Case]:
    invocation = {key: value for key, value in completion("One").items() if key != "model"}
    return [
        Case("invocations-chat", "/invocations", chat("Two")),
        Case("invocations-completion", "/invocations", invocation),
        Case("invocations-neither", "/invocations", {"prompt": {}}),
        Case("reset-prefix-cache", "/reset_prefix_cache", None),
        Case("reset-mm-cache", "/reset_mm_cache", None),
        Case("reset-encoder-cache", "/reset_encoder_cache", None),
        Case("pause", "/pause?mode=wait", None),
        Case("resume", "/resume", None),
        Case("scale-elastic-ep", "/scale_elastic_ep", {"new_data_parallel_size": 1}),
        Case("abort-nothing", "/inference/v1/abort_requests", {"request_ids": ["unknown"]}),
        Case("update-weight-version", "/update_weight_version", {"new_version": "v2"}),
        Case("set-back-weight-version", "/update_weight_version", {"new_version": "default"}),
    ]


ROUTES: list[Case] = [
    *render_cases(),
    *generate_cases(),
    *derender_cases(),
    *batch_cases(),
    *administration_cases(),
]

PAGES = ("/is_paused", "/is_sleeping", "/weight_info", "/get_world_size", "/kv_event_sources")
"""GET, once all the others are done."""

STATUS_AND_TYPE = {
    "generate-no-tokens",
    "generate-features-beyond",
    "generate-features-unequal",
    "generate-features-metadata",
    "generate-parts-and-features",
    "render-chat-beams",
}
"""Errors that are not worded alike, or not yet."""
