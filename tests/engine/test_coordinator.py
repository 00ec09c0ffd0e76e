# SPDX-License-Identifier: Apache-2.0
"""The link to vLLM's data-parallel coordinator, before a fake one: load, waves, wake-up notices."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import zmq
import zmq.asyncio

from fastfront.engine.client import EngineClient
from fastfront.engine.connection import Connection
from fastfront.engine.coordinator import SUBSCRIBE, CoordinatorLink
from fastfront.engine.types import encode
from tests.engine.conftest import Collected
from tests.engine.fake_engine import PATIENCE, READY, FakeEngine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence


class FakeCoordinator:
    """The coordinator's XPUB for frontends (vllm/v1/engine/coordinator.py, publish_front)."""

    def __init__(self) -> None:
        self._context = zmq.asyncio.Context()
        self._socket = self._context.socket(zmq.XPUB)
        self._socket.setsockopt(zmq.XPUB_VERBOSE, True)
        self._socket.bind("tcp://127.0.0.1:*")
        self.address = self._socket.getsockopt_string(zmq.LAST_ENDPOINT)

    async def next_message(self) -> bytes:
        return await asyncio.wait_for(self._socket.recv(), PATIENCE)

    async def next_notice(self) -> Any:
        return msgspec.msgpack.decode(await self.next_message())

    async def publish(self, counts: list[list[float]] | None, wave: int, running: bool) -> None:
        await self._socket.send(encode((counts, wave, running)))

    def close(self) -> None:
        self._context.destroy(linger=0)


class Link:
    """A CoordinatorLink that is subscribed, and the counts it passed on."""

    def __init__(self, address: str, start_index: int = 0) -> None:
        self.counts: list[Sequence[Sequence[float]]] = []
        self._changed = asyncio.Event()
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.link = CoordinatorLink(
            self._context, address, start_index=start_index, engine_count=2, on_counts=self._take
        )
        self.link.start(asyncio.get_running_loop())

    def _take(self, counts: Sequence[Sequence[float]]) -> None:
        self.counts.append(counts)
        self._changed.set()

    async def until(self, count: int) -> None:
        while len(self.counts) < count:
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), PATIENCE)

    def close(self) -> None:
        self.link.close()
        self._context.term()


@asynccontextmanager
async def linked(start_index: int = 0) -> AsyncIterator[tuple[FakeCoordinator, Link]]:
    coordinator = FakeCoordinator()
    link = Link(coordinator.address, start_index)
    try:
        assert await coordinator.next_message() == SUBSCRIBE
        yield coordinator, link
    finally:
        link.close()
        coordinator.close()


async def test_counts_of_our_engines_are_passed_on() -> None:
    """The coordinator publishes the load of all engines; a frontend takes its own."""
    async with linked(start_index=1) as (coordinator, link):
        await coordinator.publish([[9, 9, 0.9], [1, 2, 0.5], [3, 4, 0.0], [8, 8, 0.8]], 0, False)
        await link.until(1)
        assert link.counts == [[[1, 2, 0.5], [3, 4, 0.0]]]


async def test_waves_are_followed() -> None:
    """Wave and running state come with counts or without them."""
    async with linked() as (coordinator, link):
        await coordinator.publish(None, 5, True)
        await coordinator.publish([[0, 0, 0.0], [0, 0, 0.0]], 6, False)
        await link.until(1)
        assert (link.link.current_wave, link.link.engines_running) == (6, False)


async def test_first_request_wakes_the_engines() -> None:
    """While the engines pause, one notice is sent, as vLLM's client sends it; while they run, none."""
    async with linked() as (coordinator, link):
        await coordinator.publish([[0, 0, 0.0], [0, 0, 0.0]], 3, False)
        await link.until(1)
        link.link.notify_request(1)
        link.link.notify_request(0)
        assert await coordinator.next_notice() == [b"\x01\x00", 3]
        await coordinator.publish([[0, 0, 0.0], [0, 0, 0.0]], 4, False)
        await link.until(2)
        link.link.notify_request(0)
        assert await coordinator.next_notice() == [b"\x00\x00", 4]


async def test_garbage_is_ignored() -> None:
    """A message that is no snapshot changes nothing."""
    async with linked() as (coordinator, link):
        await coordinator._socket.send(b"\xc1")
        await coordinator._socket.send(encode(["x"]))
        await coordinator.publish([[0, 0, 0.0], [0, 0, 0.0]], 1, True)
        await link.until(1)
        assert (link.link.current_wave, link.link.engines_running) == (1, True)


async def test_client_takes_part_in_waves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests carry the current wave, go where the coordinator says there is room, and wake the engines up."""
    coordinator = FakeCoordinator()
    connection = Connection.handshake("tcp://127.0.0.1:*", start_index=0, engine_count=2, ipc=True, advertise_host=None)
    client = EngineClient(connection, coordinator_address=coordinator.address)
    updated = asyncio.Event()
    update = client._balancer.update

    def update_and_tell(counts: Sequence[Sequence[float]]) -> None:
        update(counts)
        updated.set()

    monkeypatch.setattr(client._balancer, "update", update_and_tell)
    starting = asyncio.create_task(client.start())
    assert client.handshake_address is not None
    ready = msgspec.structs.replace(READY, data_parallel_size=2)
    async with FakeEngine(0, ready) as loaded, FakeEngine(1, ready) as idle:
        for engine in (loaded, idle):
            await engine.register(client.handshake_address)
        await starting
        assert await coordinator.next_message() == SUBSCRIBE
        await coordinator.publish([[5, 5, 0.1], [0, 0, 0.0]], 2, False)
        await asyncio.wait_for(updated.wait(), PATIENCE)
        reader = Collected()
        client.submit(reader.response, reader.requests())
        assert (await idle.next_request()).current_wave == 2
        assert await coordinator.next_notice() == [b"\x01\x00", 2]
        await client.stop()
    coordinator.close()


async def test_address_of_the_coordinator_comes_with_the_engines() -> None:
    """Where no address was given, the engines' ready responses may have it (external load balancing)."""
    coordinator = FakeCoordinator()
    client = EngineClient.handshake("tcp://127.0.0.1:*", 1, ipc=True)
    starting = asyncio.create_task(client.start())
    assert client.handshake_address is not None
    ready = msgspec.structs.replace(READY, data_parallel_size=2, dp_stats_address=coordinator.address)
    async with FakeEngine(0, ready) as engine:
        await engine.register(client.handshake_address)
        await starting
        assert await coordinator.next_message() == SUBSCRIBE
        await client.stop()
    coordinator.close()
