# SPDX-License-Identifier: Apache-2.0
"""The compiled HTTP/1.1 protocol over real sockets, with a small ASGI app behind it."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.server.echo_server import DEADLINE, echo, exchange, read_body, server, statuses, trickle

REQUESTS = (
    b"POST /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"
    b"POST /chunked HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"
    b"GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"
    b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
)


async def test_pipelined_requests_are_answered_in_order_at_every_cut() -> None:
    """However the bytes arrive, the answers are the same and none is interleaved with another."""
    async with server() as (connections, _):
        for step in [*range(1, 40), len(REQUESTS)]:
            answer = re.sub(rb"date: [^\r]*\r\n", b"", await trickle(connections, REQUESTS, step))
            assert answer == (
                b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 15\r\n\r\nPOST /a b?x=1 3"
                b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 16\r\n\r\nPOST /chunked? 5"
                b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ntransfer-encoding: chunked\r\n\r\n"
                b"3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
                b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 12\r\nconnection: close\r\n\r\n"
                b"GET /last? 0"
            )


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: h\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00", 400),
        (b"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: h\r\n" + b"".join(b"x%d: y\r\n" % i for i in range(30)) + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nHost: h\r\nx: " + b"y" * 8192 + b"\r\n\r\n", 431),
        (b"GET /" + b"y" * 8192, 431),
    ],
)
async def test_what_is_no_request_gets_a_4xx_with_a_json_body(request_bytes: bytes, status: int) -> None:
    """Broken, too large, too many: one answer, then the connection closes."""
    async with server() as (_, port):
        answer = await exchange(port, request_bytes)
    assert statuses(answer) == [status]
    assert b'{"error":{"message":"' in answer
    assert b"connection: close" in answer


@pytest.mark.parametrize("endless", [b"GET /", b"GET / HTTP/1.1\r\nx: "])
async def test_an_endless_head_behind_another_request_is_refused(endless: bytes) -> None:
    """What the parser holds of an unfinished line is bounded, wherever the head began."""
    async with server() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /first HTTP/1.1\r\nHost: h\r\n\r\n" + endless)
        await asyncio.wait_for(reader.readuntil(b"/first? 0"), DEADLINE)
        for _ in range(5):
            writer.write(b"y" * 1000)
            await writer.drain()
        writer.write(b"y" * 100_000)
        assert statuses(await asyncio.wait_for(reader.read(), DEADLINE)) == [431]
        writer.close()


async def test_http_1_0_gets_no_chunks() -> None:
    """A stream to an HTTP/1.0 client ends with the connection."""
    async with server() as (_, port):
        answer = await exchange(port, b"GET /stream HTTP/1.0\r\n\r\n")
    assert answer.endswith(b"\r\n\r\nonetwo")
    assert b"chunked" not in answer


async def test_head_has_headers_and_no_body() -> None:
    """The content-length is that of the GET."""
    async with server() as (_, port):
        answer = await exchange(port, b"HEAD /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
    assert b"content-length: 10" in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_expect_continue_is_answered_when_the_app_wants_the_body() -> None:
    """The client sends its body only after 100 Continue."""
    async with server() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), DEADLINE) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"ab")
        assert b"POST /x? 2" in await asyncio.wait_for(reader.readuntil(b"? 2"), DEADLINE)
        writer.close()


async def test_a_client_that_leaves_is_told_to_the_app_once() -> None:
    """receive() says http.disconnect, and so does the extension's callback."""
    events: list[str] = []
    left = asyncio.Event()
    running = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await read_body(receive)
        scope["extensions"]["fastfront.socket"].on_disconnect = lambda: events.append("callback")
        running.set()
        events.append((await receive())["type"])
        with pytest.raises(OSError, match="client has gone"):
            await send({"type": "http.response.start", "status": 200})
        left.set()

    async with server(app) as (_, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        await asyncio.wait_for(running.wait(), DEADLINE)
        writer.close()
        await asyncio.wait_for(left.wait(), DEADLINE)
    assert sorted(events) == ["callback", "http.disconnect"]


async def test_an_app_that_fails_before_its_response_gives_500_and_after_it_began_a_cut_connection(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The client never takes half a response for a whole one."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/late":
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise LookupError("broken app")

    async with server(app) as (_, port):
        assert statuses(await exchange(port, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")) == [500]
        try:
            late = await exchange(port, b"GET /late HTTP/1.1\r\nHost: h\r\n\r\n")
        except ConnectionResetError:
            late = b""
        assert not late.endswith(b"0\r\n\r\n")
    assert "broken app" in caplog.text


async def test_a_response_that_does_not_read_the_body_still_reaches_the_client() -> None:
    """The connection lingers until the client has stopped sending, so that no reset takes the answer away."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 413})
        await send({"type": "http.response.body", "body": b"too large"})

    async with server(app) as (_, port):
        answer = await exchange(
            port, b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000000\r\n\r\n" + b"x" * 500_000
        )
    assert statuses(answer) == [413]
    assert answer.endswith(b"too large")


async def test_a_body_that_nobody_reads_is_not_taken_from_the_client() -> None:
    """Reading pauses at a bound; it goes on when the app reads."""
    go_on = asyncio.Event()
    total: list[int] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await go_on.wait()
        body = await read_body(receive)
        total.append(len(body or b""))
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"ok"})

    size = 48 << 20
    async with server(app) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
        )
        # The kernel's buffers and the server's take what they can: the rest waits in ours.
        while True:
            before = writer.transport.get_write_buffer_size()
            await asyncio.wait(
                [asyncio.ensure_future(asyncio.get_running_loop().run_in_executor(None, sum, range(200_000)))]
            )
            if before == writer.transport.get_write_buffer_size():
                break
        assert writer.transport.get_write_buffer_size() > size // 2
        go_on.set()
        assert (await asyncio.wait_for(reader.read(), DEADLINE)).endswith(b"ok")
        writer.close()
    assert total == [size]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", []),
        (b"GET / HTTP/1.1\r\nHo", [408]),
        (b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab", [408]),
    ],
)
async def test_a_client_that_stops_sending_is_timed_out(
    sent: bytes, status: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Idle, inside the head, inside the body: each wait has a limit."""
    monkeypatch.setattr("fastfront.server.connections.SWEEP_INTERVAL", 0.01)
    monkeypatch.setattr("fastfront.server.connections.HEAD_TIMEOUT", 0.05)
    monkeypatch.setattr("fastfront.server.connections.BODY_TIMEOUT", 0.05)
    async with server(keep_alive_timeout=0.05) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert statuses(await asyncio.wait_for(reader.read(), DEADLINE)) == status
        writer.close()


async def test_closing_lets_a_running_response_finish_and_closes_idle_connections() -> None:
    """The response that is under way says connection: close."""
    go_on = asyncio.Event()
    running = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        running.set()
        await go_on.wait()
        await echo(scope, receive, send)

    async with server(app) as (connections, port):
        idle_reader, idle_writer = await asyncio.open_connection("127.0.0.1", port)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n")
        await asyncio.wait_for(running.wait(), DEADLINE)
        close = asyncio.create_task(connections.close(DEADLINE))
        assert await asyncio.wait_for(idle_reader.read(), DEADLINE) == b""
        go_on.set()
        answer = await asyncio.wait_for(reader.read(), DEADLINE)
        assert b"connection: close" in answer
        assert answer.endswith(b"GET /x? 0")
        await close
        idle_writer.close()
        writer.close()


async def test_http2_is_handed_to_hypercorn() -> None:
    """Prior knowledge: the connection's first bytes reach Hypercorn's HTTP/2, which answers with a SETTINGS frame."""
    async with server() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        frame = await asyncio.wait_for(reader.readexactly(9), DEADLINE)
        assert frame[3] == 4
        writer.close()


async def test_an_upgrade_is_handed_to_hypercorn() -> None:
    """h2c: Hypercorn answers 101 to the request it was given with the bytes already read."""
    async with server() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
            b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n"
        )
        assert (await asyncio.wait_for(reader.readline(), DEADLINE)).startswith(b"HTTP/1.1 101")
        writer.close()


async def test_response_headers_with_line_breaks_are_refused() -> None:
    """No response splitting through an app's headers."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x", b"a\r\nset-cookie: b")]})
        await send({"type": "http.response.body", "body": b""})

    async with server(app) as (_, port):
        answer = await exchange(port, b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert statuses(answer) == [500]
    assert b"set-cookie" not in answer
