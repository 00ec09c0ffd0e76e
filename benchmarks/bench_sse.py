# SPDX-License-Identifier: Apache-2.0
"""Server-sent events: one chunk of a chat for each of 100 pieces of text."""

from __future__ import annotations

import json

import pytest

from fastfront._native.pump import KIND_CHAT_STREAM, Response

pytestmark = pytest.mark.benchmark(group="SSE: 100 chunks")

HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}


@pytest.fixture(scope="module")
def texts(words):
    return [f" {word}" for word in words(100).split()]


def contents(stream):
    events = [json.loads(line[6:]) for line in stream.decode().split("\n\n") if line.startswith("data: {")]
    return [event["choices"][0]["delta"].get("content") for event in events if event["choices"]]


def native(pump, texts):
    """The pipeline behind text that was made outside, one token at a time."""
    response = Response(KIND_CHAT_STREAM, id="chatcmpl-1", model="m", created=1, vocab=None, prompt_token_ids=[[1]])
    pump.add(response)
    out = []
    for text in texts:
        response.feed(0, [1], [text], None, None)
        out.append(response.take())
    pump.remove(response)
    return b"".join(out)


def naive(texts):
    """What a few lines of Python do."""
    out = []
    for text in texts:
        chunk = {**HEAD, "choices": [{"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": None}]}
        out.append(f"data: {json.dumps(chunk, separators=(',', ':'), ensure_ascii=False)}\n\n".encode())
    return b"".join(out)


def bench_fastfront(benchmark, pump, texts):
    stream = benchmark(native, pump, texts)
    assert [text for text in contents(stream) if text] == texts


def bench_python_json(benchmark, texts):
    assert contents(benchmark(naive, texts)) == texts


def bench_vllm_pydantic(benchmark, texts):
    """vLLM's own response models, as its server writes them."""
    protocol = pytest.importorskip(
        "vllm.entrypoints.openai.chat_completion.protocol", reason="vLLM is not installed in this Python"
    )

    def dump():
        out = []
        for text in texts:
            choice = protocol.ChatCompletionResponseStreamChoice(index=0, delta=protocol.DeltaMessage(content=text))
            chunk = protocol.ChatCompletionStreamResponse(id="chatcmpl-1", created=1, model="m", choices=[choice])
            out.append(f"data: {chunk.model_dump_json(exclude_unset=True)}\n\n".encode())
        return b"".join(out)

    assert contents(benchmark(dump)) == texts
