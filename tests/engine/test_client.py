# SPDX-License-Identifier: Apache-2.0
"""EngineClient with the real pump before fake engines: requests, aborts, calls, balance, stop."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest
import uvloop

from fastfront.engine.client import EngineClient
from fastfront.engine.types import EngineCoreReadyResponse, FinishReason, RequestType
from fastfront.errors import BadRequestError, FastFrontError, ServiceUnavailableError, StartupError
from tests.engine.conftest import PROMPT, Collected, connected, make_request
from tests.engine.fake_engine import FakeEngine


async def test_request_reaches_the_engine_and_tokens_come_back() -> None:
    """A submitted request is an ADD under the response's wire id, and its outputs end up in the response."""
    async with connected() as (client, (engine,)):
        reader = Collected()
        client.submit(reader.response, [make_request(temperature=0.0, max_tokens=2)])
        request = await engine.next_request()
        assert request.request_id == reader.response.wire_ids[0]
        assert request.prompt_token_ids == PROMPT
        assert request.client_index == 0
        assert request.sampling_params is not None
        assert request.sampling_params.max_tokens == 2
        await engine.send_tokens(request.request_id, [10])
        await engine.send_tokens(request.request_id, [11], FinishReason.LENGTH)
        await reader.until_finished()
        assert reader.tokens == {0: [10, 11]}
        assert b"<10>" in reader.body
        assert client.num_running == 0


def test_client_works_on_uvloop() -> None:
    """The server runs on uvloop, whose readers see ZeroMQ's edge-triggered descriptors their own way."""

    async def round_trip() -> dict[int, list[int]]:
        async with connected() as (client, (engine,)):
            reader = Collected()
            client.submit(reader.response, reader.requests())
            wire_id = (await engine.next_request()).request_id
            for token in range(50):
                await engine.send_tokens(wire_id, [token])
            await engine.send_tokens(wire_id, [50], FinishReason.STOP)
            await reader.until_finished()
            return reader.tokens

    loop = uvloop.new_event_loop()
    try:
        assert loop.run_until_complete(round_trip()) == {0: list(range(51))}
    finally:
        loop.close()


async def test_one_request_per_choice() -> None:
    """Each choice is a request of its own, in the order of the wire ids."""
    async with connected() as (client, (engine,)):
        reader = Collected(n=3)
        client.submit(reader.response, reader.requests())
        seen = [(await engine.next_request()).request_id for _ in range(3)]
        assert seen == reader.response.wire_ids
        for choice, wire_id in enumerate(seen):
            await engine.send_tokens(wire_id, [choice], FinishReason.STOP)
        await reader.until_finished()
        assert reader.tokens == {0: [0], 1: [1], 2: [2]}


async def test_number_of_requests_must_fit_the_response() -> None:
    """A response and requests that do not belong together are a programming error, found before anything is sent."""
    async with connected() as (client, _):
        with pytest.raises(ValueError, match="zip"):
            client.submit(Collected(n=2).response, [make_request()])
        assert client.num_running == 0


async def test_abort_tells_the_engine_once() -> None:
    """abort sends ABORT with what still runs; a second call sends nothing."""
    async with connected() as (client, (engine,)):
        reader = Collected(n=2)
        client.submit(reader.response, reader.requests())
        first, second = [(await engine.next_request()).request_id for _ in range(2)]
        await engine.send_tokens(first, [1], FinishReason.STOP)
        await reader.until_count(1)
        client.abort(reader.response)
        client.abort(reader.response)
        assert await engine.next_message() == (RequestType.ABORT, [second])
        assert client.num_running == 0
        other = Collected()
        client.submit(other.response, other.requests())
        assert (await engine.next_request()).request_id == other.response.wire_ids[0]


async def test_abort_of_a_finished_response_is_silent() -> None:
    """A response that has ended needs no ABORT."""
    async with connected() as (client, (engine,)):
        reader = Collected()
        client.submit(reader.response, reader.requests())
        await engine.send_tokens((await engine.next_request()).request_id, [1], FinishReason.STOP)
        await reader.until_finished()
        client.abort(reader.response)
        other = Collected()
        client.submit(other.response, other.requests())
        assert (await engine.next_request()).request_id == other.response.wire_ids[0]


async def test_abort_of_an_unknown_response_does_nothing() -> None:
    """A response that was never submitted can be aborted all the same."""
    async with connected() as (client, _):
        client.abort(Collected().response)


async def test_outputs_after_an_abort_are_dropped() -> None:
    """Tokens that were on their way when the client left reach nobody and disturb nobody."""
    async with connected() as (client, (engine,)):
        gone, other = Collected(), Collected()
        client.submit(gone.response, gone.requests())
        client.submit(other.response, other.requests())
        client.abort(gone.response)
        await engine.send_tokens(gone.response.wire_ids[0], [1])
        await engine.send_tokens(other.response.wire_ids[0], [2], FinishReason.STOP)
        await other.until_finished()
        assert (gone.tokens, other.tokens) == ({0: []}, {0: [2]})


async def test_stop_string_aborts_in_the_engine() -> None:
    """The engine does not know stop strings: when one is found here, it is told to stop."""
    async with connected() as (client, (engine,)):
        reader = Collected(stop=("<7>",))
        client.submit(reader.response, reader.requests())
        wire_id = (await engine.next_request()).request_id
        await engine.send_tokens(wire_id, [6, 7])
        await reader.until_finished()
        assert await engine.next_message() == (RequestType.ABORT, [wire_id])


async def test_stop_string_aborts_though_the_response_is_closed_first() -> None:
    """The pump's word that the engine may stop is still heard when the response has been given up before it came."""
    async with connected(2) as (client, (engine, other)):
        reader = Collected(stop=("<7>",))
        take = reader.response.on_ready

        def take_and_close() -> None:
            assert take is not None
            take()
            if reader.response.finished:
                client.abort(reader.response)

        reader.response.on_ready = take_and_close
        client.submit(reader.response, reader.requests())
        wire_id = (await engine.next_request()).request_id
        await engine.send_tokens(wire_id, [6, 7])
        # Nobody remembers which engine it was: both are told, and the one that does not know it does not mind.
        assert await engine.next_message() == (RequestType.ABORT, [wire_id])
        assert await other.next_message() == (RequestType.ABORT, [wire_id])


async def test_request_that_cannot_be_encoded_is_refused() -> None:
    """What msgpack cannot carry is the request's fault, and leaves no trace."""
    async with connected() as (client, (engine,)):
        reader = Collected()
        with pytest.raises(BadRequestError, match="cannot be sent"):
            client.submit(reader.response, [make_request(extra_args={"x": 2**70})])
        assert client.num_running == 0
        client.submit(reader.response, reader.requests())
        assert (await engine.next_request()).request_id == reader.response.wire_ids[0]


async def test_utility_call() -> None:
    """A call carries method and arguments, and returns the plain result."""
    async with connected() as (client, (engine,)):
        call = asyncio.create_task(client.call_utility("reset_prefix_cache", False, True))
        assert await engine.answer_call(True) == ("reset_prefix_cache", [False, True])
        assert await call is True


async def test_utility_call_that_fails_tells_the_engines_reason() -> None:
    """The engine's failure message is the error's."""
    async with connected() as (client, (engine,)):
        call = asyncio.create_task(client.call_utility("sleep", 9))
        await engine.answer_call(failure="Call to sleep method failed: no")
        with pytest.raises(FastFrontError, match="Call to sleep method failed: no"):
            await call


async def test_utility_call_that_is_not_answered_times_out() -> None:
    """A call waits for so long and no longer; an answer that comes too late is dropped."""
    async with connected() as (client, (engine,)):
        with pytest.raises(ServiceUnavailableError, match=r"did not answer profile within 0\.01 s"):
            await client.call_utility("profile", timeout=0.01)
        await engine.answer_call("late")
        call = asyncio.create_task(client.call_utility("is_sleeping"))
        await engine.answer_call(False)
        assert await call is False


async def test_cancelled_utility_call_is_forgotten() -> None:
    """A caller that gives up leaves nothing that a late answer could break."""
    async with connected() as (client, (engine,)):
        call = asyncio.create_task(client.call_utility("profile"))
        await engine.answer_call("late")
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        again = asyncio.create_task(client.call_utility("is_sleeping"))
        await engine.answer_call(True)
        assert await again is True


async def test_utility_call_goes_to_every_engine() -> None:
    """Every engine is called; the first one's result is returned, or all of them, in order of rank."""
    async with connected(2) as (client, engines):
        call = asyncio.create_task(client.call_utility_all("get_supported_tasks"))
        await engines[1].answer_call("b")
        await engines[0].answer_call("a")
        assert await call == ["a", "b"]
        first = asyncio.create_task(client.call_utility("get_supported_tasks"))
        for engine, result in zip(engines, "ab", strict=True):
            await engine.answer_call(result)
        assert await first == "a"


async def test_requests_are_spread_over_engines() -> None:
    """Without any word on load, each engine gets as many requests as the other."""
    async with connected(2) as (client, engines):
        readers = [Collected() for _ in range(4)]
        for reader in readers:
            client.submit(reader.response, reader.requests())
        for engine in engines:
            for _ in range(2):
                await engine.next_request()
        for reader in readers:
            client.abort(reader.response)


async def test_engine_can_be_pinned_and_aborts_find_it() -> None:
    """data_parallel_rank chooses the engine, and the ABORT goes where the request went."""
    async with connected(3) as (client, engines):
        reader = Collected(n=2)
        requests = reader.requests()
        for request in requests:
            request.data_parallel_rank = 2
        client.submit(reader.response, requests)
        for _ in requests:
            assert (await engines[2].next_request()).data_parallel_rank == 2
        client.abort(reader.response)
        kind, wire_ids = await engines[2].next_message()
        assert (kind, sorted(wire_ids)) == (RequestType.ABORT, sorted(reader.response.wire_ids))


async def test_rank_out_of_range_is_refused() -> None:
    """vLLM's message for a rank that does not exist; nothing is sent."""
    async with connected(2) as (client, _):
        request = make_request()
        request.data_parallel_rank = 2
        with pytest.raises(BadRequestError, match=r"data_parallel_rank 2 is out of range \[0, 2\)\."):
            client.submit(Collected().response, [request])
        assert client.num_running == 0


async def test_ready_merges_what_engines_said() -> None:
    """The smallest context length, the sum of the blocks."""
    client = EngineClient.handshake("tcp://127.0.0.1:*", 2, ipc=True)
    starting = asyncio.create_task(client.start())
    address = client.handshake_address
    assert address is not None
    async with (
        FakeEngine(0, EngineCoreReadyResponse(max_model_len=4096, num_gpu_blocks=5, vllm_version="0.32.0")) as one,
        FakeEngine(1, EngineCoreReadyResponse(max_model_len=2048, num_gpu_blocks=6, data_parallel_rank=1)) as two,
    ):
        await two.register(address)
        await one.register(address)
        await starting
        assert (client.ready.max_model_len, client.ready.num_gpu_blocks) == (2048, 11)
        assert client.ready.vllm_version == "0.32.0"
        assert [response.data_parallel_rank for response in client.responses] == [0, 1]
        await client.stop()


async def test_engines_in_lockstep_need_a_coordinator() -> None:
    """Engines that step together cannot be served without vLLM's coordinator, and are refused with what to do."""
    client = EngineClient.handshake("tcp://127.0.0.1:*", 1, ipc=True)
    starting = asyncio.create_task(client.start())
    assert client.handshake_address is not None
    async with FakeEngine(0, EngineCoreReadyResponse(data_parallel_size=2)) as engine:
        await engine.register(client.handshake_address)
        with pytest.raises(StartupError, match="VLLM_USE_RUST_FRONTEND=1"):
            await starting


async def test_nothing_is_taken_before_start_and_after_stop() -> None:
    """A client that does not run refuses requests and calls as temporarily unavailable."""
    client = EngineClient.handshake("tcp://127.0.0.1:*", 1, ipc=True)
    reader = Collected()
    with pytest.raises(ServiceUnavailableError, match="not ready"):
        client.submit(reader.response, reader.requests())
    await client.stop()
    with pytest.raises(ServiceUnavailableError, match="shutting down"):
        client.submit(reader.response, reader.requests())
    with pytest.raises(ServiceUnavailableError, match="shutting down"):
        await client.call_utility("is_sleeping")


async def test_stop_aborts_and_ends_what_is_open() -> None:
    """Stopping tells the engine to give up our requests, and every reader and caller that it is over."""
    async with connected() as (client, (engine,)):
        reader = Collected()
        client.submit(reader.response, reader.requests())
        wire_id = (await engine.next_request()).request_id
        call = asyncio.create_task(client.call_utility("profile"))
        await engine.next_message()
        await client.stop()
        await client.stop()
        assert await engine.next_message() == (RequestType.ABORT, [wire_id])
        await reader.until_finished()
        assert b"The server is shutting down." in reader.body
        with pytest.raises(ServiceUnavailableError, match="shutting down"):
            await call


async def test_stop_leaves_no_descriptors_or_files() -> None:
    """A whole life of a client, engine and all, leaves as many open descriptors as before."""
    async with connected():
        pass  # whatever is made once per process
    gc.collect()  # the pump's descriptors go with the pump
    before = list_directory("/proc/self/fd")
    async with connected() as (client, _):
        directory = client._connection._directory
        assert directory is not None
        assert list_directory(directory) == ["input", "output"]
    assert list_directory(directory) == []
    del client, _
    gc.collect()
    assert list_directory("/proc/self/fd") == before


def list_directory(path: str) -> list[str]:
    directory = Path(path)
    return sorted(entry.name for entry in directory.iterdir()) if directory.exists() else []


@pytest.mark.parametrize("known_as", ["cmpl-2", "cmpl-2-0"])
async def test_requests_can_be_aborted_by_the_ids_that_clients_know(known_as: str) -> None:
    """A response's id, or that of one of its prompts: it ends as aborted, the engine is told, others go on."""
    async with connected() as (client, (engine,)):
        chosen, other = Collected(n=2, id="cmpl-2"), Collected(id="cmpl-20")
        for reader in (chosen, other):
            client.submit(reader.response, reader.requests())
        for _ in range(3):
            await engine.next_request()
        assert client.abort_requests({"unknown", "cmpl-2-1"}) == 0
        assert client.abort_requests({known_as}) == 2
        await chosen.until_finished()
        assert chosen.body.count(b'"finish_reason":"abort"') == 2
        assert await engine.next_message() == (RequestType.ABORT, chosen.response.wire_ids)
        assert not other.response.finished


async def test_all_requests_can_be_aborted() -> None:
    """Without ids, whatever is open."""
    async with connected() as (client, (engine,)):
        readers = [Collected(id=f"cmpl-{number}") for number in range(3)]
        for reader in readers:
            client.submit(reader.response, reader.requests())
            await engine.next_request()
        assert client.abort_requests() == 3
        for reader in readers:
            await reader.until_finished()
        assert client.num_running == 0
