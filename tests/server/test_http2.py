# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 under `fastfront serve`: Hypercorn's, with a bound on what waits for a client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl

import httpx
import hypercorn.protocol.h2
from hypercorn.asyncio.worker_context import EventWrapper

from fastfront.server.http2 import BoundedStreamBuffer, bound_buffers
from tests.e2e.metrics import read_metrics
from tests.e2e.raw_clients import raw_client
from tests.server.processes import DEADLINE, chat, serving_sim, wait_until


async def test_buffer_holds_the_sender_back_while_the_client_takes_nothing():
    """A window of 0 bytes is no progress; taking what waits is."""
    buffer = BoundedStreamBuffer(EventWrapper)
    pushed = 0

    async def push():
        nonlocal pushed
        while True:
            await buffer.push(b"x" * 4096)
            pushed += 4096

    task = asyncio.create_task(push())
    for _ in range(100):
        assert await buffer.pop(0) == b""
        await asyncio.sleep(0)
    before = pushed
    assert before <= 64 * 1024
    taken = 0
    while taken < 10 * before:
        taken += len(await buffer.pop(16384))
        await asyncio.sleep(0)
    assert pushed >= taken - before
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_hypercorn_uses_it():
    """The name is still where Hypercorn looks it up."""
    bound_buffers()
    assert hypercorn.protocol.h2.StreamBuffer is BoundedStreamBuffer


def test_client_that_does_not_read_is_given_up(certificate):
    """Over HTTP/2, too, a stream piles up so far and no further."""
    key, cert = certificate
    with serving_sim("--ssl-keyfile", key, "--ssl-certfile", cert, "--token-ms", "1") as server:
        options = {"verify": ssl.create_default_context(cafile=cert)}
        url = httpx.URL(server.url.replace("http://127.0.0.1", "https://localhost"))
        body = json.dumps(chat(stream=True, n=100, temperature=1, max_tokens=3000, ignore_eos=True)).encode()
        with httpx.Client(base_url=url, timeout=DEADLINE, **options) as http:

            def slow_readers():
                return read_metrics(http.get("/metrics").text).sum("fastfront:slow_readers_total")

            with contextlib.closing(raw_client(url, options)) as client:
                client.request("/v1/chat/completions", body, len(body))
                wait_until(lambda: slow_readers() == 1, "the end of patience")
                data = b""
                while piece := client.recv(1 << 16):
                    data += piece
                assert data.startswith(b"data: ")
                assert not client.is_complete(data)
