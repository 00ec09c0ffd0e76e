# SPDX-License-Identifier: Apache-2.0
"""How the client learns that an engine is lost, and what becomes of requests, calls and callbacks then."""

from __future__ import annotations

import asyncio

import pytest

from fastfront.engine.client import EngineClient
from fastfront.engine.types import ENGINE_CORE_DEAD, EngineCoreOutput, EngineCoreOutputs, FinishReason, encode
from fastfront.errors import EngineDeadError, StartupError
from tests.engine.conftest import Collected, connected, make_request
from tests.engine.fake_engine import PATIENCE, FakeEngine


async def until_dead(client: EngineClient) -> None:
    await asyncio.wait_for(client.dead_event.wait(), PATIENCE)


async def test_closed_connection_is_the_end_of_the_engine() -> None:
    """A killed process says nothing; its closed connection is noticed all the same, and open responses fail."""
    async with connected() as (client, (engine,)):
        reader = Collected()
        client.submit(reader.response, reader.requests())
        await engine.send_tokens((await engine.next_request()).request_id, [1])
        await reader.until_count(1)
        engine.die()
        await until_dead(client)
        await reader.until_finished()
        assert b"EngineCore encountered an issue" in reader.body
        assert client.dead_reason == "the connection of engine 0 was closed: its process has ended"
        assert client.num_running == 0


async def test_loss_is_noticed_over_tcp() -> None:
    """The same over TCP, where engines of other machines are."""
    client = EngineClient.handshake("tcp://127.0.0.1:*", 1)
    starting = asyncio.create_task(client.start())
    assert client.handshake_address is not None
    async with FakeEngine() as engine:
        await engine.register(client.handshake_address)
        await starting
        assert engine.metadata.addresses.inputs[0].startswith("tcp://127.0.0.1:")
        engine.die()
        await until_dead(client)
    await client.stop()


async def test_last_words_of_the_engine() -> None:
    """ENGINE_CORE_DEAD ends everything before the connection does."""
    async with connected() as (client, (engine,)):
        reader = Collected()
        client.submit(reader.response, reader.requests())
        await engine.next_request()
        await engine.send_raw(ENGINE_CORE_DEAD)
        await until_dead(client)
        await reader.until_finished()
        assert client.dead_reason == "it reported a fatal error; its log has the reason"


async def test_message_that_is_no_message_ends_the_engine() -> None:
    """Outputs that cannot be read mean lost tokens: nothing after them can be trusted."""
    async with connected() as (client, (engine,)):
        await engine.send_raw(b"\xc1")
        await until_dead(client)
        assert client.dead_reason.startswith("its outputs cannot be read: ")


async def test_one_engine_of_several_is_enough() -> None:
    """Losing any engine is the end: its requests are gone, and its supervisor restarts them together."""
    async with connected(2) as (client, engines):
        engines[1].die()
        await until_dead(client)
        assert "engine 1" in client.dead_reason


async def test_outputs_that_came_before_the_end_count() -> None:
    """A response whose last token arrived with the engine's last breath is complete, not failed."""
    async with connected() as (client, (engine,)):
        reader = Collected()
        client.submit(reader.response, reader.requests())
        wire_id = (await engine.next_request()).request_id
        output = EngineCoreOutput(wire_id, [5], finish_reason=FinishReason.STOP)
        await engine.send_raw(encode(EngineCoreOutputs(outputs=[output], timestamp=1.0)))
        await engine.send_raw(ENGINE_CORE_DEAD)
        await until_dead(client)
        await reader.until_finished()
        assert (reader.tokens, reader.response.error) == ({0: [5]}, None)


async def test_outputs_count_though_the_end_comes_without_a_word() -> None:
    """The end of one connection is seen at once; what the engine had sent on the other is handled first."""
    for _ in range(10):
        async with connected() as (client, (engine,)):
            readers = [Collected() for _ in range(20)]
            for reader in readers:
                client.submit(reader.response, reader.requests())
            wire_ids = [(await engine.next_request()).request_id for _ in readers]
            for token in range(50):
                for wire_id in wire_ids:
                    await engine.send_tokens(wire_id, [token], FinishReason.STOP if token == 49 else None)
            engine.die(linger_ms=1000)
            await until_dead(client)
            for reader in readers:
                await reader.until_finished()
                assert (reader.tokens, reader.response.error) == ({0: list(range(50))}, None)


async def test_dead_client_takes_nothing() -> None:
    """Requests and calls are refused with a fresh error each; aborts are silent."""
    async with connected() as (client, (engine,)):
        reader = Collected()
        client.submit(reader.response, reader.requests())
        engine.die()
        await until_dead(client)
        with pytest.raises(EngineDeadError) as first:
            client.submit(Collected().response, [make_request()])
        assert first.value is not client.dead
        with pytest.raises(EngineDeadError):
            await client.call_utility("is_sleeping")
        client.abort(reader.response)


async def test_waiting_calls_fail() -> None:
    """A call that will never be answered ends at once, not at its timeout."""
    async with connected() as (client, (engine,)):
        call = asyncio.create_task(client.call_utility("profile", timeout=1000))
        await engine.next_message()
        engine.die()
        with pytest.raises(EngineDeadError):
            await asyncio.wait_for(call, PATIENCE)


async def test_callbacks_are_called_once() -> None:
    """on_dead callbacks get the error once, also those that come late, and one that fails harms no other."""
    async with connected() as (client, (engine,)):
        asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)
        seen: list[EngineDeadError] = []
        client.on_dead(lambda _: 1 / 0)
        client.on_dead(seen.append)
        engine.die()
        await until_dead(client)
        client.declare_dead("again")
        late = asyncio.get_running_loop().create_future()
        client.on_dead(late.set_result)
        assert await asyncio.wait_for(late, PATIENCE) is client.dead
        assert seen == [client.dead]


async def test_engine_that_goes_between_ready_and_start_fails_the_start() -> None:
    """An engine that is lost while the client is still starting is not served as if it were there."""
    client = EngineClient.handshake("tcp://127.0.0.1:*", 1, ipc=True)
    client.declare_dead("vLLM was killed by SIGKILL")
    starting = asyncio.create_task(client.start())
    assert client.handshake_address is not None
    async with FakeEngine() as engine:
        await engine.register(client.handshake_address)
        with pytest.raises(StartupError, match="killed by SIGKILL"):
            await starting


async def test_stop_of_a_dead_client() -> None:
    """Stopping after the engine's end is as clean as any stop, and its own end is not taken for another death."""
    async with connected() as (client, (engine,)):
        engine.die()
        await until_dead(client)
        reason = client.dead_reason
        await client.stop()
        client.declare_dead("after stop")
        assert client.dead_reason == reason
