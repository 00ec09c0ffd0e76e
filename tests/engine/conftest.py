# SPDX-License-Identifier: Apache-2.0
"""Clients that are connected to fake engines, and responses to submit. No test may leave a native response behind."""

from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from fastfront._native.pump import KIND_COMPLETION_STREAM, Response, live_responses
from fastfront.engine.client import EngineClient
from fastfront.engine.types import EngineCoreRequest, SamplingParams
from tests.engine.fake_engine import FakeEngine

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

PROMPT = [1, 2, 3]


@pytest.fixture(autouse=True)
def _no_responses_left() -> Iterator[None]:
    before = live_responses()
    yield
    gc.collect()
    assert live_responses() == before, "native responses were leaked"


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def make_request(**params: object) -> EngineCoreRequest:
    """Return a request for PROMPT; keyword arguments are sampling parameters."""
    sampling_params = SamplingParams(**params)  # type: ignore[arg-type]
    return EngineCoreRequest("", PROMPT, None, sampling_params, None, 0.0, None, None, None)


class Collected:
    """A response whose text is made outside (token n is the text `<n>`), and what has come of it."""

    def __init__(self, n: int = 1, stop: tuple[str, ...] = (), id: str = "cmpl-1") -> None:
        self.response = Response(
            KIND_COMPLETION_STREAM,
            id=id,
            model="m",
            created=1,
            vocab=None,
            prompt_token_ids=[PROMPT],
            n=n,
            stop=stop,
        )
        self.tokens: dict[int, list[int]] = {choice: [] for choice in range(n)}
        self.body = b""
        self._changed = asyncio.Event()
        self.response.on_ready = self._take

    def requests(self) -> list[EngineCoreRequest]:
        return [make_request() for _ in self.tokens]

    def _take(self) -> None:
        for choice, token_ids, finish, stop_reason in self.response.take_deltas():
            self.tokens[choice] += token_ids
            self.response.feed(choice, token_ids, [f"<{token}>" for token in token_ids], finish, stop_reason)
        self.body += self.response.take()
        self._changed.set()

    async def until_count(self, count: int) -> None:
        """Wait until so many tokens have come, of all choices."""
        while sum(map(len, self.tokens.values())) < count:
            await self._wait()

    async def until_finished(self) -> None:
        while not self.response.finished:
            await self._wait()
        self._take()

    async def _wait(self) -> None:
        self._changed.clear()
        await asyncio.wait_for(self._changed.wait(), 10)


@asynccontextmanager
async def connected(engine_count: int = 1, **options: object) -> AsyncIterator[tuple[EngineClient, list[FakeEngine]]]:
    """A started client with so many fake engines."""
    client = EngineClient.handshake("tcp://127.0.0.1:*", engine_count, ipc=True, **options)  # type: ignore[arg-type]
    engines = [FakeEngine(rank) for rank in range(engine_count)]
    assert client.handshake_address is not None
    try:
        starting = asyncio.create_task(client.start())
        for engine in engines:
            await engine.register(client.handshake_address)
        await starting
        yield client, engines
    finally:
        await client.stop()
        for engine in engines:
            engine.die()
