# SPDX-License-Identifier: Apache-2.0
"""Engine outputs: one step of 256 running requests, read from MessagePack; and the whole way to SSE bytes."""

from __future__ import annotations

import msgspec
import pytest

from fastfront._native.pump import KIND_CHAT_STREAM, Response
from fastfront.engine.types import EngineCoreOutputs, SchedulerStats
from fastfront.sim import wire

REQUESTS = 256


def step(wire_ids, token):
    """Return a step's message as the embedded engine writes it, with vLLM's 18 positions an output."""
    tail = wire.output_tail()
    tokens = msgspec.msgpack.encode([token])
    (message,) = wire.step_message(0, [wire.output_head(one) + tokens + tail for one in wire_ids], SchedulerStats())
    return message


UNKNOWN = [f"{number:016x}" for number in range(REQUESTS)]


@pytest.mark.benchmark(group="engine outputs: MessagePack of a step of 256")
def bench_fastfront_read(benchmark, pump):
    """Outputs of requests that nobody waits for: read, looked up, dropped."""
    benchmark(pump.process, step(UNKNOWN, 5))
    assert pump.waiting == 0


@pytest.mark.benchmark(group="engine outputs: MessagePack of a step of 256")
def bench_msgspec_read(benchmark):
    """msgspec with the wire types, the fastest that Python has."""
    decoder = msgspec.msgpack.Decoder(EngineCoreOutputs)
    assert len(benchmark(decoder.decode, step(UNKNOWN, 5)).outputs) == REQUESTS


@pytest.mark.benchmark(group="engine outputs: MessagePack of a step of 256")
def bench_vllm_read(benchmark):
    """vLLM's own decoder and types."""
    serial = pytest.importorskip("vllm.v1.serial_utils", reason="vLLM is not installed in this Python")
    engine = pytest.importorskip("vllm.v1.engine")
    decoder = serial.MsgpackDecoder(engine.EngineCoreOutputs)
    assert len(benchmark(decoder.decode, [step(UNKNOWN, 5)]).outputs) == REQUESTS


def streams(vocab):
    """Return a stream for each request."""
    made = {"id": "chatcmpl-1", "model": "m", "created": 1, "vocab": vocab, "prompt_token_ids": [[1]]}
    return [Response(KIND_CHAT_STREAM, **made) for _ in range(REQUESTS)]


@pytest.mark.benchmark(group="engine outputs: a step of 256 to SSE bytes")
def bench_fastfront_to_sse(benchmark, pump, model, answer):
    responses = streams(model.vocab)
    for response in responses:
        pump.add(response)
    message = step([response.wire_ids[0] for response in responses], answer[0])

    def native():
        pump.process(message)
        return [response.take() for response in responses]

    assert all(out.endswith(b"\n\n") for out in benchmark(native))
    for response in responses:
        pump.remove(response)


@pytest.mark.benchmark(group="engine outputs: a step of 256 to SSE bytes")
def bench_python_to_sse(benchmark, model, answer):
    """msgspec in, `tokenizers` between, json out."""
    import json

    from tokenizers.decoders import DecodeStream

    backend = model.tokenizer.backend
    decoder = msgspec.msgpack.Decoder(EngineCoreOutputs)
    message = step(UNKNOWN, answer[0])
    decoders = {one: DecodeStream(skip_special_tokens=True) for one in UNKNOWN}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}

    def naive():
        out = []
        for output in decoder.decode(message).outputs:
            stream = decoders[output.request_id]
            text = "".join([stream.step(backend, token) or "" for token in output.new_token_ids])
            choice = {"index": 0, "delta": {"content": text}, "logprobs": None, "finish_reason": None}
            out.append(f"data: {json.dumps({**head, 'choices': [choice]}, separators=(',', ':'))}\n\n".encode())
        return out

    assert len(benchmark(naive)) == REQUESTS
