# SPDX-License-Identifier: Apache-2.0
"""One reader that stops among many that read: its stream is bounded and given up, and the others notice nothing."""

from __future__ import annotations

import asyncio
import itertools
import json
import resource
import socket
import time
from pathlib import Path

import httpx
import pytest

from tests.e2e.metrics import read_metrics
from tests.e2e.ways import serving
from tests.server.processes import DEADLINE

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

TOKENS = 100
"""How many each of the readers asks for."""

CHOICES = 600
"""How many answers the reader that stops has asked for: what it leaves unread is soon more than buffers hold."""

MAY_GROW = 24 << 20
"""Bytes that the server's memory may grow by while the reader does not read: what may wait is 1 MiB."""


class Reader(asyncio.Protocol):
    """A client that reads its stream as it comes; `times` has a time for each event. It may stop after so many."""

    def __init__(self, request, stop_after=None):
        loop = asyncio.get_running_loop()
        self.request = request
        self.stop_after = stop_after
        self.stopped_at = None
        self.times = []
        self.tail = b""
        self.begun = loop.create_future()
        self.done = loop.create_future()

    def connection_made(self, transport):
        self.transport = transport
        transport.write(self.request)

    def data_received(self, data):
        now = time.perf_counter()
        self.times += [now] * data.count(b"data: {")
        self.tail = self.tail[-20:] + data
        if self.times and not self.begun.done():
            self.begun.set_result(None)
        if b"data: [DONE]" in self.tail:
            self.transport.close()
        elif self.stop_after is not None and len(self.times) > self.stop_after and self.stopped_at is None:
            self.transport.pause_reading()
            self.stopped_at = now

    def connection_lost(self, exc):
        if not self.done.done():
            self.done.set_result(b"data: [DONE]" in self.tail)


async def open_reader(url, stop_after=None, **body):
    """Ask for a stream on a connection with a small receive buffer."""
    content = json.dumps({"messages": [{"role": "user", "content": "A story"}], "ignore_eos": True, **body}).encode()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32768)
    connection.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(connection, (url.host, url.port))
    _, reader = await loop.create_connection(lambda: Reader(head.encode() + content, stop_after), sock=connection)
    return reader


async def open_readers(url, count):
    """Connect so many readers; return them when each has its first event."""
    readers = []
    while len(readers) < count:
        batch = min(100, count - len(readers))
        readers += await asyncio.gather(*(open_reader(url, max_tokens=TOKENS, stream=True) for _ in range(batch)))
    await asyncio.gather(*(reader.begun for reader in readers))
    return readers


def resident_bytes(pid):
    """Return how much memory a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def gaps(readers, since, until):
    """Tell how long it was between two events of a stream, in all streams, within a time."""
    found = sorted(
        later - earlier
        for reader in readers
        for earlier, later in itertools.pairwise(reader.times)
        if since <= earlier and later <= until
    )
    if not found:
        return "none"
    return f"median {found[len(found) // 2] * 1e3:.0f} ms, p99 {found[len(found) * 99 // 100] * 1e3:.0f} ms"


@pytest.fixture
def many_files():
    """Let this process and its children open as many files as the machine allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4200:
        pytest.skip(f"2,000 connections need more than the {hard} files that this machine allows")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize(("way", "count"), [("socket", 2000), ("uvicorn", 400)])
async def test_reader_that_stops_among_many(way, count, many_files, certificate):
    """Memory stays where it was, the one request is aborted, and every other stream is whole."""
    engine_args = ("--max-num-seqs", "4096", "--token-ms", "50", "--ttft-ms", "1")
    with serving(way, engine_args, certificate) as server:
        url = httpx.URL(server.url)
        readers = await open_readers(url, count)
        stopped = await open_reader(
            url, stop_after=20 * CHOICES, stream=True, n=CHOICES, temperature=1, max_tokens=4000
        )
        begun = time.perf_counter()
        before = peak = resident_bytes(server.process.pid)
        given_up = None
        async with httpx.AsyncClient(base_url=url, timeout=DEADLINE, **server.client_options) as http:
            while given_up is None:
                metrics = read_metrics((await http.get("/metrics")).text)
                peak = max(peak, resident_bytes(server.process.pid))
                if metrics.sum("fastfront:slow_readers_total") == 1:
                    given_up = time.perf_counter()
            whole = await asyncio.wait_for(asyncio.gather(*(reader.done for reader in readers)), 60)
            metrics = read_metrics((await http.get("/metrics")).text)
        stopped.transport.abort()
        assert all(whole)
        assert all(len(reader.times) == 1 + TOKENS for reader in readers)
        assert metrics.sum("vllm:request_success_total", finished_reason="abort") == CHOICES
        assert metrics.sum("vllm:request_success_total", finished_reason="length") == count
        print(f"{way}: {count} streams, memory +{(peak - before) / 2**20:.1f} MB")
        print("  gaps while all read:   ", gaps(readers, begun, stopped.stopped_at))
        print("  gaps while one did not:", gaps(readers, stopped.stopped_at, given_up))
        assert peak - before < MAY_GROW
