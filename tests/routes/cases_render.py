# SPDX-License-Identifier: Apache-2.0
"""What servers with parsers (qwen3, hermes) are asked of /render and /derender. Data only.

Both sides are asked the same: vLLM's render server when the golden file is made (make_render_golden.py), fastfront in
the test. Token ids are the embedded engine's model's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Body = dict[str, Any]

RENDER, DERENDER = "/v1/chat/completions/render", "/v1/chat/completions/derender"
MESSAGES = [{"role": "user", "content": "How is the weather?"}]
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "of a city", "parameters": CITY}}
CLOCK = {"type": "function", "function": {"name": "clock"}}
NAMED = {"type": "function", "function": {"name": "get_weather"}}
TOOLS = [WEATHER, CLOCK]
STRICT = [{"type": "function", "function": {**WEATHER["function"], "strict": True}}, CLOCK]  # type: ignore[dict-item]

RENDERED: dict[str, Body] = {
    "plain": {},
    "streamed": {"stream": True, "stream_options": {"include_usage": True}},
    "hidden reasoning": {"include_reasoning": False},
    "without thinking": {"chat_template_kwargs": {"enable_thinking": False}},
    "effort": {"reasoning_effort": "low"},
    "no effort": {"reasoning_effort": "none"},
    "special tokens": {"skip_special_tokens": False},
    "tools": {"tools": TOOLS},
    "tools, none": {"tools": TOOLS, "tool_choice": "none"},
    "tools, required": {"tools": TOOLS, "tool_choice": "required"},
    "tools, named": {"tools": TOOLS, "tool_choice": NAMED},
    "tools, one call": {"tools": TOOLS, "parallel_tool_calls": False},
    "tools, required, one call": {"tools": TOOLS, "tool_choice": "required", "parallel_tool_calls": False},
    "strict tools": {"tools": STRICT},
    "strict tools and a schema": {
        "tools": STRICT,
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": CITY}},
    },
    "tools and a schema": {
        "tools": TOOLS,
        "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": CITY}},
    },
    "required and a schema": {
        "tools": TOOLS,
        "tool_choice": "required",
        "response_format": {"type": "json_object"},
    },
    "thinking goes on": {
        "messages": [*MESSAGES, {"role": "assistant", "content": "<think>I wonder"}],
        "add_generation_prompt": False,
        "continue_final_message": True,
    },
    "an unknown tool": {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "other"}}},
    "beams": {"use_beam_search": True, "tools": TOOLS},
}

CALL = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>'
OTHER = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Bonn"}}\n</tool_call>'
ANSWERS: dict[str, str] = {
    "an answer": "<think>\nHm, 你好.\n</think>\n\nIt is sunny. 🌍",
    "an answer without thinking": "<think>\n\n</think>\n\nSunny.",
    "thinking without an end": "<think>Let me see",
    "only thinking": "<think>Hm.</think>",
    "a call": f"<think>Hm.</think>Let me see.\n{CALL}",
    "two calls": f"<think>Hm.</think>{CALL}\n{OTHER}",
    "a call alone": CALL,
}
END = "<|im_end|>"
REQUESTS: dict[str, Body] = {
    "plain": {},
    "tools": {"tools": TOOLS},
    "tools, none": {"tools": TOOLS, "tool_choice": "none"},
    "required": {"tools": TOOLS, "tool_choice": "required"},
    "named": {"tools": TOOLS, "tool_choice": NAMED},
    "hidden reasoning": {"tools": TOOLS, "include_reasoning": False, "return_token_ids": True},
    "token ids": {"return_token_ids": True},
}
PROMPT = "<|im_start|>user\nHow is the weather?<|im_end|>\n<|im_start|>assistant\n"


def render_cases() -> Iterator[tuple[str, Body]]:
    """Yield bodies for /render by name."""
    for name, body in RENDERED.items():
        yield name, {"messages": MESSAGES, "model": "tester", "max_tokens": 50, **body}


def chat_request(fields: Body) -> Body:
    """Return the request that the client made first."""
    return {"messages": MESSAGES, "model": "tester", **fields}


def whole_cases(encode: Any) -> Iterator[tuple[str, Body]]:
    """Yield bodies for /derender with whole answers."""
    prompt = encode(PROMPT)
    for name, text in ANSWERS.items():
        for asked, fields in REQUESTS.items():
            choice = {"index": 0, "token_ids": encode(text + END), "finish_reason": "stop"}
            generated = {"request_id": "x", "choices": [choice], "prompt_token_ids": prompt}
            yield (
                f"{name}: {asked}",
                {
                    "model": "tester",
                    "generate_response": generated,
                    "prompt_tokens": len(prompt),
                    "prompt_token_ids": prompt,
                    "chat_request": chat_request(fields),
                },
            )


def stream_cases(encode: Any) -> Iterator[tuple[str, list[Body]]]:
    """Yield the bodies of streams, but for their `stream_state`: what the answer before said.

    Without the end token, which vLLM's streams show.
    """
    prompt = encode(PROMPT)
    for name, text in ANSWERS.items():
        for asked, fields in REQUESTS.items():
            for size in (1, 4, 1000):
                token_ids = encode(text)
                chunks = [token_ids[at : at + size] for at in range(0, len(token_ids), size)]
                choices = [{"index": 0, "token_ids": chunk} for chunk in chunks]
                choices.append({"index": 0, "token_ids": [], "finish_reason": "stop"})
                yield (
                    f"{name}: {asked}, {size} at a time",
                    [
                        {
                            "model": "tester",
                            "stream": True,
                            "generate_chunk": {"request_id": "x", "choices": [choice]},
                            "prompt_token_ids": prompt,
                            "chat_request": chat_request(fields),
                        }
                        for choice in choices
                    ],
                )


def refused_cases() -> Iterator[tuple[str, Body]]:
    """Yield bodies for /derender that a server with parsers refuses."""
    whole = {"request_id": "x", "choices": [{"index": 0, "token_ids": [5], "finish_reason": "stop"}]}
    empty = {"request_id": "x", "choices": [{"index": 0, "token_ids": [], "finish_reason": "stop"}]}
    chunk = {"request_id": "x", "choices": [{"index": 0, "token_ids": [5]}]}
    two = {"request_id": "x", "choices": [{"index": 0, "token_ids": [5]}, {"index": 1, "token_ids": [5]}]}
    chat = chat_request({})
    yield "no request", {"generate_response": whole}
    yield "no tokens", {"generate_response": empty, "chat_request": chat}
    yield "no request of a stream", {"stream": True, "generate_chunk": chunk, "prompt_token_ids": [5]}
    yield "no prompt of a stream", {"stream": True, "generate_chunk": chunk, "chat_request": chat}
    yield (
        "two choices in a chunk",
        {"stream": True, "generate_chunk": two, "chat_request": chat, "prompt_token_ids": [5]},
    )
    yield (
        "a long stream",
        {"stream": True, "generate_chunk": chunk, "chat_request": chat, "prompt_token_ids": [5] * 2048},
    )
