# SPDX-License-Identifier: Apache-2.0
"""RequestStream when the pump calls it from the loop: steps are sent there and then, without the request's task."""

from __future__ import annotations

import asyncio

import pytest

from fastfront.output import ClientDisconnectedError
from tests.output.fakes import Client, FakeResponse, make, rest, step


async def streaming(client, response):
    """Return a stream and its task, past the first event and waiting."""
    stream = make(client, response)
    task = asyncio.create_task(stream.send_events())
    await rest()
    await step(response, b"1")
    await client.until(2)
    await rest()
    return stream, task


async def test_step_is_sent_within_the_callback():
    """By the time that the pump's call returns, the message is with the server."""
    client, response = Client(), FakeResponse()
    stream, task = await streaming(client, response)
    seen = []

    def callback():
        response.put(b"2")
        seen.extend(client.bodies)

    asyncio.get_running_loop().call_soon(callback)
    await rest()
    assert seen == [b"1", b"2"]
    await step(response, b"3", finished=True)
    assert await task == 200
    assert client.bodies == [b"1", b"2", b"3"]
    assert [m["more_body"] for m in client.messages[1:]] == [True, True, False]
    stream.close()


async def test_many_steps_are_as_many_messages():
    """The callback sends again and again; the order is the pump's."""
    client, response = Client(), FakeResponse()
    stream, task = await streaming(client, response)
    expected = [b"%d" % number for number in range(2, 50)]
    for data in expected:
        await step(response, data)
    await step(response, finished=True)
    assert await task == 200
    assert client.bodies == [b"1", *expected, b""]
    stream.close()


async def test_steps_pile_up_behind_a_send_that_waits():
    """The task finishes that send; what has come meanwhile leaves in one message, and then the callback sends again."""
    client, response = Client(), FakeResponse()
    stream, task = await streaming(client, response)
    client.reads.clear()
    await step(response, b"2")
    for data in (b"3", b"4", b"5"):
        await step(response, data)
    assert client.bodies == [b"1", b"2"]
    client.reads.set()
    await client.until(4)
    await rest()
    await step(response, b"6")
    await step(response, b"7", finished=True)
    assert await task == 200
    assert client.bodies == [b"1", b"2", b"345", b"6", b"7"]
    stream.close()


@pytest.mark.parametrize("turns", [0, 5])
async def test_client_that_leaves_while_a_pushed_send_waits(turns):
    """The engine stops at once, and the task ends."""
    client, response = Client(), FakeResponse()
    stream, task = await streaming(client, response)
    client.reads.clear()
    await step(response, b"2")
    await rest(turns)
    client.left.set()
    await rest()
    assert client.aborted == [response]
    client.reads.set()
    with pytest.raises(ClientDisconnectedError):
        await task
    stream.close()
    assert client.bodies == [b"1", b"2"]


@pytest.mark.parametrize("turns", [0, 5])
async def test_client_that_never_reads_is_given_up_in_a_pushed_send(turns):
    """The mailbox is full while send() waits, before the task has taken it up and after: the task gets out."""
    client, response = Client(), FakeResponse()
    stream, task = await streaming(client, response)
    client.reads.clear()

    def callback():
        response.put(b"2")
        if turns == 0:
            response.overflow()

    asyncio.get_running_loop().call_soon(callback)
    await rest()
    if turns:
        asyncio.get_running_loop().call_soon(response.overflow)
    assert await asyncio.wait_for(task, 5) == 499
    stream.close()
    assert client.messages[-1]["more_body"] is True


async def test_connection_that_breaks_in_a_pushed_send_ends_the_request():
    """The exception reaches the task, and the engine is told."""

    class Broken(Client):
        async def send(self, message):
            await super().send(message)
            if message.get("body") == b"2":
                raise ConnectionResetError

    client, response = Broken(), FakeResponse()
    stream, task = await streaming(client, response)
    await step(response, b"2")
    with pytest.raises(ClientDisconnectedError):
        await asyncio.wait_for(task, 5)
    stream.close()
    assert client.aborted == [response]


async def test_cancelled_while_a_pushed_send_waits():
    """A host's timeout ends the request like any other end."""
    client, response = Client(), FakeResponse()
    stream, task = await streaming(client, response)
    client.reads.clear()
    await step(response, b"2")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    stream.close()
    assert client.aborted == [response]
