# SPDX-License-Identifier: Apache-2.0
"""Whichever way an answer leaves, it is the same, byte for byte: status, type, body, and every event of a stream."""

from __future__ import annotations

import json
import re

import httpx
import pytest

from tests.e2e.ways import WAYS
from tests.server.processes import DEADLINE

pytestmark = pytest.mark.e2e

CHAT, COMPLETION = "/v1/chat/completions", "/v1/completions"
WEATHER = [{"role": "user", "content": "Tell me about the weather, please."}]
CHINESE = [{"role": "user", "content": "greet in Chinese"}]
USAGE = {"include_usage": True, "continuous_usage_stats": True}

ASKED = [
    (CHAT, {"messages": WEATHER}),
    (CHAT, {"messages": CHINESE}),
    (CHAT, {"messages": WEATHER, "max_tokens": 3}),
    (CHAT, {"messages": WEATHER, "stop": ["tomorrow"]}),
    (CHAT, {"messages": WEATHER, "n": 3, "temperature": 1, "seed": 5}),
    (CHAT, {"messages": [{"role": "user", "content": "word " * 6000 + "What is a tram?"}], "max_tokens": 20}),
    (CHAT, {"messages": [{"role": "user", "content": "fail at once"}]}),
    (CHAT, {"messages": [{"role": "user", "content": "fail later"}]}),
    (CHAT, {"messages": WEATHER, "model": "nobody"}),
    (CHAT, {"messages": WEATHER, "max_tokens": -1}),
    (COMPLETION, {"prompt": "Now the weather:", "max_tokens": 100}),
    (COMPLETION, {"prompt": ["Now the weather:", "greet in Chinese"], "max_tokens": 100}),
    (COMPLETION, {"prompt": "Once upon a time", "ignore_eos": True, "max_tokens": 200}),
    (COMPLETION, {"prompt": ""}),
]

OTHERS = [
    ("POST", "/tokenize", {"messages": CHINESE, "return_token_strs": True}),
    ("POST", "/detokenize", {"tokens": [40, 41, 42]}),
    ("POST", "/tokenize", {"prompt": 5}),
    ("GET", "/version", None),
    ("GET", "/health", None),
    ("GET", "/nothing", None),
    ("GET", CHAT, None),
]


@pytest.fixture(scope="module")
def clients(serve):
    """Return a client of the server of each way."""
    made = {way: httpx.Client(base_url=serve(way).url, timeout=DEADLINE, **serve(way).client_options) for way in WAYS}
    yield made
    for client in made.values():
        client.close()


def ask_all(clients, method, path, body):
    """Return what each way answers: status, content type, length announced or not, and the body without its time."""
    answers = {}
    for way, client in clients.items():
        response = client.request(method, path, json=body, headers={"x-request-id": "same"})
        assert response.http_version == ("HTTP/2" if way == "hypercorn" else "HTTP/1.1")
        answers[way] = (
            response.status_code,
            response.headers.get("content-type"),
            "content-length" in response.headers,
            re.sub(rb'"created":\d+', b'"created":0', response.content),
        )
    return answers


@pytest.mark.parametrize("number", range(len(ASKED)))
@pytest.mark.parametrize("stream", [False, True])
def test_answer_is_the_same_whichever_way_it_leaves(clients, number, stream):
    """Whole and streamed, good and bad."""
    path, body = ASKED[number]
    more = {"stream": True, "stream_options": USAGE} if stream else {}
    answers = ask_all(clients, "POST", path, body | more)
    first = answers["socket"]
    if stream and first[0] == 200:
        assert first[3].endswith(b"data: [DONE]\n\n")
        # Choices take turns as the engine's steps happen to come: each for itself is always the same.
        answers = {way: (*answer[:3], by_choice(answer[3])) for way, answer in answers.items()}
    assert answers == dict.fromkeys(WAYS, answers["socket"])


def by_choice(content):
    """Return the events of a stream by the choice that they are of; the others by position."""
    events = {}
    for event in content.split(b"\n\n"):
        data = event.removeprefix(b"data: ")
        choices = json.loads(data).get("choices") if data.startswith(b"{") else None
        events.setdefault(choices[0]["index"] if choices else None, []).append(event)
    return events


@pytest.mark.parametrize(("method", "path", "body"), OTHERS)
def test_other_endpoints_too(clients, method, path, body):
    """Tokens, versions, errors."""
    answers = ask_all(clients, method, path, body)
    assert answers == dict.fromkeys(WAYS, answers["socket"])
