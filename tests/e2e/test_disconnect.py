# SPDX-License-Identifier: Apache-2.0
"""A client that leaves ends its request in the engine: streaming or not, before or after the first token, any n."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import urllib.parse

import httpx
import pytest

from tests.server.processes import DEADLINE, wait_until

pytestmark = pytest.mark.e2e

CHAT = "/v1/chat/completions"
STORY = {"messages": [{"role": "user", "content": "A long story"}], "max_tokens": 8000, "ignore_eos": True}
SILENCE = {"messages": [{"role": "user", "content": "say nothing ever"}]}


@contextlib.contextmanager
def sent(url, body, path=CHAT, receive_buffer=None):
    """Send a request on a connection of its own and leave it to the test to read."""
    host = urllib.parse.urlsplit(url)
    content = json.dumps(body).encode()
    with socket.socket() as connection:
        connection.settimeout(DEADLINE)
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.connect((host.hostname, host.port))
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(content)}\r\n\r\n".encode()
            + content
        )
        yield connection


@pytest.mark.parametrize("stream", [False, True])
def test_before_the_first_token(url, engine, stream):
    """The engine has the request and has said nothing."""
    before = engine.report()["aborted"]
    with sent(url, SILENCE | {"stream": stream}):
        engine.wait_for(running=1)
    engine.wait_for(running=0, aborted=before + 1)


def test_mid_stream(url, engine):
    """The client closes behind the first events."""
    before = engine.report()["aborted"]
    with sent(url, STORY | {"stream": True}) as connection:
        data = b""
        while data.count(b"data: ") < 5:
            data += connection.recv(4096)
    engine.wait_for(running=0, aborted=before + 1)
    assert engine.report()["generated_tokens"] < 8000


def test_whole_answer_under_way(url, engine):
    """Nobody reads along, and still the client's leaving is noticed."""
    before = engine.report()
    with sent(url, STORY):
        wait_until(lambda: engine.report()["generated_tokens"] > before["generated_tokens"] + 5, "some tokens")
    engine.wait_for(running=0, aborted=before["aborted"] + 1)


@pytest.mark.parametrize("stream", [False, True])
def test_every_choice(url, engine, stream):
    """Three answers to each of two prompts are six requests to abort."""
    before = engine.report()["aborted"]
    body = {"prompt": ["say nothing ever", "say nothing ever again"], "n": 3, "temperature": 1, "stream": stream}
    with sent(url, body, "/v1/completions"):
        engine.wait_for(running=6)
    engine.wait_for(running=0, aborted=before + 6)


def test_reset_instead_of_close(url, engine):
    """A connection that breaks is a client that left."""
    before = engine.report()["aborted"]
    with sent(url, STORY | {"stream": True}) as connection:
        connection.recv(4096)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    engine.wait_for(running=0, aborted=before + 1)


def test_mid_body(url, engine, http):
    """A request that was never complete never reaches the engine."""
    before = engine.report()["requests"]
    host = urllib.parse.urlsplit(url)
    with socket.create_connection((host.hostname, host.port), timeout=DEADLINE) as connection:
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b'Content-Length: 1000\r\n\r\n{"messages": ['
        )
    assert http.get("/health").status_code == 200
    assert engine.report()["requests"] == before


async def test_while_tokenizing(url, engine):
    """Clients that leave while their long prompts wait for a thread: none of them is generated for."""
    before = engine.report()["requests"]
    body = json.dumps({"prompt": "many words " * 2_000, "max_tokens": 8000 - 6000, "ignore_eos": True}).encode()
    headers = {"content-type": "application/json"}

    async def ask(client):
        await client.post("/v1/completions", content=body, headers=headers)

    async with httpx.AsyncClient(base_url=url, timeout=DEADLINE) as client:
        tasks = [asyncio.create_task(ask(client)) for _ in range(40)]
        await asyncio.sleep(0)
        while (await client.get("/load")).json()["server_load"] == 0:
            pass
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        engine.wait_for(running=0, waiting=0)
        while (await client.get("/load")).json()["server_load"] > 0:
            pass
    after = engine.report()
    assert after["requests"] - before <= 40
    assert after["running"] == 0


def test_many_at_once(url, engine, http):
    """A hundred clients that leave together leave nothing behind."""
    before = engine.report()["aborted"]
    with contextlib.ExitStack() as clients:
        for _ in range(100):
            clients.enter_context(sent(url, SILENCE | {"stream": True}))
        engine.wait_for(running=100)
    engine.wait_for(running=0, aborted=before + 100)
    wait_until(lambda: http.get("/load").json() == {"server_load": 0}, "an idle server")


def test_client_that_does_not_read_is_given_up(url, engine, metrics):
    """Its stream may pile up so far and no further; the engine stops, and others go on."""
    before, aborted = metrics().sum("fastfront:slow_readers_total"), engine.report()["aborted"]
    body = {"prompt": ["A long story"] * 120, "max_tokens": 8000, "ignore_eos": True, "stream": True}
    with sent(url, body, "/v1/completions", receive_buffer=4096) as connection:
        wait_until(lambda: metrics().sum("fastfront:slow_readers_total") == before + 1, "the end of patience")
        engine.wait_for(running=0, aborted=aborted + 120)
        assert engine.report()["generated_tokens"] < 120 * 8000
        data = b""
        while piece := connection.recv(1 << 20):
            data += piece
    assert not data.endswith(b"0\r\n\r\n"), "a stream that was cut off must not look complete"
    assert b"[DONE]" not in data
