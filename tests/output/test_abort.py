# SPDX-License-Identifier: Apache-2.0
"""RequestStream, when the client leaves, does not read or cannot be reached: the engine's work ends at once."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from fastfront.output import ClientDisconnectedError, RequestStream
from tests.output.fakes import Client, FakeResponse, make, rest


@pytest.mark.parametrize("method", ["send_events", "send_json"])
async def test_client_that_leaves_before_any_output_aborts(method):
    """A disconnect is passed to the engine at once, streaming or not, and nothing is sent."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    task = asyncio.create_task(getattr(stream, method)())
    await rest()
    client.left.set()
    with pytest.raises(ClientDisconnectedError):
        await task
    assert client.aborted == [response]
    assert client.messages == []
    stream.close()


async def test_client_that_leaves_mid_stream_aborts_before_the_next_step():
    """The abort does not wait for the next token."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    task = asyncio.create_task(stream.send_events())
    await rest()
    response.put(b"1")
    await client.until(2)
    client.left.set()
    with pytest.raises(ClientDisconnectedError):
        await task
    assert client.aborted == [response]
    assert len(client.messages) == 2
    stream.close()


async def test_client_that_leaves_while_a_message_is_being_sent_aborts_at_once():
    """`send` may hang on a dead connection: the abort does not wait for it."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    task = asyncio.create_task(stream.send_events())
    await rest()
    response.put(b"1")
    await client.until(2)
    client.reads.clear()
    response.put(b"2")
    await client.until(3)
    client.left.set()
    await rest()
    assert client.aborted == [response]
    client.reads.set()
    with pytest.raises(ClientDisconnectedError):
        await task
    stream.close()


async def test_disconnect_behind_the_end_aborts_nothing():
    """Servers report a disconnect after every response; a finished one has nothing to abort."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    response.put(b"x", finished=True)
    await stream.send_events()
    client.left.set()
    await rest()
    stream.close()
    assert client.aborted == []


async def test_attach_after_the_client_left_raises():
    """A client that left while its prompt was tokenized never reaches the engine."""
    client = Client()
    stream = make(client)
    client.left.set()
    await rest()
    with pytest.raises(ClientDisconnectedError):
        stream.attach(FakeResponse())
    stream.close()


async def test_cancelled_task_aborts():
    """A server that cancels the request's task leaves nothing running in the engine."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    task = asyncio.create_task(stream.send_events())
    await rest()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    stream.close()
    assert client.aborted == [response]


@pytest.mark.parametrize(
    ("error", "seen"), [(ConnectionResetError(), ClientDisconnectedError), (RuntimeError("closed"), RuntimeError)]
)
async def test_send_that_raises_aborts(error, seen):
    """A connection that breaks in `send` ends the request in the engine; other errors of a host stay visible."""
    client, response = Client(), FakeResponse()

    async def broken(message):
        raise error

    stream = RequestStream(client.receive, broken, client.abort)
    stream.attach(response)
    response.put(b"x")
    with pytest.raises(seen):
        await stream.send_events()
    stream.close()
    assert client.aborted == [response]


async def test_receive_that_raises_counts_as_a_disconnect():
    """A host whose receive() fails has lost the client."""
    client, response = Client(), FakeResponse()

    async def broken():
        raise RuntimeError("no more messages")

    stream = RequestStream(broken, client.send, client.abort)
    stream.attach(response)
    with pytest.raises(ClientDisconnectedError):
        await stream.send_events()
    assert client.aborted == [response]
    stream.close()


async def test_leftover_of_the_body_is_no_disconnect():
    """Some servers deliver an empty http.request behind the body: the watch goes on."""
    client, response = Client(), FakeResponse()
    messages = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive():
        return messages.pop() if messages else await client.receive()

    stream = RequestStream(receive, client.send, client.abort)
    stream.attach(response)
    await rest()
    assert not stream.disconnected
    client.left.set()
    await rest()
    assert client.aborted == [response]
    stream.close()


async def test_slow_reader_is_given_up():
    """When the Response overflows while `send` hangs, the request ends and the connection is closed unfinished."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    task = asyncio.create_task(stream.send_events())
    await rest()
    response.put(b"1")
    await client.until(2)
    client.reads.clear()
    response.put(b"2")
    await client.until(3)
    response.overflow()
    assert await asyncio.wait_for(task, 5) == 499
    assert client.messages[-1]["more_body"] is True, "an end would tell the client that it has everything"
    assert not task.cancelled()
    stream.close()


async def test_overflow_between_two_messages_ends_unfinished_too():
    """The client may read again just when the Response has overflowed: what was lost must not look like the end."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    task = asyncio.create_task(stream.send_events())
    await rest()
    response.put(b"1")
    await client.until(2)
    response.overflow()
    assert await task == 499
    assert client.bodies == [b"1"]
    assert client.messages[-1]["more_body"] is True
    stream.close()


async def test_client_that_leaves_while_queued_frees_its_place():
    """A request still waiting for the pool is taken out of the queue when its client leaves."""
    client = Client()
    stream = make(client)
    gate, ran = threading.Event(), []
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(gate.wait)
        task = asyncio.create_task(stream.off_loop(pool, ran.append, 1))
        await rest()
        client.left.set()
        with pytest.raises(ClientDisconnectedError):
            await task
        gate.set()
        first.result()
    assert ran == []
    stream.close()
