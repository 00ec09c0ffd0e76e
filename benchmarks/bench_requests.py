# SPDX-License-Identifier: Apache-2.0
"""Requests in: a body becomes a request, its messages a prompt, the prompt token ids."""

from __future__ import annotations

import json

import jinja2
import jinja2.sandbox
import pytest

from fastfront.prompt.render import render_chat
from fastfront.protocol import decode_chat_completion_request

SHORT, LONG = 75, 1500


def body_of(text):
    messages = [{"role": "system", "content": "You are a helpful assistant."}, {"role": "user", "content": text}]
    return json.dumps({"model": "m", "messages": messages, "max_tokens": 100, "temperature": 0.0}).encode()


@pytest.fixture(scope="module")
def body(words):
    return body_of(words(SHORT))


# -- Parsing

PARSING = "requests: parse and validate a body of 75 words"


@pytest.mark.benchmark(group=PARSING)
def bench_fastfront_parse(benchmark, body):
    assert benchmark(decode_chat_completion_request, body).max_tokens == 100


@pytest.mark.benchmark(group=PARSING)
def bench_python_json_loads(benchmark, body):
    """Without any validation."""
    assert benchmark(json.loads, body)["max_tokens"] == 100


@pytest.mark.filterwarnings("ignore:max_tokens is deprecated")
@pytest.mark.benchmark(group=PARSING)
def bench_vllm_parse(benchmark, body):
    """vLLM's own model of the request, validated by pydantic."""
    protocol = pytest.importorskip(
        "vllm.entrypoints.openai.chat_completion.protocol", reason="vLLM is not installed in this Python"
    )
    assert benchmark(protocol.ChatCompletionRequest.model_validate_json, body).max_tokens == 100


# -- Templates

TEMPLATE = "templates: a conversation of 21 messages"


@pytest.fixture(scope="module")
def conversation(words):
    roles = ["system", *["user", "assistant"] * 9, "user", "assistant", "user"]
    return [{"role": role, "content": words(40)} for role in roles[:21]]


def render_with_jinja2(source, conversation):
    """Return a function that renders as transformers does."""
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(source)
    return lambda: template.render(messages=conversation, add_generation_prompt=True)


@pytest.mark.benchmark(group=TEMPLATE)
def bench_fastfront_template(benchmark, model, conversation):
    prompt = benchmark(model.template.render, conversation, add_generation_prompt=True)
    assert prompt == render_with_jinja2(model.template.source, conversation)()


@pytest.mark.benchmark(group=TEMPLATE)
def bench_jinja2(benchmark, model, conversation):
    assert conversation[-1]["content"] in benchmark(render_with_jinja2(model.template.source, conversation))


# -- Tokenizing


@pytest.mark.parametrize("count", [SHORT, LONG])
@pytest.mark.benchmark(group="tokenizing a new text of common words", min_rounds=20)
class BenchTokenizing:
    """Each round has a text of its own: a segment cache must not answer from memory."""

    def bench_fastfront(self, benchmark, model, words, count):
        encode = model.tokenizer.encode
        found = benchmark.pedantic(encode, setup=lambda: ((words(count), False), {}), rounds=50)
        assert len(found) >= count

    def bench_tokenizers(self, benchmark, model, words, count):
        encode = model.tokenizer.backend.encode
        found = benchmark.pedantic(encode, setup=lambda: ((words(count),), {}), rounds=50)
        assert len(found.ids) >= count


# -- All of it

WHOLE = "requests: body of 75 common words to token ids"


@pytest.mark.benchmark(group=WHOLE)
def bench_fastfront_whole(benchmark, model, words):
    def whole(data):
        return render_chat(model, decode_chat_completion_request(data)).token_ids

    assert len(benchmark.pedantic(whole, setup=lambda: ((body_of(words(SHORT)),), {}), rounds=50)) > SHORT


@pytest.mark.benchmark(group=WHOLE)
def bench_python_whole(benchmark, model, words):
    """json, jinja2 and `tokenizers`, without validation."""
    backend = model.tokenizer.backend
    environment = jinja2.sandbox.ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(model.template.source)

    def whole(data):
        prompt = template.render(messages=json.loads(data)["messages"], add_generation_prompt=True)
        return backend.encode(prompt, add_special_tokens=False).ids

    assert len(benchmark.pedantic(whole, setup=lambda: ((body_of(words(SHORT)),), {}), rounds=50)) > SHORT
