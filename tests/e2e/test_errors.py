# SPDX-License-Identifier: Apache-2.0
"""What the engine reports as failed reaches the client: as a status before a stream, as an event in it."""

from __future__ import annotations

import json

import openai
import pytest

from tests.e2e.ways import every_way

pytestmark = [pytest.mark.e2e, every_way]

ERROR = {"message": "Internal server error", "type": "InternalServerError", "param": None, "code": 500}


@pytest.mark.parametrize("words", ["fail at once", "fail later"])
def test_failed_request_is_a_500(client, words):
    """vLLM's answer to finish_reason "error"."""
    with pytest.raises(openai.InternalServerError) as caught:
        client.chat.completions.create(model="tester", messages=[{"role": "user", "content": words}])
    assert caught.value.body == ERROR


def test_stream_that_fails_ends_with_an_error_event(http):
    """What was written stays; then the error, then [DONE]."""
    body = {"messages": [{"role": "user", "content": "fail later"}], "stream": True}
    response = http.post("/v1/chat/completions", json=body)
    assert response.status_code == 200
    *chunks, error, done, rest = response.content.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    assert json.loads(error.removeprefix(b"data: ")) == {"error": ERROR}
    text = "".join(json.loads(c.removeprefix(b"data: "))["choices"][0]["delta"].get("content", "") for c in chunks)
    assert text
    assert "So far so good".startswith(text)


def test_openai_client_raises_the_error_of_a_stream(client):
    """The event has the shape that OpenAI's client turns into an exception."""
    messages = [{"role": "user", "content": "fail later"}]
    with pytest.raises(openai.APIError, match="Internal server error"):
        list(client.chat.completions.create(model="tester", messages=messages, stream=True))


def test_failed_prompt_fails_the_request(client, engine):
    """One failed choice is a failed answer; the others are not generated in vain."""
    with pytest.raises(openai.InternalServerError):
        client.completions.create(
            model="tester",
            prompt=["Tell me a long story", "fail at once"],
            max_tokens=5000,
            extra_body={"ignore_eos": True},
        )
    engine.wait_for(running=0)
