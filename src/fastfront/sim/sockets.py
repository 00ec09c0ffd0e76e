# SPDX-License-Identifier: Apache-2.0
"""The engine's sockets, one pair per frontend, and the two ways of meeting: given addresses, or a handshake.

As vLLM's engine core connects them (vllm/v1/engine/core.py process_input_sockets, startup_handshake). Moves frames and
knows nothing of what is in them, handshake messages apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import zmq

from fastfront.engine.types import (
    ENGINE_CORE_DEAD,
    EngineHandshakeMetadata,
    EngineZmqAddresses,
    encode,
    engine_identity,
)
from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fastfront.sim.watch import Watch

LINGER_MS = 4000
"""How long last words may take to be delivered, as in vLLM."""

MESSAGES_PER_TURN = 512


class Sockets:
    """A DEALER per frontend for requests and a PUSH for outputs."""

    def __init__(self, watch: Watch, rank: int) -> None:
        self._watch = watch
        self._identity = engine_identity(rank)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._inputs: list[zmq.Socket[bytes]] = []
        self._outputs: list[zmq.Socket[bytes]] = []
        self._handshake: zmq.Socket[bytes] | None = None

    def handshake(self, address: str) -> EngineZmqAddresses:
        """Say HELLO and return the addresses of the frontends. Waits for them as long as it takes."""
        socket = self._handshake = self._open(zmq.DEALER, address)
        self._watch.register(socket)
        socket.send(encode({"status": "HELLO", "local": False, "headless": True}))
        while socket not in self._watch.wait(None):
            pass
        self._watch.unregister(socket)
        try:
            return msgspec.msgpack.decode(socket.recv(), type=EngineHandshakeMetadata).addresses
        except msgspec.DecodeError as error:
            raise StartupError(f"{address} did not answer with a handshake: {error}") from None

    def connect(self, inputs: Sequence[str], outputs: Sequence[str], ready: bytes) -> None:
        """Connect to every frontend and tell it that the engine is ready."""
        self._outputs = [self._open(zmq.PUSH, address) for address in outputs]
        for address in inputs:
            socket = self._open(zmq.DEALER, address)
            socket.send(ready)
            self._inputs.append(socket)
            self._watch.register(socket)
        if self._handshake is not None:
            self._handshake.send(encode({"status": "READY", "local": False, "headless": True}))

    def receive(self, socket: zmq.Socket[bytes]) -> Iterator[list[bytes]]:
        """Yield messages that have arrived, the type frame and what follows it: some, so that steps go on meanwhile."""
        for _ in range(MESSAGES_PER_TURN):
            try:
                yield socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return

    def send(self, client_index: int, message: list[bytes]) -> None:
        """Send the frames of a message to one frontend; a frontend that there is not is ignored."""
        if 0 <= client_index < len(self._outputs):
            self._outputs[client_index].send_multipart(message)

    def stop_reading(self) -> None:
        """Leave whatever arrives from now on unread."""
        for socket in self._inputs:
            self._watch.unregister(socket)

    def say_dead(self) -> None:
        """Tell every frontend that the engine has died."""
        for socket in self._outputs:
            socket.send(ENGINE_CORE_DEAD)

    def close(self, linger_ms: int = LINGER_MS) -> None:
        """Close everything; what was sent has `linger_ms` to be delivered."""
        self._context.destroy(linger=linger_ms)

    def _open(self, kind: zmq.SocketType, address: str) -> zmq.Socket[bytes]:
        socket = self._context.socket(kind)
        socket.setsockopt(zmq.SNDHWM, 0)
        socket.setsockopt(zmq.RCVHWM, 0)
        if "[" in address:
            socket.setsockopt(zmq.IPV6, 1)
        if kind == zmq.DEALER:
            socket.setsockopt(zmq.IDENTITY, self._identity)
        try:
            socket.connect(address)
        except zmq.ZMQError as error:
            raise StartupError(f"cannot connect to {address}: {error}") from None
        return socket
