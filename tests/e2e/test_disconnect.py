# SPDX-License-Identifier: Apache-2.0
"""A client that leaves ends its request in the engine: streaming or not, before or after the first token, any n."""

from __future__ import annotations

import asyncio
import contextlib
import json

import httpx
import pytest

from tests.e2e.raw_clients import raw_client
from tests.e2e.ways import every_way
from tests.server.processes import DEADLINE, wait_until

pytestmark = [pytest.mark.e2e, every_way]

CHAT = "/v1/chat/completions"
STORY = {"messages": [{"role": "user", "content": "A long story"}], "max_tokens": 8000, "ignore_eos": True}
SILENCE = {"messages": [{"role": "user", "content": "say nothing ever"}]}


@pytest.fixture
def sent(url, client_options):
    """Return a function that sends a request on a connection of its own and leaves it to the test to read."""

    @contextlib.contextmanager
    def send(body, path=CHAT, receive_buffer=None, cut=None):
        client = raw_client(httpx.URL(url), client_options, receive_buffer)
        content = json.dumps(body).encode()
        with contextlib.closing(client):
            client.request(path, content[:cut], len(content))
            yield client

    return send


@pytest.mark.parametrize("stream", [False, True])
def test_before_the_first_token(sent, engine, stream):
    """The engine has the request and has said nothing."""
    before = engine.report()["aborted"]
    with sent(SILENCE | {"stream": stream}):
        engine.wait_for(running=1)
    engine.wait_for(running=0, aborted=before + 1)


def test_mid_stream(sent, engine):
    """The client closes behind the first events."""
    before = engine.report()
    with sent(STORY | {"stream": True}) as connection:
        data = b""
        while data.count(b"data: ") < 5:
            data += connection.recv(4096)
    engine.wait_for(running=0, aborted=before["aborted"] + 1)
    assert engine.report()["generated_tokens"] - before["generated_tokens"] < 8000


def test_whole_answer_under_way(sent, engine):
    """Nobody reads along, and still the client's leaving is noticed."""
    before = engine.report()
    with sent(STORY):
        wait_until(lambda: engine.report()["generated_tokens"] > before["generated_tokens"] + 5, "some tokens")
    engine.wait_for(running=0, aborted=before["aborted"] + 1)


@pytest.mark.parametrize("stream", [False, True])
def test_every_choice(sent, engine, stream):
    """Three answers to each of two prompts are six requests to abort."""
    before = engine.report()["aborted"]
    body = {"prompt": ["say nothing ever", "say nothing ever again"], "n": 3, "temperature": 1, "stream": stream}
    with sent(body, "/v1/completions"):
        engine.wait_for(running=6)
    engine.wait_for(running=0, aborted=before + 6)


def test_reset_instead_of_close(sent, engine):
    """A connection that breaks is a client that left; in HTTP/2, so is a stream that is reset."""
    before = engine.report()["aborted"]
    with sent(STORY | {"stream": True}) as connection:
        connection.recv(4096)
        connection.reset()
        engine.wait_for(running=0, aborted=before + 1)


def test_mid_body(sent, engine, http):
    """A request that was never complete never reaches the engine."""
    before = engine.report()["requests"]
    with sent(STORY, cut=14):
        pass
    assert http.get("/health").status_code == 200
    assert engine.report()["requests"] == before


async def test_while_tokenizing(url, client_options, engine):
    """Clients that leave while their long prompts wait for a thread: none of them is generated for."""
    before = engine.report()["requests"]
    body = json.dumps({"prompt": "many words " * 2_000, "max_tokens": 8000 - 6000, "ignore_eos": True}).encode()
    headers = {"content-type": "application/json"}

    async def ask(client):
        await client.post("/v1/completions", content=body, headers=headers)

    # Without HTTP/2, where httpx lets a request that it was told to give up run on.
    options = {**client_options, "http2": False}
    async with httpx.AsyncClient(base_url=url, timeout=DEADLINE, **options) as client:
        tasks = [asyncio.create_task(ask(client)) for _ in range(40)]
        await asyncio.sleep(0)
        while (await client.get("/load")).json()["server_load"] == 0:
            pass
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while (await client.get("/load")).json()["server_load"] > 0:
            pass
    engine.wait_for(running=0, waiting=0)
    assert engine.report()["requests"] - before <= 40


def test_many_at_once(sent, engine, http):
    """A hundred clients that leave together leave nothing behind."""
    before = engine.report()["aborted"]
    with contextlib.ExitStack() as clients:
        for _ in range(100):
            clients.enter_context(sent(SILENCE | {"stream": True}))
        engine.wait_for(running=100)
    engine.wait_for(running=0, aborted=before + 100)
    wait_until(lambda: http.get("/load").json() == {"server_load": 0}, "an idle server")


def test_client_that_does_not_read_is_given_up(sent, way, engine, metrics):
    """Its stream may pile up so far and no further; the engine stops, and others go on."""
    if way == "hypercorn":
        pytest.skip("Hypercorn's own HTTP/2 takes whatever it is sent: server/http2.py, for servers that are ours")
    before, aborted = metrics().sum("fastfront:slow_readers_total"), engine.report()["aborted"]
    body = {"prompt": ["A long story"] * 120, "max_tokens": 8000, "ignore_eos": True, "stream": True}
    with sent(body, "/v1/completions", receive_buffer=4096) as connection:
        wait_until(lambda: metrics().sum("fastfront:slow_readers_total") == before + 1, "the end of patience")
        engine.wait_for(running=0, aborted=aborted + 120)
        assert engine.report()["generated_tokens"] < 120 * 8000
        data = b""
        while piece := connection.recv(1 << 20):
            data += piece
        assert not connection.is_complete(data), "a stream that was cut off must not look complete"
    assert b"[DONE]" not in data
