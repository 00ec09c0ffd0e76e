# SPDX-License-Identifier: Apache-2.0
"""How engines register: HELLO and READY on the handshake socket, the ready response on every input socket.

Pure bookkeeping: messages in, answers and a verdict out; sockets and clocks are the client's. Upstream:
vllm/v1/engine/utils.py wait_for_engine_startup (frontend side), vllm/v1/engine/core.py startup_handshake (engine side).
An engine that goes away before it is ready is forgotten, so that one which its supervisor restarts may come back.
"""

from __future__ import annotations

import ipaddress
import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from fastfront.engine.types import (
    EngineCoreReadyResponse,
    EngineHandshakeMetadata,
    EngineZmqAddresses,
    HandshakeMessage,
    encode,
)
from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Sequence

logger = logging.getLogger(__name__)

IDENTITY_BYTES = 2

_hello_decoder = msgspec.msgpack.Decoder(HandshakeMessage)
_ready_decoder = msgspec.msgpack.Decoder(EngineCoreReadyResponse)


def decode_ready_response(payload: bytes | memoryview) -> EngineCoreReadyResponse:
    """Read an engine's ready response; some releases send an empty one."""
    return _ready_decoder.decode(payload) if payload else EngineCoreReadyResponse()


def encode_metadata(inputs: Sequence[str], outputs: Sequence[str]) -> bytes:
    """Return the answer to HELLO: the addresses to connect to, and no change of the engine's own configuration."""
    addresses = EngineZmqAddresses(inputs=list(inputs), outputs=list(outputs))
    return encode(EngineHandshakeMetadata(addresses=addresses))


def is_wildcard(address: str) -> bool:
    """Say whether a tcp address is bound on every interface: nothing that an engine could connect to."""
    host = urlsplit(address).hostname or "*"
    if host == "*":
        return True
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False


def with_host(address: str, host: str) -> str:
    """Return the tcp address with another host."""
    port = address.rpartition(":")[2]
    return f"tcp://[{host}]:{port}" if ":" in host else f"tcp://{host}:{port}"


def is_hello(payload: bytes | memoryview) -> bool:
    """Whether a message of the handshake socket is an engine's first."""
    try:
        return _hello_decoder.decode(payload).status == "HELLO"
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False


class _Engine:
    """What one engine has said so far."""

    def __init__(self) -> None:
        self.greeted = False
        self.started = False
        self.response: EngineCoreReadyResponse | None = None
        self.lost = 0


class Registration:
    """The engines that have to register, and how far each one is.

    With `handshake`, HELLO and READY are awaited besides the ready response. Raises StartupError at what waiting longer
    cannot mend.
    """

    def __init__(self, start_index: int, count: int, *, handshake: bool) -> None:
        if count < 1:
            raise StartupError(f"the number of engines must be at least 1, got {count}")
        self.start_index = start_index
        self.count = count
        self._engines = {rank: _Engine() for rank in range(start_index, start_index + count)}
        self._handshake = handshake

    @property
    def complete(self) -> bool:
        return not self._waiting()

    @property
    def responses(self) -> list[EngineCoreReadyResponse]:
        """The ready responses in order of rank."""
        return [engine.response for engine in self._engines.values() if engine.response is not None]

    def on_handshake(self, identity: bytes, payload: bytes | memoryview) -> bool:
        """Take a message of the handshake socket; return whether it is a HELLO, which has to be answered."""
        engine = self._engine(identity)
        if engine is None:
            return False
        try:
            message = _hello_decoder.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError):
            logger.warning("ignored a handshake message that is not msgpack (%d bytes)", len(payload))
            return False
        if message.status == "HELLO":
            engine.greeted = True
            engine.started = False
            return True
        if message.status == "READY":
            engine.started = engine.greeted
        return False

    def on_ready(self, identity: bytes, payload: bytes | memoryview) -> None:
        """Take a message of the input socket."""
        engine = self._engine(identity)
        if engine is None:
            return
        try:
            engine.response = decode_ready_response(payload)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            rank = int.from_bytes(identity, "little")
            raise StartupError(
                f"engine {rank} sent a ready message that this version of fastfront cannot read ({error}); "
                "it is made for vLLM 0.32"
            ) from error

    def on_handshake_lost(self, identity: bytes) -> None:
        """Take the loss of a handshake connection: an engine closes its own after READY, and not before."""
        engine = self._engines.get(int.from_bytes(identity, "little"))
        if engine is not None and not engine.started:
            self.on_lost(identity)

    def on_lost(self, identity: bytes) -> None:
        """Forget an engine whose connection has gone before everything was ready."""
        rank = int.from_bytes(identity, "little")
        if rank in self._engines:
            logger.warning("engine %d went away while it started; waiting for it to come back", rank)
            times = self._engines[rank].lost + 1
            self._engines[rank] = _Engine()
            self._engines[rank].lost = times

    def describe_missing(self) -> str:
        """Say what each engine that is not ready is waited for, for the message of a timeout."""
        return "; ".join(f"engine {rank} {self._describe(engine)}" for rank, engine in self._waiting().items())

    def merged(self) -> EngineCoreReadyResponse:
        """Return one response for all engines: the smallest context, the sum of blocks, else the first one's values.

        vllm/v1/engine/core_client.py MPClient._apply_ready_response
        """
        responses = self.responses
        lengths = [response.max_model_len for response in responses if response.max_model_len > 0]
        return msgspec.structs.replace(
            responses[0],
            max_model_len=min(lengths, default=0),
            num_gpu_blocks=sum(response.num_gpu_blocks for response in responses),
            supports_lora=all(response.supports_lora for response in responses),
        )

    def _waiting(self) -> dict[int, _Engine]:
        return {
            rank: engine
            for rank, engine in self._engines.items()
            if engine.response is None or (self._handshake and not engine.started)
        }

    def _describe(self, engine: _Engine) -> str:
        if engine.lost:
            return f"went away while it started ({engine.lost} times)"
        if engine.greeted or engine.started:
            return "has registered and is still loading"
        return "has not connected"

    def _engine(self, identity: bytes) -> _Engine | None:
        if len(identity) != IDENTITY_BYTES:
            logger.warning("ignored a message of a peer that is no engine (identity of %d bytes)", len(identity))
            return None
        rank = int.from_bytes(identity, "little")
        engine = self._engines.get(rank)
        if engine is None:
            first, last = min(self._engines), max(self._engines)
            raise StartupError(
                f"engine {rank} has registered, but this frontend serves engines {first} to {last}: "
                "--data-parallel-size (or --engine-start-index and --engine-count) differ between the two"
            )
        return engine
