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

import zmq

from fastfront.engine.handshake import Registration, encode_metadata, is_wildcard, with_host
from fastfront.engine.sockets import RouterSocket, bind, listener_address, local_host, make_socket
from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastfront.engine.sockets import Context
    from fastfront.engine.types import EngineCoreReadyResponse

IPC_PATH_MAX = 90
"""A Unix socket's path holds 107 bytes; a temporary directory deeper than this leaves no room for the file."""

LINGER_MS = 500
"""How long closing waits for aborts to leave, where it is asked to: other frontends may share the engine."""


class Greeter:
    """The handshake socket: tells each engine that says HELLO where to connect to.

    `addresses` are the input and output sockets'; those bound on every interface are named by the host that the engine
    reached this socket at, or by `advertise_host`. `on_change` is called after each message, or with what went wrong.
    """

    def __init__(
        self,
        context: Context,
        address: str,
        registration: Registration,
        *,
        addresses: tuple[str, str],
        advertise_host: str | None,
        on_change: Callable[[StartupError | None], object],
    ) -> None:
        self._registration = registration
        self._addresses = addresses
        self._advertise_host = advertise_host
        self._on_change = on_change
        router = make_socket(context, zmq.ROUTER, address)
        # An engine that starts again has its rank for identity, too: without this it would not be heard until its old
        # connection is gone, which a machine that vanished never tells.
        router.setsockopt(zmq.ROUTER_HANDOVER, 1)
        self.socket = RouterSocket(
            router,
            address,
            on_message=self._take,
            on_lost=registration.on_handshake_lost,
        )

    def _take(self, identity: bytes, body: zmq.Frame) -> None:
        try:
            if self._registration.on_handshake(identity, body.buffer):
                inputs, outputs = (self._reachable(address, body) for address in self._addresses)
                self.socket.send(identity, encode_metadata([inputs], [outputs]))
        except zmq.ZMQError:
            self._registration.on_lost(identity)  # gone between its HELLO and our answer
        except StartupError as error:
            self._on_change(error)
        else:
            self._on_change(None)

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

    def __init__(
        self,
        context: Context,
        *,
        start_index: int,
        engine_count: int,
        addresses: Sequence[str],
        descriptors: Sequence[int | None] = (None, None),
        handshake: bool,
    ) -> None:
        self.context = context
        self.start_index = start_index
        self.engine_count = engine_count
        self.registration = Registration(start_index, engine_count, handshake=handshake)
        self.on_lost: Callable[[int], object] = lambda _rank: None
        self.greeter: Greeter | None = None
        self.input = RouterSocket(
            make_socket(context, zmq.ROUTER, addresses[0], fd=descriptors[0]),
            addresses[0],
            on_message=self._take_ready,
            on_lost=self._take_lost,
        )
        self.output = make_socket(context, zmq.PULL, addresses[1], fd=descriptors[1])
        bind(self.output, addresses[1])
        self._directory: str | None = None
        self._complete: asyncio.Future[None] | None = None

    @classmethod
    def worker(cls, *, input_fd: int, output_fd: int, start_index: int, engine_count: int) -> Connection:
        """Adopt two inherited listening descriptors. Raises StartupError if they are none."""
        descriptors = input_fd, output_fd
        addresses = [listener_address(fd) for fd in descriptors]
        context: Context = zmq.Context()
        try:
            return cls(
                context,
                start_index=start_index,
                engine_count=engine_count,
                addresses=addresses,
                descriptors=descriptors,
                handshake=False,
            )
        except BaseException:
            context.destroy(0)
            raise

    @classmethod
    def handshake(
        cls, address: str, *, start_index: int, engine_count: int, ipc: bool, advertise_host: str | None
    ) -> Connection:
        """Listen for engines on a tcp address (port `*`: the kernel chooses one; see `handshake_address`)."""
        if not address.startswith("tcp://"):
            raise StartupError(f"the handshake address must be tcp://HOST:PORT, as vLLM's engines take it: {address!r}")
        directory = _make_directory() if ipc else None
        if directory is not None:
            addresses = [f"ipc://{directory}/input", f"ipc://{directory}/output"]
        else:
            addresses = [f"{address.rpartition(':')[0]}:*"] * 2
        context: Context = zmq.Context()
        try:
            connection = cls(
                context, start_index=start_index, engine_count=engine_count, addresses=addresses, handshake=True
            )
            connection.greeter = Greeter(
                context,
                address,
                connection.registration,
                addresses=(connection.input.address, connection.output.getsockopt_string(zmq.LAST_ENDPOINT)),
                advertise_host=advertise_host,
                on_change=connection._on_change,
            )
        except BaseException:
            context.destroy(0)
            _remove_directory(directory)
            raise
        connection._directory = directory
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

    def send(self, rank_identity: bytes, kind: bytes, payload: bytes) -> None:
        """Queue a message to an engine. Never blocks; raises zmq.ZMQError if the engine is not connected."""
        self.input.send(rank_identity, kind, payload)

    async def close(self, *, linger: bool = False) -> None:
        """Close all sockets, end the context, remove what was made. With `linger`, let queued messages leave."""
        self._close_greeter()
        self.input.close(linger_ms=LINGER_MS if linger else 0)
        self.output.close(0)
        if linger:  # then ending the context waits for queued messages: not on the loop
            await asyncio.get_running_loop().run_in_executor(None, self.context.term)
        else:
            self.context.term()
        _remove_directory(self._directory)

    def _close_greeter(self) -> None:
        if self.greeter is not None:
            self.greeter.socket.close()
            self.greeter = None

    def _take_ready(self, identity: bytes, body: zmq.Frame) -> None:
        if self._complete is None:
            return  # engines say nothing more on this socket
        try:
            self.registration.on_ready(identity, body.buffer)
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
