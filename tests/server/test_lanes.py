# SPDX-License-Identifier: Apache-2.0
"""Express lanes as the protocol sees them: who is offered a request, when, and whose it is afterwards."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from tests.server.echo_server import DEADLINE, exchange, read_body, server, statuses, trickle

POST = b"POST /lane HTTP/1.1\r\nHost: h\r\n"
LAST = b"GET /last HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


class Lane:
    """Takes requests and answers them through send(); `take` False leaves them, `decline` hands them back later."""

    def __init__(self, *, take: bool = True, decline: bool = False) -> None:
        self.bodies: list[bytes] = []
        self.running = 0
        self._take, self._decline = take, decline
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, request: Any, body: bytes) -> bool:
        self.bodies.append(body)
        if self._take:
            assert self.running == 0, "one response at a time"
            self.running += 1
            self._tasks.add(asyncio.get_running_loop().create_task(self._answer(request, body)))
        return self._take

    async def _answer(self, request: Any, body: bytes) -> None:
        await asyncio.sleep(0)
        self.running -= 1
        if self._decline:
            request.decline()
            return
        await request.send({"type": "http.response.start", "status": 200, "headers": []})
        await request.send({"type": "http.response.body", "body": b"lane %d" % len(body)})


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Say that it was the app."""
    body = await read_body(receive)
    if body is not None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"app %s %d" % (scope["path"].encode(), len(body))})


async def ask(data: bytes, lane: Any, *, step: int | None = None, limit: int = 1000) -> list[bytes]:
    """Return the bodies of all answers."""
    async with server(app) as (connections, port):
        connections.lanes[b"/lane"] = lane
        connections.lane_limit = limit
        whole = data + LAST
        answer = await (exchange(port, whole) if step is None else trickle(connections, whole, step))
    bodies = re.findall(rb"\r\n\r\n((?:app|lane)[^H]*)", answer)
    assert statuses(answer) == [200] * len(bodies)
    assert bodies.pop() == b"app /last 0"
    return bodies


async def test_a_lane_gets_the_whole_body_at_every_cut() -> None:
    """Once, complete, however the bytes arrive and however the body is framed; the connection goes on."""
    sized = POST + b"Content-Length: 5\r\n\r\nhello"
    data = sized + POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
    for step in [*range(1, 30), len(data)]:
        lane = Lane()
        assert await ask(data, lane, step=step) == [b"lane 5", b"lane 3"]
        assert lane.bodies == [b"hello", b"abc"]


async def test_pipelined_requests_wait_their_turn() -> None:
    """The lane sees the next request when it has answered the one before."""
    assert await ask((POST + b"Content-Length: 1\r\n\r\nx") * 20, Lane()) == [b"lane 1"] * 20


async def test_what_a_lane_leaves_is_the_apps() -> None:
    """With its whole body."""
    lane = Lane(take=False)
    assert await ask(POST + b"Content-Length: 5\r\n\r\nhello", lane, step=7) == [b"app /lane 5"]
    assert lane.bodies == [b"hello"]


async def test_what_a_lane_declines_later_is_the_apps() -> None:
    """The request is as it was before the lane took it."""
    assert await ask(POST + b"Content-Length: 5\r\n\r\nhello", Lane(decline=True)) == [b"app /lane 5"]


async def test_a_lane_that_fails_is_logged_and_the_app_answers(caplog: pytest.LogCaptureFixture) -> None:
    """A defect of the short cut is nobody's 500."""

    def broken(request: Any, body: bytes) -> bool:
        raise LookupError("what a lane must not do")

    assert await ask(POST + b"Content-Length: 1\r\n\r\nx", broken) == [b"app /lane 1"]
    assert "An express lane failed" in caplog.text


@pytest.mark.parametrize(
    "request_bytes",
    [
        POST + b"Content-Length: 11\r\n\r\nhello hello",
        POST + b"Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nhello\r\n0\r\n\r\n",
    ],
)
async def test_a_body_too_large_for_a_lane_is_the_apps(request_bytes: bytes) -> None:
    """Announced or not; the app reads it as it comes."""
    for step in (3, len(request_bytes)):
        lane = Lane()
        assert await ask(request_bytes, lane, step=step, limit=10) == [b"app /lane 11"]
        assert lane.bodies == []


async def test_other_methods_and_paths_are_the_apps() -> None:
    """A lane takes POSTs to its own path, and a query does not matter to either."""
    lane = Lane()
    data = b"GET /lane HTTP/1.1\r\nHost: h\r\n\r\nPOST /lane/ HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"
    assert await ask(data, lane) == [b"app /lane 0", b"app /lane/ 0"]
    assert lane.bodies == []
    assert await ask(b"POST /lane?a=b HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", lane) == [b"lane 0"]


async def test_a_client_that_waits_for_100_continue_gets_it_from_the_app() -> None:
    """It would wait for ever for a lane that waits for its body."""
    async with server(app) as (connections, port):
        connections.lanes[b"/lane"] = Lane()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert b"100 Continue" in await asyncio.wait_for(reader.readline(), DEADLINE)
        writer.write(b"hello" + LAST)
        assert b"app /lane 5" in await asyncio.wait_for(reader.read(), DEADLINE)
        writer.close()


async def test_a_client_that_leaves_inside_its_body_is_not_offered() -> None:
    """Nothing happens for a request that never was whole."""
    lane = Lane()
    async with server(app) as (connections, port):
        connections.lanes[b"/lane"] = lane
        lost = asyncio.get_running_loop().create_future()
        note_lost = connections.lost
        connections.lost = lambda connection: (note_lost(connection), lost.set_result(None))  # type: ignore[assignment]
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(POST + b"Content-Length: 5\r\n\r\nhel")
        await writer.drain()
        writer.close()
        await asyncio.wait_for(lost, DEADLINE)
    assert lane.bodies == []


async def test_a_body_that_does_not_come_times_out() -> None:
    """As for the app: 408, and the connection ends."""
    async with server(app) as (connections, port):
        connections.lanes[b"/lane"] = Lane()
        connections._limits["body"] = 0.0
        answer = await exchange(port, POST + b"Content-Length: 5\r\n\r\nhel")
    assert statuses(answer) == [408]
