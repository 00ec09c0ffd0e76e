# SPDX-License-Identifier: Apache-2.0
"""What no single answer shows: requests whose client leaves, many at once, and the engine's own numbers meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.real_engine.asking import KEY, KEYED
from tests.real_engine.cases import CHAT, COMPLETIONS, PROMPTS, chat, completion
from tests.real_engine.conftest import Running

LENGTH = 4000
ENDLESS = {"max_tokens": LENGTH, "ignore_eos": True}
"""Several seconds of work for the engine: an abort that is missed shows in the number of tokens."""
PATIENCE = 3.0
"""Seconds for an abort to reach the engine; one step takes a few milliseconds."""
SOAK_REQUESTS = 300
SOAK_SEED = 7


def metric(running: Running, name: str) -> float:
    page = running.client.get("/metrics").text
    values = re.findall(rf"^{re.escape(name)}(?:{{[^}}]*}})? (\S+)$", page, re.MULTILINE)
    assert values, f"{name} is not on the page"
    return sum(map(float, values))


def assert_engine_idle(running: Running) -> None:
    """Wait until the engine runs nothing. It tells with its outputs how many it runs, so give it a token to send."""
    deadline = time.monotonic() + PATIENCE
    while True:
        assert running.client.post(COMPLETIONS, json=completion("a", max_tokens=2)).status_code == 200
        count = metric(running, "vllm:num_requests_running")
        if count == 0:
            return
        assert time.monotonic() < deadline, f"{count:.0f} requests still run {PATIENCE:.0f} s after their clients left"


@contextlib.contextmanager
def aborted(running: Running) -> Iterator[None]:
    """Check that what is asked for inside is not generated to its end."""
    before = metric(running, "vllm:generation_tokens_total")
    yield
    assert_engine_idle(running)
    generated = metric(running, "vllm:generation_tokens_total") - before
    assert generated < LENGTH, f"the engine went on after the client left: {generated:.0f} tokens"


def post_and_leave(running: Running, path: str, body: object, stay: float) -> bytes:
    """Send a request, wait at most so many seconds for the first byte of an answer, and close the connection."""
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nhost: test\r\nauthorization: Bearer {KEY}\r\n"
    head += f"content-type: application/json\r\ncontent-length: {len(content)}"
    host, port = running.server.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(head.encode() + b"\r\n\r\n" + content)
        connection.settimeout(stay)
        with contextlib.suppress(TimeoutError, BlockingIOError):
            return connection.recv(65536)
    return b""


def test_client_leaves_after_first_event(running: Running) -> None:
    """A stream whose client closes the connection is aborted in the engine."""
    with aborted(running), running.client.stream("POST", CHAT, json=chat("hello", stream=True, **ENDLESS)) as response:
        assert next(response.iter_raw()).startswith(b"data: ")


@pytest.mark.parametrize("stream", [True, False])
def test_client_leaves_at_once(running: Running, *, stream: bool) -> None:
    """A client that closes the connection right behind its request is noticed, too."""
    with aborted(running):
        post_and_leave(running, CHAT, chat(PROMPTS["english"], stream=stream, **ENDLESS), stay=0)


def test_client_leaves_while_it_waits(running: Running) -> None:
    """A client that gives up waiting for a whole answer is noticed, too."""
    with aborted(running):
        assert post_and_leave(running, CHAT, chat("hello", **ENDLESS), stay=0.5) == b""


def test_batch_client_leaves(running: Running) -> None:
    """Every prompt of a batch is aborted."""
    with aborted(running):
        body = completion(["a", "b", "c"], **ENDLESS)
        assert post_and_leave(running, COMPLETIONS, body, stay=0.5) == b""


async def test_soak(running: Running) -> None:
    """Hundreds of short requests at once, some abandoned: each answer is complete, and the server stays reachable."""
    rng = random.Random(SOAK_SEED)
    limits = httpx.Limits(max_connections=SOAK_REQUESTS, max_keepalive_connections=SOAK_REQUESTS)
    async with httpx.AsyncClient(base_url=running.server.base_url, timeout=120, limits=limits, headers=KEYED) as client:
        plans = [(index, rng.choice(list(PROMPTS)), rng.randint(1, 16)) for index in range(SOAK_REQUESTS)]
        tasks = [asyncio.create_task(one_of_many(client, *plan)) for plan in plans]
        while not all(task.done() for task in tasks):
            await asyncio.wait(tasks, timeout=0.5)
            for path in ("/health", "/metrics", "/v1/models"):
                assert (await client.get(path)).status_code == 200
        for task in tasks:
            task.result()
    assert_engine_idle(running)


async def one_of_many(client: httpx.AsyncClient, index: int, prompt: str, length: int) -> None:
    """Send one request; the kind follows from the index, so that a failure names it."""
    kind = ("whole", "stream", "leave", "completion")[index % 4]
    if kind == "leave":
        async with client.stream("POST", CHAT, json=chat(PROMPTS[prompt], stream=True, **ENDLESS)) as response:
            async for _ in response.aiter_raw():
                return
    body = completion(PROMPTS[prompt]) if kind == "completion" else chat(PROMPTS[prompt])
    body |= {"max_tokens": length, "ignore_eos": True, "stream": kind == "stream"}
    answer = await client.post(COMPLETIONS if kind == "completion" else CHAT, json=body)
    assert answer.status_code == 200, answer.text
    if kind == "stream":
        assert answer.text.endswith("data: [DONE]\n\n")
        assert answer.text.count('"finish_reason":"length"') == 1
    else:
        assert answer.json()["usage"]["completion_tokens"] == length
        assert answer.json()["choices"][0]["finish_reason"] == "length"
