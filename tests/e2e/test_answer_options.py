# SPDX-License-Identifier: Apache-2.0
"""The server's options that change what answers carry and how streams leave, all of them at once."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.server.processes import DEADLINE, serving_sim

pytestmark = pytest.mark.e2e

FLAGS = (
    "--enable-prompt-tokens-details",
    "--enable-per-request-metrics",
    "--return-tokens-as-token-ids",
    "--stream-interval=4",
    "--sse-keep-alive-interval=1",
)
PROMPT = "Once upon a time there was a test that had to be long enough to fill a block or two of the prefix cache. " * 2


@pytest.fixture(scope="module")
def http(tmp_path_factory):
    """Return a client of a server with these options, whose engine falls silent on request."""
    script = tmp_path_factory.mktemp("script") / "script.json"
    script.write_text(json.dumps({"sequences": [{"match": "say nothing", "chunks": [[]], "finish": None}]}))
    with (
        serving_sim(*FLAGS, "--script", str(script), "--ttft-ms", "1", "--token-ms", "1") as server,
        httpx.Client(base_url=server.url, timeout=DEADLINE) as client,
    ):
        yield client


def ask(http, path, **body):
    answer = http.post(path, json={"max_tokens": 9, "ignore_eos": True, **body})
    assert answer.status_code == 200, answer.text
    return answer


def events(answer):
    return [json.loads(line[6:]) for line in answer.text.split("\n\n") if line.startswith("data: {")]


def test_usage_tells_of_cached_tokens(http):
    """Of the second request to the same prompt, all but what fills no block."""
    ask(http, "/v1/completions", prompt=PROMPT)
    usage = ask(http, "/v1/completions", prompt=PROMPT).json()["usage"]
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    assert usage["prompt_tokens_details"] == {
        "cached_tokens": cached,
        "created_cache_tokens": None,
        "multimodal_tokens": None,
    }
    assert 16 <= cached < usage["prompt_tokens"]
    stream = ask(http, "/v1/completions", prompt=PROMPT, stream=True, stream_options={"include_usage": True})
    assert events(stream)[-1]["usage"]["prompt_tokens_details"] == {"cached_tokens": cached}


def test_answers_tell_their_timings(http):
    """One answer to one prompt; of several nobody could say whose they are."""
    metrics = ask(http, "/v1/completions", prompt=PROMPT).json()["metrics"]
    names = ("time_to_first_token_ms", "generation_time_ms", "queue_time_ms", "mean_itl_ms", "tokens_per_second")
    assert tuple(metrics) == (*names, "speculative_decoding")
    assert all(metrics[name] >= 0 for name in names)
    assert metrics["generation_time_ms"] == pytest.approx(metrics["mean_itl_ms"] * 8)
    assert ask(http, "/v1/completions", prompt=PROMPT, n=2, temperature=1).json()["metrics"] is None


def test_tokens_are_called_by_their_ids(http):
    """Unless a request says otherwise."""
    body = {"prompt": PROMPT, "logprobs": 0}
    tokens = ask(http, "/v1/completions", **body).json()["choices"][0]["logprobs"]["tokens"]
    assert all(token.startswith("token_id:") for token in tokens)
    tokens = ask(http, "/v1/completions", **body, return_tokens_as_token_ids=False).json()["choices"][0]["logprobs"]
    assert not any(token.startswith("token_id:") for token in tokens["tokens"])


@pytest.mark.parametrize(("asked", "sizes"), [(None, [1, 4, 4]), (2, [1, 4, 4]), (6, [1, 6, 2])])
def test_a_request_may_only_raise_the_stream_interval(http, asked, sizes):
    """The server's is the least."""
    body = {"prompt": PROMPT, "stream": True, "return_token_ids": True, "stream_interval": asked}
    found = [len(event["choices"][0]["token_ids"]) for event in events(ask(http, "/v1/completions", **body))]
    assert found == sizes


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
def test_a_silent_stream_gets_comments(http, path):
    """So that no proxy takes it for dead."""
    body = {"messages": [{"role": "user", "content": "say nothing"}]} if "chat" in path else {"prompt": "say nothing"}
    with http.stream("POST", path, json={**body, "stream": True}) as answer:
        lines = answer.iter_lines()
        assert next(line for line in lines if line.startswith(":")) == ": keep-alive"
