# SPDX-License-Identifier: Apache-2.0
"""What lies around and between requests on a connection: trailers, chunk extensions, bursts, the client's last word."""

from __future__ import annotations

import asyncio
import re
import socket
from typing import Any

import pytest

from tests.server.echo_server import DEADLINE, connect, echo, exchange, read_body, server, statuses, trickle

CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("step", [1, 7, None])
async def test_trailers_are_dropped(step: int | None) -> None:
    """Headers are what a request began with: nothing behind its body adds to them."""
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        before = list(scope["headers"])
        await echo(scope, receive, send)
        seen.append((before, list(scope["headers"])))

    data = CHUNKED + b"1\r\na\r\n0\r\nX-Request-Id: evil\r\nAuthorization: evil\r\n\r\n" + LAST
    async with server(app) as (connections, port):
        answer = await (exchange(port, data) if step is None else trickle(connections, data, step))
    assert statuses(answer) == [200, 200]
    assert all(before == after and b"evil" not in dict(after).values() for before, after in seen)


@pytest.mark.parametrize("step", [1, 7, None])
async def test_chunk_extensions_are_skipped(step: int | None) -> None:
    """They say nothing that anybody here knows."""
    data = CHUNKED + b'2;a=b\r\nab\r\n3;c="d"\r\ncde\r\n0;e\r\n\r\n' + LAST
    async with server() as (connections, port):
        answer = await (exchange(port, data) if step is None else trickle(connections, data, step))
    assert b"POST /? 5" in answer
    assert statuses(answer) == [200, 200]


@pytest.mark.parametrize("begin", [b"1;", b"1\r\na\r\n0\r\nX: ", b"1\r\na\r\n0;"])
async def test_endless_chunk_extension_or_trailer_is_refused(begin: bytes) -> None:
    """What brings no body is bounded like a head: nobody keeps it, or reads it for ever."""
    async with server() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(CHUNKED + begin)
        writer.write(b"y" * (1 << 20))
        assert statuses(await asyncio.wait_for(reader.read(), DEADLINE)) == [431]
        writer.close()


async def test_many_small_chunks_are_no_abuse() -> None:
    """The bound is on what comes without a body, not on what framing adds up to."""
    async with server() as (_, port):
        answer = await exchange(port, CHUNKED + b"1\r\na\r\n" * 5000 + b"0\r\n\r\n" + LAST)
    assert b"POST /? 5000" in answer
    assert statuses(answer) == [200, 200]


async def test_burst_of_pipelined_requests_is_answered_in_order() -> None:
    """Far more at once than may wait: none is lost, none overtakes another."""
    count = 250
    burst = b"".join(b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(count))
    async with server() as (_, port):
        answer = await exchange(port, burst + LAST)
    assert re.findall(rb"GET /(\w+)\?", answer) == [b"%d" % number for number in range(count)] + [b"last"]


async def test_burst_that_would_take_memory_is_refused() -> None:
    """A read can bring ten thousand requests, which are a hundred times its size once they are parsed."""
    async with server() as (_, port):
        answer = await exchange(port, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n" * 5000)
    assert statuses(answer) == [429]


@pytest.mark.parametrize("step", [1, 100, 1000, 3000])
async def test_head_is_as_large_as_it_is_however_it_comes(step: int) -> None:
    """The limit counts each byte of a head once, and nothing of what stands before it in the same read."""
    head = b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 3000\r\n" + b"x: " + b"y" * 3000 + b"\r\n\r\n"
    async with server() as (connections, _):
        answer = await trickle(connections, (head + b"z" * 3000) * 3 + LAST, step)
    assert statuses(answer) == [200] * 4


async def test_requests_behind_a_slow_one_wait_with_the_client() -> None:
    """While one request is answered, only so many behind it are read; afterwards they are answered in order."""
    go_on = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await go_on.wait()
        await echo(scope, receive, send)

    requests = [b"GET /%d HTTP/1.1\r\nHost: h\r\n\r\n" % number for number in range(200)]
    first = b"".join(requests[:20])
    async with server(app) as (connections, _):
        reader, writer, protocol = await connect(connections)
        writer.write(first)
        await asyncio.wait_for(protocol.changed.wait(), DEADLINE)
        writer.write(b"".join(requests[20:]) + LAST)
        for _ in range(20):
            await asyncio.sleep(0)
        assert protocol.received == len(first)
        go_on.set()
        answer = await asyncio.wait_for(reader.read(), DEADLINE)
        writer.close()
    assert re.findall(rb"GET /(\w+)\?", answer) == [b"%d" % number for number in range(200)] + [b"last"]


async def test_what_follows_the_last_request_is_not_read() -> None:
    """A request that says `connection: close` is answered; bytes behind it are nobody's, and no reason to fail it."""
    for step in (1, 7, 1 << 20):
        async with server() as (connections, _):
            answer = await trickle(connections, LAST + b"\r\n\r\nGET /more HTTP/1.1\r\nHost: h\r\n\r\n\x00\x01", step)
        assert statuses(answer) == [200]
        assert answer.endswith(b"GET /last? 0")


async def test_client_that_shuts_down_its_side_has_left() -> None:
    """As under uvicorn and Hypercorn: a FIN is all that a client's leaving looks like, so nothing is made for it."""
    left = asyncio.Event()
    running = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_body(receive)
        running.set()
        if (await receive())["type"] == "http.disconnect":
            left.set()

    async with server(app) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await asyncio.wait_for(running.wait(), DEADLINE)
        writer.write_eof()
        await asyncio.wait_for(left.wait(), DEADLINE)
        assert await asyncio.wait_for(reader.read(), DEADLINE) == b""
        writer.close()


async def test_client_that_shuts_down_its_side_inside_a_body_has_left() -> None:
    """The app never sees half a body as a whole one."""
    bodies: list[bytes | None] = []
    done = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        bodies.append(await read_body(receive))
        done.set()

    async with server(app) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab")
        writer.write_eof()
        assert await asyncio.wait_for(reader.read(), DEADLINE) == b""
        await asyncio.wait_for(done.wait(), DEADLINE)
        writer.close()
    assert bodies == [None]


async def test_expect_continue_means_nothing_in_http_1_0() -> None:
    """A client of that age would take 100 for the answer."""
    async with server() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /x HTTP/1.0\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        await asyncio.sleep(0)
        writer.write(b"ab")
        answer = await asyncio.wait_for(reader.read(), DEADLINE)
        writer.close()
    assert b"100 Continue" not in answer
    assert answer.endswith(b"POST /x? 2")


async def test_expect_continue_is_not_answered_when_the_body_is_not_wanted() -> None:
    """The final status comes instead, and the connection ends: the client need not send what nobody reads."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 413})
        await send({"type": "http.response.body", "body": b"too large"})

    async with server(app) as (_, port):
        answer = await exchange(
            port, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\nExpect: 100-continue\r\n\r\n"
        )
    assert statuses(answer) == [413]
    assert b"connection: close" in answer


async def test_head_that_drips_is_timed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit is on the whole head: a byte now and then does not extend it."""
    monkeypatch.setattr("fastfront.server.connections.SWEEP_INTERVAL", 0.01)
    monkeypatch.setattr("fastfront.server.connections.HEAD_TIMEOUT", 0.1)
    async with server() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nx: ")
        answer = asyncio.create_task(reader.read())
        while not answer.done():
            writer.write(b"y")
            await asyncio.wait({answer}, timeout=0.01)
        assert statuses(answer.result()) == [408]
        writer.close()


async def test_client_that_does_not_read_holds_its_app_back() -> None:
    """send() waits when the socket and the transport's buffer are full, and goes on when the client reads."""
    piece = b"x" * 65536
    count = 300
    sent = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal sent
        await send({"type": "http.response.start", "status": 200})
        for _ in range(count):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            sent += len(piece)
        await send({"type": "http.response.body", "body": b"end"})

    loop = asyncio.get_running_loop()
    async with server(app) as (connections, port):
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.setblocking(False)
        await loop.sock_connect(client, ("127.0.0.1", port))
        await loop.sock_sendall(client, LAST)
        turns = 0
        while turns < 50:  # in which nothing has moved
            paused = [connection for connection in connections._open if connection.write_paused is not None]
            turns = turns + 1 if paused else 0
            await asyncio.sleep(0)
        assert sent < count * len(piece)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        data = b""
        while received := await asyncio.wait_for(loop.sock_recv(client, 1 << 20), DEADLINE):
            data = data[-100:] + received
        client.close()
    assert sent == count * len(piece)
    assert data.endswith(b"3\r\nend\r\n0\r\n\r\n")
