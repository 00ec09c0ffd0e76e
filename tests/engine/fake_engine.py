# SPDX-License-Identifier: Apache-2.0
"""An engine for tests: a peer on the same event loop that says exactly what a test makes it say, over real sockets."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import zmq
import zmq.asyncio

from fastfront.engine.types import (
    EngineCoreOutput,
    EngineCoreOutputs,
    EngineCoreReadyResponse,
    EngineCoreRequest,
    EngineHandshakeMetadata,
    HandshakeMessage,
    RequestType,
    UtilityOutput,
    decode_request,
    encode,
    engine_identity,
)

if TYPE_CHECKING:
    from types import TracebackType

    from fastfront.engine.types import FinishReason

READY = EngineCoreReadyResponse(max_model_len=4096, num_gpu_blocks=100, block_size=16, vllm_version="0.32.0")
PATIENCE = 10.0
"""Seconds after which a message that does not come fails the test."""


class FakeEngine:
    """Use as an async context manager; leaving it, or `die`, drops all connections at once, as SIGKILL does."""

    def __init__(self, rank: int = 0, ready: EngineCoreReadyResponse = READY, *, ipv6: bool = False) -> None:
        self.rank = rank
        self.ready = ready
        self.metadata: EngineHandshakeMetadata
        self._context = zmq.asyncio.Context()
        self._context.setsockopt(zmq.IPV6, ipv6)
        self._handshake: zmq.asyncio.Socket | None = None
        self._input: zmq.asyncio.Socket
        self._output: zmq.asyncio.Socket

    async def __aenter__(self) -> FakeEngine:  # noqa: PYI034 (Self is Python 3.11's)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.die()

    async def say_hello(self, address: str) -> EngineHandshakeMetadata:
        """Say HELLO and return the answer."""
        self._handshake = self._context.socket(zmq.DEALER)
        self._handshake.setsockopt(zmq.IDENTITY, engine_identity(self.rank))
        self._handshake.connect(address)
        await self._handshake.send(encode(HandshakeMessage(status="HELLO", local=False, headless=True)))
        answer = await asyncio.wait_for(self._handshake.recv(), PATIENCE)
        self.metadata = msgspec.msgpack.decode(answer, type=EngineHandshakeMetadata)
        return self.metadata

    async def say_ready(self) -> None:
        """Say READY on the handshake socket, and hang up there, as vLLM's engines do."""
        assert self._handshake is not None
        await self._handshake.send(encode(HandshakeMessage(status="READY", local=False, headless=True)))
        self._handshake.close(linger=1000)

    async def connect(self, inputs: str, outputs: str) -> None:
        """Connect to one frontend and send it the ready response."""
        self._input = self._context.socket(zmq.DEALER)
        self._input.setsockopt(zmq.IDENTITY, engine_identity(self.rank))
        self._input.connect(inputs)
        self._output = self._context.socket(zmq.PUSH)
        self._output.connect(outputs)
        await self._input.send(encode(self.ready))

    async def register(self, address: str) -> None:
        """Go through the whole handshake."""
        addresses = (await self.say_hello(address)).addresses
        await self.connect(addresses.inputs[0], addresses.outputs[0])
        await self.say_ready()

    async def next_message(self) -> tuple[bytes, Any]:
        """Return the next (type, decoded payload) from the frontend."""
        kind, payload = await asyncio.wait_for(self._input.recv_multipart(), PATIENCE)
        return kind, msgspec.msgpack.decode(payload)

    async def next_frames(self) -> list[bytes]:
        """Return the next message's frames, from its type on."""
        frames: list[bytes] = await asyncio.wait_for(self._input.recv_multipart(), PATIENCE)
        return frames

    async def next_request(self) -> EngineCoreRequest:
        """Return the next message, which has to be an ADD."""
        kind, payload = await asyncio.wait_for(self._input.recv_multipart(), PATIENCE)
        assert kind == RequestType.ADD
        return decode_request(payload)

    async def send(self, outputs: EngineCoreOutputs) -> None:
        await self.send_raw(encode(outputs))

    async def send_raw(self, *frames: bytes) -> None:
        await self._output.send_multipart(frames)

    async def send_tokens(
        self, request_id: str, token_ids: list[int], finish_reason: FinishReason | None = None
    ) -> None:
        output = EngineCoreOutput(request_id, token_ids, finish_reason=finish_reason)
        await self.send(EngineCoreOutputs(engine_index=self.rank, outputs=[output], timestamp=1.0))

    async def answer_call(self, result: object = None, failure: str | None = None) -> tuple[str, list[Any]]:
        """Take a utility call, answer it, and return (method, args)."""
        kind, (_client, call_id, method, args) = await self.next_message()
        assert kind == RequestType.UTILITY
        answer = UtilityOutput(call_id, failure, None if failure is not None else [None, result])
        await self.send(EngineCoreOutputs(engine_index=self.rank, utility_output=answer, timestamp=1.0))
        return method, args

    def die(self, linger_ms: int = 0) -> None:
        """Drop all connections; with `linger_ms`, what was sent leaves before."""
        self._context.destroy(linger=linger_ms)
