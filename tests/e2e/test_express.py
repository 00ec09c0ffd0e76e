# SPDX-License-Identifier: Apache-2.0
"""The express lane and the general way give a client the same bytes."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.e2e

CHAT, COMPLETION = "/v1/chat/completions", "/v1/completions"
BODIES = {
    "chat": (CHAT, {"messages": [{"role": "user", "content": "Tell me about the weather, please."}]}),
    "chat with a system prompt": (
        CHAT,
        {
            "messages": [{"role": "system", "content": "Be short."}, {"role": "user", "content": "greet in Chinese"}],
            "max_tokens": 4,
            "temperature": 0.0,
        },
    ),
    "chat with a stop string": (
        CHAT,
        {"messages": [{"role": "user", "content": "Tell me about the weather"}], "stop": ["Rain", "never"]},
    ),
    "completion": (COMPLETION, {"prompt": "Tell me about the weather", "max_tokens": 8}),
    "an engine that fails at once": (CHAT, {"messages": [{"role": "user", "content": "fail at once"}]}),
    "an engine that fails later": (CHAT, {"messages": [{"role": "user", "content": "fail later"}]}),
    "a refusal": (CHAT, {"messages": [{"role": "user", "content": "Hi"}], "temperature": 7}),
    "another model": (CHAT, {"messages": [{"role": "user", "content": "Hi"}], "model": "nobody"}),
}
GENERAL = {"x-vllm-priority": "0"}
"""A header without effect that the lane leaves to the general way."""


def normalized(response):
    """Return status, headers and body without what differs between any two answers."""
    body = re.sub(rb'"id":"(chatcmpl|cmpl)-[0-9a-f]{16}"', rb'"id":"\1-X"', response.content)
    body = re.sub(rb'"created":\d+', b'"created":0', body)
    body = re.sub(rb'"chatcmpl-tool-[0-9a-f]{16}"', b'"chatcmpl-tool-X"', body)
    headers = {name: value for name, value in response.headers.items() if name not in ("date", "content-length")}
    return response.status_code, headers, body


@pytest.mark.parametrize("stream", [False, True, "with usage"])
@pytest.mark.parametrize("name", BODIES)
def test_both_ways_answer_alike(http, name, stream):
    """Status, headers and every byte of the body."""
    path, body = BODIES[name]
    if stream:
        body = body | {"stream": True}
        if stream == "with usage":
            body |= {"stream_options": {"include_usage": True, "continuous_usage_stats": True}}
    express, general = http.post(path, json=body), http.post(path, json=body, headers=GENERAL)
    assert normalized(express) == normalized(general)


def test_the_metrics_do_not_tell_the_ways_apart(http, metrics):
    """One request more in every count, whichever way it went."""
    path, body = BODIES["chat"]
    seen = []
    for headers in ({}, GENERAL):
        before = metrics()
        assert http.post(path, json=body, headers=headers).status_code == 200
        after = metrics()
        changes = {key: value - before.get(key, 0.0) for key, value in after.items() if value != before.get(key)}
        # Counts of requests and tokens, not times, steps of the engine or the process's own numbers.
        names = ("http_requests_total", "http_request_duration_seconds_count", "fastfront:requests_started_total")
        seen.append(
            {
                key: by
                for key, by in changes.items()
                if key[0] in names
                or (key[0].startswith("vllm:") and key[0].endswith(("tokens_total", "success_total")))
            }
        )
    assert seen[0] == seen[1]
    assert sum(by for (name, _), by in seen[0].items() if name == "http_requests_total") == 1
