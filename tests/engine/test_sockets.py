# SPDX-License-Identifier: Apache-2.0
"""Sockets of libzmq: options, and what a ROUTER says of its peers."""

from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import pytest
import zmq

from fastfront.engine.sockets import (
    HEARTBEAT_INTERVAL_MS,
    LARGE_BUFFER_BYTES,
    RouterSocket,
    SocketReader,
    buffer_bytes,
    make_socket,
    memory_bytes,
)
from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fastfront.engine.sockets import Context, Socket

GIB = 1024**3
PATIENCE = 10.0
PATIENCE_MS = 10_000


@pytest.fixture
def context() -> Iterator[Context]:
    made: Context = zmq.Context()
    made.linger = 0
    yield made
    made.destroy(linger=0)


class Events:
    """What a RouterSocket reported, in order."""

    def __init__(self, context: Context, address: str) -> None:
        self.seen: list[tuple[str, bytes]] = []
        self._changed = asyncio.Event()
        self.router = RouterSocket(
            make_socket(context, zmq.ROUTER, address),
            address,
            on_message=lambda identity, body: self._note("message", identity, body.bytes),
            on_lost=lambda identity: self._note("lost", identity, b""),
        )

    def _note(self, kind: str, identity: bytes, body: bytes) -> None:
        self.seen.append((kind, identity + body))
        self._changed.set()

    async def until(self, count: int) -> list[tuple[str, bytes]]:
        while len(self.seen) < count:
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), PATIENCE)
        return self.seen


def dealer(context: Context, address: str, identity: bytes) -> Socket:
    peer = context.socket(zmq.DEALER)
    peer.setsockopt(zmq.LINGER, 1000)
    peer.setsockopt(zmq.IDENTITY, identity)
    peer.connect(address)
    return peer


def test_buffers_follow_vllms_rule() -> None:
    """Half a GiB where there is memory to spare, else what the system gives."""
    assert buffer_bytes(64 * GIB, 32 * GIB) == LARGE_BUFFER_BYTES
    assert buffer_bytes(64 * GIB, 16 * GIB) == -1
    assert buffer_bytes(32 * GIB, 32 * GIB) == -1


def test_memory_is_known_here() -> None:
    """/proc tells how much memory there is, and that not more is available."""
    total, available = memory_bytes()
    assert 0 < available <= total


def test_sockets_are_unbounded_and_never_linger(context: Context) -> None:
    """No high-water mark: a queue that is full would drop a request or an abort."""
    with make_socket(context, zmq.ROUTER, "tcp://127.0.0.1:*") as router:
        assert [router.getsockopt(option) for option in (zmq.SNDHWM, zmq.RCVHWM, zmq.LINGER)] == [0, 0, 0]


def test_only_tcp_has_heartbeats(context: Context) -> None:
    """A Unix socket ends with its peer; over TCP a machine can vanish without a word."""
    with (
        make_socket(context, zmq.PULL, "tcp://127.0.0.1:*") as tcp,
        make_socket(context, zmq.PULL, "ipc:///tmp/x") as ipc,
    ):
        assert tcp.getsockopt(zmq.HEARTBEAT_IVL) == HEARTBEAT_INTERVAL_MS
        assert ipc.getsockopt(zmq.HEARTBEAT_IVL) == 0


async def test_router_reports_messages_and_losses_in_order(context: Context) -> None:
    """What a peer said comes before the news that it has gone."""
    events = Events(context, "tcp://127.0.0.1:*")
    events.router.start(asyncio.get_running_loop())
    peer = dealer(context, events.router.address, b"AA")
    for number in range(100):
        peer.send(b"%d" % number)
    peer.close()
    seen = await events.until(101)
    assert seen == [*(("message", b"AA%d" % number) for number in range(100)), ("lost", b"AA")]
    events.router.close()


async def test_router_knows_peers_that_came_before_it_was_read(context: Context) -> None:
    """A peer that connected, spoke and left before the loop ran is reported all the same."""
    events = Events(context, "tcp://127.0.0.1:*")
    peer = dealer(context, events.router.address, b"AA")
    peer.send(b"x")
    assert events.router.socket.poll(PATIENCE_MS)
    peer.close()
    events.router.start(asyncio.get_running_loop())
    assert await events.until(2) == [("message", b"AAx"), ("lost", b"AA")]
    events.router.close()


async def test_router_tells_peers_apart_whose_descriptor_is_the_same(context: Context) -> None:
    """The system gives the descriptor of a closed connection to the next one; the peers are not mixed up."""
    events = Events(context, "tcp://127.0.0.1:*")
    events.router.start(asyncio.get_running_loop())
    for number in range(20):
        name = b"%02d" % number
        peer = dealer(context, events.router.address, name)
        peer.send(b"x")
        await events.until(2 * number + 1)
        peer.close()
        seen = await events.until(2 * number + 2)
        assert seen[-2:] == [("message", name + b"x"), ("lost", name)]
    events.router.close()


async def test_router_ignores_strangers(context: Context) -> None:
    """A port scan and a peer that sends other than two frames are no engines, and no losses when they leave."""
    events = Events(context, "tcp://127.0.0.1:*")
    events.router.start(asyncio.get_running_loop())
    host, port = events.router.address.removeprefix("tcp://").split(":")
    with socket.create_connection((host, int(port))) as scan:
        scan.sendall(b"GET / HTTP/1.1\r\n\r\n")
    odd = dealer(context, events.router.address, b"ZZ")
    odd.send_multipart([b"a", b"b", b"c"])
    odd.close()
    peer = dealer(context, events.router.address, b"AA")
    peer.send(b"x")
    peer.close()
    assert await events.until(2) == [("message", b"AAx"), ("lost", b"AA")]
    events.router.close()


async def test_send_to_nobody_is_an_error(context: Context) -> None:
    """A message for an engine that is not connected must not vanish in silence."""
    events = Events(context, "tcp://127.0.0.1:*")
    with pytest.raises(zmq.ZMQError) as error:
        events.router.send(b"AA", b"x")
    assert error.value.errno == zmq.EHOSTUNREACH
    events.router.close()


async def test_address_in_use(context: Context) -> None:
    """A port that is taken is said with its address."""
    events = Events(context, "tcp://127.0.0.1:*")
    with pytest.raises(
        StartupError, match=r"cannot listen for engines on tcp://127\.0\.0\.1:\d+: Address already in use"
    ):
        Events(context, events.router.address)
    events.router.close()


async def test_close_while_messages_are_taken(context: Context) -> None:
    """A message may lead to the end of its socket: reading stops there."""
    seen: list[bytes] = []

    def take(_identity: bytes, body: zmq.Frame) -> None:
        seen.append(body.bytes)
        router.close()

    router = RouterSocket(
        make_socket(context, zmq.ROUTER, "tcp://127.0.0.1:*"),
        "tcp://127.0.0.1:*",
        on_message=take,
        on_lost=lambda _identity: None,
    )
    peer = dealer(context, router.address, b"AA")
    peer.send(b"1")
    peer.send(b"2")
    assert router.socket.poll(PATIENCE_MS)
    router.poll()
    router.poll()
    assert seen == [b"1"]
    peer.close(0)


async def test_reader_takes_what_was_there_before_it(context: Context) -> None:
    """A ZeroMQ descriptor tells only of changes: what came before add_reader is read without one."""
    seen: list[bytes] = []
    done = asyncio.Event()

    def take(frames: Sequence[zmq.Frame]) -> None:
        seen.append(frames[0].bytes)
        if len(seen) == 3:
            done.set()

    pull = make_socket(context, zmq.PULL, "inproc://x")
    pull.bind("inproc://x")
    with context.socket(zmq.PUSH) as push:
        push.connect("inproc://x")
        for number in range(3):
            push.send(b"%d" % number)
        reader = SocketReader(pull, take)
        reader.start(asyncio.get_running_loop())
        await asyncio.wait_for(done.wait(), PATIENCE)
        reader.close()
    assert seen == [b"0", b"1", b"2"]
