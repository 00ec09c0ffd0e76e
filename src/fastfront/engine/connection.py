# SPDX-License-Identifier: Apache-2.0
"""The sockets between this frontend and its engines, from bind to close, and the wait until all engines are ready.

Two ways to meet: listening descriptors inherited from vLLM's supervisor (`Connection.worker`), or a handshake socket
that engines find by its address (`Connection.handshake`). Knows sockets and registration; nothing of requests.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import zmq

from fastfront.engine.handshake import Registration, encode_metadata, is_hello, is_wildcard, with_host
from fastfront.engine.input import EngineInput
from fastfront.engine.listeners import address_of, adopt, listen_tcp, listen_unix
from fastfront.engine.sockets import RouterSocket, local_host, make_socket
from fastfront.errors import StartupError

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from fastfront.engine.sockets import Context
    from fastfront.engine.types import EngineCoreReadyResponse

IPC_PATH_MAX = 90
"""A Unix socket's path holds 107 bytes; a temporary directory deeper than this leaves no room for the file."""

LINGER = 0.5
"""Seconds that closing waits for aborts to leave, where it is asked to: other frontends may share the engine."""


class Greeter:
    """The handshake socket: tells each engine that says HELLO where to connect to.

    `addresses` are the input and output sockets', to be set before `start`; those bound on every interface are named by
    the host that the engine reached this socket at, or by `advertise_host`. `on_change` is called after each message,
    or with what went wrong.
    """

    def __init__(
        self,
        context: Context,
        address: str,
        registration: Registration,
        *,
        advertise_host: str | None,
    ) -> None:
        self.addresses: Sequence[str] = ()
        self.on_change: Callable[[StartupError | None], object] = lambda _error: None
        self._registration = registration
        self._advertise_host = advertise_host
        router = make_socket(context, zmq.ROUTER, address)
        # An engine that starts again has its rank for identity, too: without this it would not be heard until its old
        # connection is gone, which a machine that vanished never tells.
        router.setsockopt(zmq.ROUTER_HANDOVER, 1)
        self.socket = RouterSocket(
            router,
            address,
            on_message=self._take,
            on_lost=registration.on_handshake_lost,
            begins=lambda body: is_hello(body.buffer),
        )

    def _take(self, identity: bytes, body: zmq.Frame) -> None:
        try:
            if self._registration.on_handshake(identity, body.buffer):
                inputs, outputs = (self._reachable(address, body) for address in self.addresses)
                self.socket.send(identity, encode_metadata([inputs], [outputs]))
        except zmq.ZMQError:
            self._registration.on_lost(identity)  # gone between its HELLO and our answer
        except StartupError as error:
            self.on_change(error)
        else:
            self.on_change(None)

    def _reachable(self, address: str, body: zmq.Frame) -> str:
        if not address.startswith("tcp://"):
            return address
        if self._advertise_host is not None:
            return with_host(address, self._advertise_host)
        if not is_wildcard(address):
            return address
        return with_host(address, local_host(int(body.get(zmq.SRCFD))) or "127.0.0.1")


class Connection:
    """A ROUTER to the engines and a PULL from them, open from construction to `close`.

    `on_lost(rank)` is called when the connection of an engine that was ready is gone.
    """

    def __init__(self, context: Context, registration: Registration, listeners: Sequence[socket.socket]) -> None:
        """`listeners`: for the engines' DEALERs, and for their PUSHes. They are closed with the connection."""
        self.context = context
        self.registration = registration
        self.on_lost: Callable[[int], object] = lambda _rank: None
        self.greeter: Greeter | None = None
        self.input = EngineInput(listeners[0], on_message=self._take_ready, on_lost=self._take_lost)
        self.output = listeners[1]
        """Where engines connect to with their outputs; the pump takes them."""
        self._directory: str | None = None
        self._complete: asyncio.Future[None] | None = None

    @classmethod
    def worker(cls, *, input_fd: int, output_fd: int, start_index: int, engine_count: int) -> Connection:
        """Adopt two inherited listening descriptors. Raises StartupError if they are none."""
        registration = Registration(start_index, engine_count, handshake=False)
        listeners = adopt([input_fd, output_fd])
        return cls(zmq.Context(), registration, listeners)

    @classmethod
    def handshake(
        cls, address: str, *, start_index: int, engine_count: int, ipc: bool, advertise_host: str | None
    ) -> Connection:
        """Listen for engines on a tcp address (port `*`: the kernel chooses one; see `handshake_address`)."""
        if not address.startswith("tcp://"):
            raise StartupError(f"the handshake address must be tcp://HOST:PORT, as vLLM's engines take it: {address!r}")
        registration = Registration(start_index, engine_count, handshake=True)
        directory = _make_directory() if ipc else None
        context: Context = zmq.Context()
        listeners: list[socket.socket] = []
        try:
            greeter = Greeter(context, address, registration, advertise_host=advertise_host)
            for name in ("input", "output"):
                if directory is not None:
                    listeners.append(listen_unix(f"{directory}/{name}"))
                else:  # on the address that libzmq made of a host's or an interface's name
                    listeners.append(listen_tcp(urlsplit(greeter.socket.address).hostname or ""))
        except BaseException:
            for listener in listeners:
                listener.close()
            context.destroy(0)
            _remove_directory(directory)
            raise
        greeter.addresses = [address_of(listener) for listener in listeners]
        connection = cls(context, registration, listeners)
        connection.greeter = greeter
        connection._directory = directory
        greeter.on_change = connection._on_change
        return connection

    @property
    def handshake_address(self) -> str | None:
        """Where engines say HELLO, with the port that the kernel chose; None for a worker, or when all have."""
        return self.greeter.socket.address if self.greeter is not None else None

    async def wait_ready(self, timeout: float) -> EngineCoreReadyResponse:
        """Wait for every engine; return the merged response. Raises StartupError, at the latest after `timeout` s."""
        loop = asyncio.get_running_loop()
        self._complete = loop.create_future()
        self.input.start(loop)
        if self.greeter is not None:
            self.greeter.socket.start(loop)
        try:
            await asyncio.wait_for(self._complete, timeout)
        except asyncio.TimeoutError:
            raise StartupError(self._timeout_text(timeout)) from None
        finally:
            self._complete = None
        self._close_greeter()
        return self.registration.merged()

    async def close(self, *, linger: bool = False) -> None:
        """Close all sockets, end the context, remove what was made. With `linger`, let queued messages leave."""
        self._close_greeter()
        if linger:
            await self.input.drain(LINGER)
        self.input.close()
        self.output.close()
        self.context.term()
        _remove_directory(self._directory)

    def _close_greeter(self) -> None:
        if self.greeter is not None:
            self.greeter.socket.close()
            self.greeter = None

    def _take_ready(self, identity: bytes, body: bytes) -> None:
        if self._complete is None:
            return  # engines say nothing more on this socket
        try:
            self.registration.on_ready(identity, body)
        except StartupError as error:
            self._on_change(error)
        else:
            self._on_change(None)

    def _take_lost(self, identity: bytes) -> None:
        if self._complete is not None and not self._complete.done():
            self.registration.on_lost(identity)
        else:
            self.on_lost(int.from_bytes(identity, "little"))

    def _on_change(self, error: StartupError | None) -> None:
        if self._complete is None or self._complete.done():
            return
        if error is not None:
            self._complete.set_exception(error)
        elif self.registration.complete:
            self._complete.set_result(None)

    def _timeout_text(self, timeout: float) -> str:
        text = f"not all engines were ready within {timeout:g} s: {self.registration.describe_missing()}. "
        if self.greeter is not None:
            text += (
                f"Check that each engine was started with --headless, that it reaches {self.greeter.socket.address} "
                "(--data-parallel-address, --data-parallel-rpc-port), and what its log says. "
            )
        else:
            text += "Check the log of the engine processes. "
        return text + "Loading a large model takes long: VLLM_ENGINE_READY_TIMEOUT_S sets the limit in seconds."


def _make_directory() -> str:
    """Make a private directory for Unix sockets."""
    directory = tempfile.mkdtemp(prefix="fastfront-")
    if len(directory) > IPC_PATH_MAX:
        _remove_directory(directory)
        directory = tempfile.mkdtemp(prefix="fastfront-", dir="/tmp")
    return directory


def _remove_directory(directory: str | None) -> None:
    if directory is not None:
        shutil.rmtree(directory, ignore_errors=True)
