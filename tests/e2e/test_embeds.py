# SPDX-License-Identifier: Apache-2.0
"""Prompts of embeddings on their whole way, before the embedded engine."""

from __future__ import annotations

import base64
import json
import pickle
import struct

import httpx
import pytest

from tests.e2e.metrics import read_metrics
from tests.prompt.tensor_files import archive, pickled_tensor
from tests.server.processes import DEADLINE, serving_sim

pytestmark = pytest.mark.e2e

WIDTH = 64
COMPLETIONS, CHAT = "/v1/completions", "/v1/chat/completions"


@pytest.fixture(scope="module")
def embedding_server():
    """Return a client of a server that takes embeddings."""
    with (
        serving_sim("--enable-prompt-embeds", "--token-ms", "1", "--ttft-ms", "1") as server,
        httpx.Client(base_url=server.url, timeout=DEADLINE) as client,
    ):
        yield client


def embeds(rows, width=WIDTH):
    pickled = pickled_tensor((rows, width), (width, 1), size=rows * width)
    return text_of(archive(pickled, struct.pack(f"<{rows * width}f", *range(rows * width))))


def text_of(file):
    return base64.b64encode(file).decode()


def post(client, path, **body):
    return client.post(path, json={"max_tokens": 5, "temperature": 0, **body})


def part(rows):
    return {"type": "prompt_embeds", "data": embeds(rows)}


@pytest.mark.parametrize("rows", [1, 7, 20_000])
def test_a_completion_of_embeddings(embedding_server, rows):
    """As many prompt tokens as rows, in the answer and in the engine's; small tensors and large ones."""
    before = read_metrics(embedding_server.get("/metrics").text)
    answer = post(embedding_server, COMPLETIONS, prompt_embeds=embeds(rows)).json()
    assert answer["usage"] == {
        **answer["usage"],
        "prompt_tokens": rows,
        "completion_tokens": 5,
    }
    counted = "vllm:prompt_tokens_total"
    assert read_metrics(embedding_server.get("/metrics").text).sum(counted) - before.sum(counted) == rows


def test_embeddings_and_texts_in_one_request(embedding_server):
    """Embeddings first; their tokens are called 0."""
    body = {
        "prompt": ["hi", "there"],
        "prompt_embeds": [embeds(2), embeds(3)],
        "n": 2,
        "return_token_ids": True,
        "temperature": 1,
    }
    choices = post(embedding_server, COMPLETIONS, **body, logprobs=1).json()["choices"]
    assert [choice["index"] for choice in choices] == list(range(8))
    assert [choice["prompt_token_ids"] for choice in choices[:4]] == [[0, 0], [0, 0], [0, 0, 0], [0, 0, 0]]
    assert all(len(choice["logprobs"]["tokens"]) == 5 for choice in choices)


def test_a_stream_adds_up_to_the_whole(embedding_server):
    """Text and usage, chat and completion."""
    for path, body in (
        (COMPLETIONS, {"prompt_embeds": embeds(4)}),
        (CHAT, {"messages": [{"role": "user", "content": [part(4)]}]}),
    ):
        whole = post(embedding_server, path, **body).json()
        response = post(embedding_server, path, **body, stream=True, stream_options={"include_usage": True})
        *events, done = [event.removeprefix("data: ") for event in response.text.split("\n\n") if event]
        assert done == "[DONE]"
        chunks = [json.loads(event) for event in events]
        said = [
            choice.get("text", choice.get("delta", {}).get("content")) or ""
            for chunk in chunks
            for choice in chunk["choices"]
        ]
        choice = whole["choices"][0]
        assert "".join(said) == choice.get("text", choice.get("message", {}).get("content"))
        assert chunks[-1]["usage"]["prompt_tokens"] == whole["usage"]["prompt_tokens"]


def test_a_chat_with_embeddings_in_it(embedding_server):
    """Each part is as long as it has rows."""

    def asked(rows):
        content = [{"type": "text", "text": "What of"}, part(rows), {"type": "text", "text": "then?"}]
        return post(
            embedding_server, CHAT, messages=[{"role": "user", "content": content}], return_token_ids=True
        ).json()

    short, long = asked(1), asked(9)
    assert long["usage"]["prompt_tokens"] - short["usage"]["prompt_tokens"] == 8
    (repeated,) = {each for each in long["prompt_token_ids"] if long["prompt_token_ids"].count(each) == 9}
    assert repeated in short["prompt_token_ids"]


class Rogue:
    def __reduce__(self):
        return exec, ("open('/tmp/must-not-be-there', 'w')",)


@pytest.mark.parametrize(
    ("path", "body", "status", "words", "param"),
    [
        (COMPLETIONS, {"prompt_embeds": "?"}, 400, "Non-base64 digit found", None),
        (
            COMPLETIONS,
            {"prompt_embeds": text_of(pickle.dumps(Rogue(), 2))},
            400,
            "could not be deserialized",
            "prompt_embeds",
        ),
        (COMPLETIONS, {"prompt_embeds": text_of(archive(pickle.dumps(Rogue(), 2), b""))}, 400, "exec", "prompt_embeds"),
        (COMPLETIONS, {"prompt_embeds": embeds(2, width=5)}, 400, "hidden_size 5 does not match", "prompt_embeds"),
        (COMPLETIONS, {"prompt_embeds": embeds(2), "echo": True}, 400, "Echo is unsupported", None),
        (
            COMPLETIONS,
            {"prompt_embeds": embeds(2), "use_beam_search": True},
            501,
            "not supported for beam search",
            None,
        ),
        (
            COMPLETIONS,
            {"prompt_embeds": embeds(40_000)},
            400,
            "your prompt contains 40000 input tokens",
            "input_tokens",
        ),
        (CHAT, {"messages": [{"role": "user", "content": "<prompt_embeds>"}]}, 400, "reserved placeholder", "messages"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else None,
)
def test_bad_embeddings(embedding_server, path, body, status, words, param):
    """A 4xx that says what is wrong; what a file says is never run."""
    response = post(embedding_server, path, **body)
    assert response.status_code == status
    assert words in response.json()["error"]["message"]
    assert response.json()["error"]["param"] == param


def test_a_server_that_was_not_told_to(http):
    """Takes none."""
    for path, body in (
        (COMPLETIONS, {"prompt_embeds": "x"}),
        (CHAT, {"messages": [{"role": "user", "content": [part(1)]}]}),
    ):
        response = http.post(path, json=body)
        assert response.status_code == 400
        assert "You must set `--enable-prompt-embeds`" in response.json()["error"]["message"]
