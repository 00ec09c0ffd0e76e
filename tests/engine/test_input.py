# SPDX-License-Identifier: Apache-2.0
"""The engines' input socket on an event loop: messages, losses, what one turn of the loop sends, and the end."""

from __future__ import annotations

import asyncio
import logging
import socket
from typing import TYPE_CHECKING

import pytest
import uvloop
import zmq
import zmq.asyncio

from fastfront.engine.input import EngineInput
from fastfront.engine.listeners import listen_tcp, listen_unix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from typing import TypeAlias

    Connect: TypeAlias = Callable[[str], zmq.asyncio.Socket]

PATIENCE = 10.0


class Events:
    """An EngineInput, and what it reported, in order."""

    def __init__(self, listener: socket.socket) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self._changed = asyncio.Event()
        self.input = EngineInput(
            listener,
            on_message=lambda identity, body: self._note("message", identity + body),
            on_lost=lambda identity: self._note("lost", identity),
        )
        self.input.start(asyncio.get_running_loop())

    def _note(self, kind: str, what: bytes) -> None:
        self.seen.append((kind, what))
        self._changed.set()

    async def until(self, count: int) -> list[tuple[str, bytes]]:
        while len(self.seen) < count:
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), PATIENCE)
        return self.seen


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Make DEALERs, which are closed at the end."""
    context = zmq.asyncio.Context()
    made: list[zmq.asyncio.Socket] = []

    def connect(address: str) -> zmq.asyncio.Socket:
        made.append(dealer(context, address))
        return made[-1]

    yield connect
    context.destroy(linger=0)


def dealer(context: zmq.asyncio.Context, address: str) -> zmq.asyncio.Socket:
    peer = context.socket(zmq.DEALER)
    peer.setsockopt(zmq.IDENTITY, b"AA")
    peer.setsockopt(zmq.LINGER, 1000)
    peer.setsockopt(zmq.RCVHWM, 0)
    peer.connect(address)
    return peer


async def received(peer: zmq.asyncio.Socket) -> list[bytes]:
    frames: list[bytes] = await asyncio.wait_for(peer.recv_multipart(), PATIENCE)
    return frames


async def exchange(listener: socket.socket) -> None:
    context = zmq.asyncio.Context()
    events = Events(listener)
    peer = dealer(context, events.input.address)
    for number in range(1000):
        await peer.send(b"%d" % number)
    await events.until(1000)
    for number in range(1000):
        events.input.send(b"AA", b"\0", b"%d" % number)
    assert [await received(peer) for _ in range(1000)] == [[b"\0", b"%d" % number] for number in range(1000)]
    peer.close()
    seen = await events.until(1001)
    assert seen == [*(("message", b"AA%d" % number) for number in range(1000)), ("lost", b"AA")]
    events.input.close()
    context.destroy(0)


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("transport", ["ipc", "tcp"])
def test_messages_both_ways(new_loop: object, transport: str, tmp_path: Path) -> None:
    """On either loop and transport, in order, with the loss behind what the peer said."""
    listener = listen_tcp("127.0.0.1") if transport == "tcp" else listen_unix(str(tmp_path / "s"))
    loop = new_loop()  # type: ignore[operator]
    try:
        loop.run_until_complete(exchange(listener))
    finally:
        loop.close()


async def test_further_frames_follow_at_once_and_in_order(connect: Connect) -> None:
    """A message with more frames leaves behind what was sent before it, however large it is."""
    events = Events(listen_tcp("127.0.0.1"))
    peer = connect(events.input.address)
    await peer.send(b"x")
    await events.until(1)
    large = bytes(range(256)) * 20_000
    events.input.send(b"AA", b"\0", b"first")
    events.input.send(b"AA", b"\0", b"second", (large, b"small"))
    events.input.send(b"AA", b"\0", b"third")
    reading = [await received(peer) for _ in range(3)]
    assert reading == [[b"\0", b"first"], [b"\0", b"second", large, b"small"], [b"\0", b"third"]]
    with pytest.raises(OSError, match=r"(?i)route|reach"):
        events.input.send(b"BB", b"\0", b"nobody", (b"more",))
    events.input.close()


async def test_one_turn_of_the_loop_is_one_flush(connect: Connect) -> None:
    """What is sent in one turn leaves when it ends, in order, without a word more from the sender."""
    events = Events(listen_tcp("127.0.0.1"))
    peer = connect(events.input.address)
    await peer.send(b"x")
    await events.until(1)
    for number in range(3):
        events.input.send(b"AA", b"\0", b"%d" % number)
    assert [await received(peer) for _ in range(3)] == [[b"\0", b"0"], [b"\0", b"1"], [b"\0", b"2"]]
    events.input.close()


async def test_peer_that_is_not_there() -> None:
    """A message for an engine that is not connected must not vanish in silence."""
    events = Events(listen_tcp("127.0.0.1"))
    with pytest.raises(OSError, match="No route to host"):
        events.input.send(b"AA", b"\0", b"x")
    events.input.close()


async def test_drain_lets_what_was_sent_leave(connect: Connect) -> None:
    """A peer that reads slowly gets everything, though the socket is closed right behind it."""
    events = Events(listen_tcp("127.0.0.1"))
    peer = connect(events.input.address)
    await peer.send(b"x")
    await events.until(1)
    payload = bytes(10_000_000)
    for _ in range(3):
        events.input.send(b"AA", b"\0", payload)
    events.input.send(b"AA", b"\1", b"abort")
    await events.input.drain(PATIENCE)
    events.input.close()
    assert [(await received(peer))[1] for _ in range(4)] == [payload, payload, payload, b"abort"]


async def test_drain_gives_up_on_a_peer_that_does_not_read() -> None:
    """After the time that was given the end goes on."""
    events = Events(listen_tcp("127.0.0.1"))
    host, port = events.input.address.removeprefix("tcp://").split(":")
    ready = b"\5READY\x0bSocket-Type\0\0\0\6DEALER\x08Identity\0\0\0\2AA"
    with socket.create_connection((host, int(port))) as deaf:
        greeting = (b"\xff" + bytes(8) + b"\x7f\3\1NULL").ljust(64, b"\0")
        deaf.sendall(greeting + bytes([4, len(ready)]) + ready + b"\0\1x")
        await events.until(1)
        events.input.send(b"AA", b"\0", bytes(50_000_000))
        await events.input.drain(0.01)
        events.input.close()


async def test_close_while_messages_are_taken(connect: Connect) -> None:
    """A message may lead to the end of its socket: reading stops there. Closing again does nothing."""
    events = Events(listen_tcp("127.0.0.1"))
    peer = connect(events.input.address)
    await peer.send(b"0")
    await events.until(1)
    closed = asyncio.get_running_loop().create_future()

    def close(_identity: bytes, body: bytes) -> None:
        events.input.close()
        closed.set_result(body)  # a second time would raise

    events.input._on_message = close
    await peer.send(b"1")
    await peer.send(b"2")
    assert await asyncio.wait_for(closed, PATIENCE) == b"1"
    events.input.poll()
    events.input.close()


async def test_strangers_are_logged(connect: Connect, caplog: pytest.LogCaptureFixture) -> None:
    """A port scan is sent away with a line in the log, and is no loss."""
    events = Events(listen_tcp("127.0.0.1"))
    host, port = events.input.address.removeprefix("tcp://").split(":")
    with socket.create_connection((host, int(port))) as scan, caplog.at_level(logging.WARNING):
        scan.sendall(b"GET / HTTP/1.1\r\n\r\n")
        peer = connect(events.input.address)
        await peer.send(b"x")
        peer.close()
        assert await events.until(2) == [("message", b"AAx"), ("lost", b"AA")]
    assert caplog.messages == ["sent a peer of the engines' input socket away: it does not speak ZMTP 3"]
    events.input.close()
