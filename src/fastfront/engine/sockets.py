# SPDX-License-Identifier: Apache-2.0
"""libzmq's sockets, for what is not on a request's way: the handshake, and the link to vLLM's coordinator.

They are set up as the engine core expects them, read on an event loop, and watched for lost peers. Knows libzmq,
descriptors and event loops; nothing of what the messages mean. Two facts shape this file. A ZeroMQ descriptor is
edge-triggered: a callback must read until the socket is empty. And libzmq hides from a ROUTER that a peer has gone:
only the socket's monitor tells, by the descriptor of the connection, which each message carries too.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import zmq
from zmq.utils.monitor import parse_monitor_message

from fastfront.errors import StartupError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

    Context: TypeAlias = zmq.Context[zmq.Socket[bytes]]
    Socket: TypeAlias = zmq.Socket[bytes]

LARGE_BUFFER_BYTES = 512 * 1024**2
"""vLLM's socket buffer on machines with memory to spare. vllm/utils/network_utils.py make_zmq_socket"""

HEARTBEAT_INTERVAL_MS = 10_000
HEARTBEAT_TIMEOUT_MS = 60_000
"""A peer over TCP that answers no ping for so long is lost: its machine or the network is gone. Pings are answered by
libzmq's own thread, so a busy engine never misses one; the time leaves room for a machine that swaps."""

MAX_ROUTER_MESSAGE_BYTES = 1024**2
"""Engines send nothing but small registration messages to a ROUTER; whoever sends more is no engine."""


def memory_bytes() -> tuple[int, int]:
    """Return (total, available) memory; zeros where /proc does not tell."""
    values = {"MemTotal": 0, "MemAvailable": 0}
    with contextlib.suppress(OSError, ValueError), Path("/proc/meminfo").open(encoding="ascii") as file:
        for line in file:
            name, _, rest = line.partition(":")
            if name in values:
                values[name] = int(rest.split()[0]) * 1024
    return values["MemTotal"], values["MemAvailable"]


def buffer_bytes(total: int, available: int) -> int:
    """Return what SNDBUF and RCVBUF are set to (-1: the system's default), by vLLM's rule."""
    return LARGE_BUFFER_BYTES if total > 32 * 1024**3 and available > 16 * 1024**3 else -1


def make_socket(context: Context, kind: int, address: str) -> Socket:
    """Return a socket for this address that never drops or blocks for a full queue and never delays a shutdown.

    It is neither bound nor connected yet.
    """
    made = context.socket(kind)
    size = buffer_bytes(*memory_bytes())
    made.setsockopt(zmq.LINGER, 0)
    if kind in {zmq.PULL, zmq.ROUTER, zmq.DEALER}:
        made.setsockopt(zmq.RCVHWM, 0)
        made.setsockopt(zmq.RCVBUF, size)
    if kind in {zmq.PUSH, zmq.ROUTER, zmq.DEALER}:
        made.setsockopt(zmq.SNDHWM, 0)
        made.setsockopt(zmq.SNDBUF, size)
    if kind == zmq.ROUTER:
        made.setsockopt(zmq.ROUTER_MANDATORY, 1)
        made.setsockopt(zmq.MAXMSGSIZE, MAX_ROUTER_MESSAGE_BYTES)
    if address.startswith("tcp://"):
        made.setsockopt(zmq.HEARTBEAT_IVL, HEARTBEAT_INTERVAL_MS)
        made.setsockopt(zmq.HEARTBEAT_TIMEOUT, HEARTBEAT_TIMEOUT_MS)
    if address.startswith("tcp://["):
        made.setsockopt(zmq.IPV6, 1)
    return made


def bind(bound: Socket, address: str) -> None:
    """Bind a socket. Raises StartupError."""
    try:
        bound.bind(address)
    except zmq.ZMQError as error:
        raise StartupError(f"cannot listen for engines on {address}: {error.strerror}") from error


def local_host(fd: int) -> str | None:
    """Return the address of ours that a peer's TCP connection reached; None if the connection has gone."""
    try:
        connection = socket.socket(fileno=fd)
    except OSError:
        return None
    try:
        host: str = connection.getsockname()[0]
    except OSError:
        return None
    finally:
        connection.detach()  # it is libzmq's
    return host.removeprefix("::ffff:")


class SocketReader:
    """Hands every message of a socket to a callback on the event loop."""

    def __init__(self, zmq_socket: Socket, on_message: Callable[[Sequence[zmq.Frame]], object]) -> None:
        self._socket = zmq_socket
        self._on_message = on_message
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        loop.add_reader(self._socket.fileno(), self.drain)
        loop.call_soon(self.drain)  # what came before add_reader raises no edge any more

    def drain(self) -> None:
        """Read until the socket is empty."""
        while not self._stopped and (frames := _receive(self._socket)) is not None:
            self._on_message(frames)

    def stop(self) -> None:
        """Read no more. To be called before the socket is closed."""
        self._stopped = True
        if self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._loop = None

    def close(self) -> None:
        """Stop reading and close the socket."""
        self.stop()
        self._socket.close(0)


class RouterSocket:
    """A bound ROUTER that says which peer sent a message and which peer's connection has gone.

    `on_message(identity, body)` gets messages of two frames; anything else on the wire is not from an engine and is
    dropped. `on_lost(identity)` is called once per connection on which a peer has spoken, after all that it said.

    `begins(body)` tells whether a message can only be a connection's first. A descriptor is used again at once, so that
    nothing else tells the last words of a peer that is gone from the first of one that is back under its name.
    """

    def __init__(
        self,
        zmq_socket: Socket,
        address: str,
        *,
        on_message: Callable[[bytes, zmq.Frame], object],
        on_lost: Callable[[bytes], object],
        begins: Callable[[zmq.Frame], bool] = lambda _body: False,
    ) -> None:
        self._on_message = on_message
        self._begins = begins
        self._on_lost = on_lost
        self._loop: asyncio.AbstractEventLoop | None = None
        # Descriptors are used again, so a connection is known by its number; a descriptor leads to the newest one.
        self._connections = itertools.count()
        self._connection_by_fd: dict[int, int] = {}
        self._peer_by_connection: dict[int, bytes] = {}
        self._connection_by_peer: dict[bytes, int] = {}
        self._lost: list[bytes] = []
        self.socket = zmq_socket
        # Before anybody can connect, or the first connections would be unknown.
        self._monitor: Socket | None = zmq_socket.get_monitor_socket(zmq.EVENT_ACCEPTED | zmq.EVENT_DISCONNECTED)
        try:
            bind(zmq_socket, address)
        except BaseException:
            self.close()
            raise

    @property
    def address(self) -> str:
        """Where peers connect to, with the port that the kernel chose."""
        return self.socket.getsockopt_string(zmq.LAST_ENDPOINT)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        for watched in self._watched():
            loop.add_reader(watched.fileno(), self.poll)
        loop.call_soon(self.poll)  # what came before add_reader raises no edge any more

    def send(self, identity: bytes, *frames: bytes) -> None:
        """Queue a message. Never blocks; raises zmq.ZMQError (EHOSTUNREACH) if no such peer is connected."""
        self.socket.send_multipart([identity, *frames], zmq.NOBLOCK)

    def poll(self) -> None:
        """Take all that has come. A peer that is gone has been heard out first: its messages precede its end."""
        more = True
        while more and self._monitor is not None:
            more = self._read_events()
            while (frames := self._next_message()) is not None:
                more = True
                self._take(frames)
            lost, self._lost = self._lost, []
            for identity in lost:
                self._on_lost(identity)

    def close(self, *, linger_ms: int = 0) -> None:
        if self._monitor is None:
            return
        if self._loop is not None:
            for watched in self._watched():
                self._loop.remove_reader(watched.fileno())
        monitor, self._monitor = self._monitor, None
        self.socket.disable_monitor()
        monitor.close(0)
        self.socket.close(linger_ms)

    def _watched(self) -> list[Socket]:
        return [self.socket] if self._monitor is None else [self.socket, self._monitor]

    def _take(self, frames: Sequence[zmq.Frame]) -> None:
        if len(frames) != 2:
            return
        name, body = frames[0].bytes, frames[1]
        self._read_events()  # all that happened before the message came
        connection = self._connection_by_fd.get(int(body.get(zmq.SRCFD)))
        is_back = name in self._lost and self._begins(body)
        if is_back:
            self._lost.remove(name)
            self._on_lost(name)
        if connection is not None and (is_back or name not in self._lost):
            self._note_peer(connection, name)
        elif name not in self._lost:
            self._lost.append(name)  # gone before any of its messages was read
        self._on_message(name, body)

    def _note_peer(self, connection: int, identity: bytes) -> None:
        before = self._connection_by_peer.get(identity)
        if before == connection:
            return
        self._connection_by_peer[identity] = connection
        self._peer_by_connection[connection] = identity
        if before is not None and self._peer_by_connection.pop(before, None) is not None:
            self._on_lost(identity)  # back before its old connection was gone: that one's end says nothing any more

    def _next_message(self) -> Sequence[zmq.Frame] | None:
        return _receive(self.socket) if self._monitor is not None else None

    def _read_events(self) -> bool:
        """Bring the list of connections up to date; return whether anything has changed."""
        changed = False
        while self._monitor is not None and (frames := _receive(self._monitor)) is not None:
            changed = True
            event = parse_monitor_message([frame.bytes for frame in frames])
            if event["event"] == zmq.EVENT_ACCEPTED:
                self._connection_by_fd[event["value"]] = next(self._connections)
                continue
            connection = self._connection_by_fd.pop(event["value"], -1)
            identity = self._peer_by_connection.pop(connection, None)
            if identity is not None:
                del self._connection_by_peer[identity]
                self._lost.append(identity)
        return changed


def _receive(zmq_socket: Socket) -> Sequence[zmq.Frame] | None:
    try:
        return zmq_socket.recv_multipart(zmq.NOBLOCK, copy=False)
    except zmq.Again:
        return None
