# SPDX-License-Identifier: Apache-2.0
"""Detokenizing: an answer of 400 words, token by token as it comes."""

from __future__ import annotations

import pytest
from tokenizers.decoders import DecodeStream

from fastfront._native.text import Detokenizer

pytestmark = pytest.mark.benchmark(group="detokenizing: 400 words, token by token")


def bench_fastfront(benchmark, model, answer):
    def native():
        detokenizer = Detokenizer(model.vocab, [])
        return "".join([detokenizer.push([token]) for token in answer])

    assert benchmark(native) == model.tokenizer.decode(answer)


def bench_tokenizers_decode_stream(benchmark, model, answer):
    """What vLLM's server does for fast tokenizers."""
    backend = model.tokenizer.backend

    def stream():
        decoder = DecodeStream(skip_special_tokens=True)
        return "".join([decoder.step(backend, token) or "" for token in answer])

    assert benchmark(stream) == model.tokenizer.decode(answer)


def bench_python_redecode(benchmark, model, answer):
    """What a few lines of Python do: decode a window again, and send what is new once no character is open."""
    backend = model.tokenizer.backend

    def redecode():
        out, start, read = [], 0, 0
        for end in range(1, len(answer) + 1):
            before = backend.decode(answer[start:read])
            text = backend.decode(answer[start:end])
            if len(text) > len(before) and not text.endswith("\ufffd"):
                out.append(text[len(before) :])
                start, read = read, end
        return "".join(out)

    assert benchmark(redecode) == model.tokenizer.decode(answer)
