# SPDX-License-Identifier: Apache-2.0
"""Large bodies under uvloop, which reads them to where they stay: a lane gets every byte, the connection goes on."""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections.abc import Coroutine
from typing import Any

import pytest
import uvloop

from tests.server.echo_server import DEADLINE, connect, server, statuses
from tests.server.test_lanes import LAST, Lane, app

LIMIT = 1 << 20


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it on uvloop."""
    return uvloop.run(asyncio.wait_for(coroutine, DEADLINE))


def post(body: bytes, *more: bytes) -> bytes:
    """Return a request with that body."""
    head = b"".join(header + b"\r\n" for header in (b"Host: h", b"Content-Length: %d" % len(body), *more))
    return b"POST /lane HTTP/1.1\r\n" + head + b"\r\n" + body


async def ask(pieces: list[bytes], lane: Any) -> tuple[list[int], list[bytes]]:
    """Send the pieces one by one, and return statuses and bodies of the answers."""
    async with server(app) as (connections, _):
        connections.lanes[b"/lane"] = lane
        connections.lane_limit = LIMIT
        reader, writer, _ = await connect(connections)
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        answer = await reader.read()
        writer.close()
    return statuses(answer), re.findall(rb"\r\n\r\n((?:app|lane)[^H]*)", answer)


@pytest.mark.parametrize("sizes", [[20_000], [300_000], [1_000_000], [50_000, 3, 0, 700_000, 16_385, 16_384]])
def test_a_lane_gets_every_byte(sizes: list[int]) -> None:
    """However large the bodies are, and with other requests before and behind them in the same bytes."""
    rng = random.Random(3)
    bodies = [rng.randbytes(size) for size in sizes]
    lane = Lane()
    found = run(ask([b"".join(map(post, bodies)) + LAST], lane))
    assert found == ([200] * (len(sizes) + 1), [*(b"lane %d" % size for size in sizes), b"app /last 0"])
    assert lane.bodies == bodies


@pytest.mark.parametrize("seed", range(20))
def test_a_lane_gets_every_byte_at_any_cut(seed: int) -> None:
    """The head may come alone, with a little or with most of its body."""
    rng = random.Random(seed)
    bodies = [rng.randbytes(rng.randrange(200_000)) for _ in range(4)]
    data = b"".join(map(post, bodies)) + LAST
    cuts = sorted({0, len(data), *(rng.randrange(len(data)) for _ in range(rng.randrange(60)))})
    lane = Lane()
    found, _ = run(ask([data[a:b] for a, b in itertools.pairwise(cuts)], lane))
    assert found == [200] * 5, f"seed {seed}"
    assert lane.bodies == bodies, f"seed {seed}"


def test_a_body_behind_which_the_connection_closes() -> None:
    """Nothing behind it is answered."""
    body = bytes(100_000)
    lane = Lane()
    data = post(body, b"Connection: close")
    assert run(ask([data[:50_000], data[50_000:] + LAST], lane)) == ([200], [b"lane 100000"])
    assert lane.bodies == [body]


def test_a_large_body_that_the_app_gets() -> None:
    """What a lane leaves, declines, or must not have is read as ever."""
    body = random.Random(1).randbytes(400_000)
    for lane in (Lane(take=False), Lane(decline=True)):
        assert run(ask([post(body) + LAST], lane)) == ([200, 200], [b"app /lane 400000", b"app /last 0"])
    lane = Lane()
    large = post(bytes(LIMIT + 1))
    assert run(ask([large + LAST], lane)) == ([200, 200], [b"app /lane %d" % (LIMIT + 1), b"app /last 0"])
    assert lane.bodies == []


def test_a_client_that_leaves_inside_its_body_is_not_offered() -> None:
    """Nor is anything read any more."""

    async def leave(lane: Lane) -> None:
        async with server(app) as (connections, port):
            connections.lanes[b"/lane"] = lane  # type: ignore[assignment]
            lost = asyncio.get_running_loop().create_future()
            note_lost = connections.lost
            connections.lost = lambda connection: (note_lost(connection), lost.set_result(None))  # type: ignore[assignment]
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(post(bytes(300_000))[:-1])
            await writer.drain()
            writer.close()
            await lost

    lane = Lane()
    run(leave(lane))
    assert lane.bodies == []


def test_memory_grows_with_what_has_come() -> None:
    """A head that promises a large body gets no more than some sixteen times what has come of it."""

    async def promise() -> int:
        async with server(app) as (connections, _):
            connections.lanes[b"/lane"] = Lane()  # type: ignore[assignment]
            _, writer, protocol = await connect(connections)
            writer.write(post(bytes(1_000_000))[:1000])
            await writer.drain()
            while not protocol.received:
                await protocol.changed.wait()
            room = len(memoryview(protocol.get_buffer(-1)))
            writer.close()
            return room

    assert 0 < run(promise()) <= 16 * 1000
