# SPDX-License-Identifier: Apache-2.0
"""The `openai` package against fastfront over a real engine: it parses everything and sees the reference's text."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from tests.real_engine.asking import KEY
from tests.real_engine.cases import LENGTH, PROMPTS
from tests.real_engine.conftest import Running
from tests.real_engine.servers import MODEL_NAME


@pytest.fixture
def client(running: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{running.server.base_url}/v1", api_key=KEY, max_retries=0) as opened:
        yield opened


@pytest.mark.parametrize("prompt", PROMPTS)
def test_chat(running: Running, client: openai.OpenAI, prompt: str) -> None:
    """A chat answer's message is the reference's text, and its usage adds up."""
    answer = client.chat.completions.create(
        model=MODEL_NAME, messages=[{"role": "user", "content": PROMPTS[prompt]}], max_tokens=LENGTH, temperature=0
    )
    assert answer.choices[0].message.content == running.reference.answers[f"chat-{prompt}"].text
    assert answer.usage is not None
    assert answer.usage.completion_tokens == LENGTH
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + LENGTH


@pytest.mark.parametrize("prompt", PROMPTS)
def test_chat_stream(running: Running, client: openai.OpenAI, prompt: str) -> None:
    """A streamed chat opens with the role, carries the reference's text, and ends with a finish reason and usage."""
    chunks = list(
        client.chat.completions.create(
            model=MODEL_NAME,
            messages=[{"role": "user", "content": PROMPTS[prompt]}],
            max_tokens=LENGTH,
            temperature=0,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    *deltas, usage = chunks
    assert deltas[0].choices[0].delta.role == "assistant"
    text = "".join(chunk.choices[0].delta.content or "" for chunk in deltas)
    assert text == running.reference.answers[f"chat-{prompt}"].text
    assert [chunk.choices[0].finish_reason for chunk in deltas] == [None] * (len(deltas) - 1) + ["length"]
    assert usage.choices == []
    assert usage.usage is not None
    assert usage.usage.completion_tokens == LENGTH


@pytest.mark.parametrize("prompt", PROMPTS)
def test_completion(running: Running, client: openai.OpenAI, prompt: str) -> None:
    """A completion, whole and streamed, is the reference's text."""
    expected = running.reference.answers[f"completion-{prompt}"].text
    whole = client.completions.create(model=MODEL_NAME, prompt=PROMPTS[prompt], max_tokens=LENGTH, temperature=0)
    assert whole.choices[0].text == expected
    stream = client.completions.create(
        model=MODEL_NAME, prompt=PROMPTS[prompt], max_tokens=LENGTH, temperature=0, stream=True
    )
    assert "".join(chunk.choices[0].text for chunk in stream) == expected


def test_models(client: openai.OpenAI) -> None:
    """The model list names the model as it was asked to be served."""
    assert [model.id for model in client.models.list()] == [MODEL_NAME]


def test_errors(client: openai.OpenAI) -> None:
    """Errors arrive as the client's own classes, with the parameter at fault."""
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="other", messages=[{"role": "user", "content": "hi"}])
    assert missing.value.param == "model"
    with pytest.raises(openai.BadRequestError):
        client.completions.create(model=MODEL_NAME, prompt="hi", temperature=-1)
