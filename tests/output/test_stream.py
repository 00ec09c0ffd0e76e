# SPDX-License-Identifier: Apache-2.0
"""RequestStream, when all goes well: what is sent, and in which messages."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from fastfront.output import stream as stream_module
from tests.output.fakes import Client, FakeResponse, make, rest


async def test_first_bytes_leave_with_the_headers():
    """The headers wait for the first output, which then goes out at once."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    task = asyncio.create_task(stream.send_events())
    await rest()
    assert client.messages == []
    response.put(b"data: 1\n\n")
    await client.until(2)
    assert client.messages[0] == {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"text/event-stream; charset=utf-8")],
    }
    assert client.messages[1] == {"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True}
    response.put(b"data: [DONE]\n\n", finished=True)
    assert await task == 200
    stream.close()
    assert client.aborted == []


async def test_headers_leave_alone_after_the_grace(monkeypatch):
    """A client that waits for a long prompt sees the headers before the first output, whichever server it is.

    A server may keep the headers until there is a body: an empty piece of it says that they are to go."""
    monkeypatch.setattr(stream_module, "HEADERS_GRACE", 0.001)
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    task = asyncio.create_task(stream.send_events())
    await client.until(2)
    assert [message["type"] for message in client.messages] == ["http.response.start", "http.response.body"]
    response.put(b"x", finished=True)
    assert await task == 200
    assert client.bodies == [b"", b"x"]
    stream.close()


async def test_output_that_piled_up_leaves_in_one_message():
    """While the client is slow to take one message, steps gather and leave together."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    task = asyncio.create_task(stream.send_events())
    await rest()
    response.put(b"1")
    await client.until(2)
    client.reads.clear()
    response.put(b"2")
    await client.until(3)
    for data in (b"3", b"4", b"5"):
        response.put(data)
    client.reads.set()
    await client.until(4)
    response.put(b"6", finished=True)
    await task
    assert client.bodies == [b"1", b"2", b"345", b"6"]
    assert [m["more_body"] for m in client.messages[1:]] == [True, True, True, False]
    stream.close()


async def test_one_message_per_step_when_the_client_keeps_up():
    """An idle server sends every token at once: nothing is held back for company."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    task = asyncio.create_task(stream.send_events())
    await rest()
    for count, data in enumerate((b"1", b"2", b"3"), start=2):
        response.put(data)
        await client.until(count)
    response.put(finished=True)
    await task
    assert client.bodies == [b"1", b"2", b"3", b""]
    stream.close()


async def test_response_that_is_complete_at_once_is_one_body():
    """Everything there before anybody looked: headers and a single final body."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    response.put(b"all", finished=True)
    assert await stream.send_events() == 200
    assert client.bodies == [b"all"]
    assert client.messages[-1]["more_body"] is False
    stream.close()


async def test_error_before_any_output_is_an_http_error():
    """While nothing is sent, an engine's error has its own status and body, also for a stream."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    task = asyncio.create_task(stream.send_events())
    await rest()
    response.error = (503, b'{"error":{}}')
    response.put(finished=True)
    assert await task == 503
    assert client.messages[0]["status"] == 503
    assert client.messages[0]["headers"] == [(b"content-length", b"12"), (b"content-type", b"application/json")]
    assert client.bodies == [b'{"error":{}}']
    stream.close()


async def test_whole_response_is_sent_once():
    """A non-streaming response is one message, however many steps it took."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    task = asyncio.create_task(stream.send_json())
    await rest()
    response.put(b'{"a":')
    await rest()
    assert client.messages == []
    response.put(b"1}", finished=True)
    assert await task == 200
    assert client.bodies == [b'{"a":1}']
    assert client.messages[0]["headers"] == [(b"content-length", b"7"), (b"content-type", b"application/json")]
    stream.close()


async def test_whole_response_with_an_error_has_its_status():
    """The engine's error is the HTTP answer."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    task = asyncio.create_task(stream.send_json())
    await rest()
    response.error = (500, b"{}")
    response.put(finished=True)
    assert await task == 500
    stream.close()


async def test_off_loop_returns_what_the_function_returns():
    """Work in the pool is awaited like anything else."""
    client = Client()
    stream = make(client)
    with ThreadPoolExecutor(1) as pool:
        assert await stream.off_loop(pool, lambda a, b: a + b, 1, 2) == 3
    stream.close()


async def test_off_loop_raises_what_the_function_raises():
    """An error of the template or the tokenizer reaches the route."""
    client = Client()
    stream = make(client)
    with ThreadPoolExecutor(1) as pool, pytest.raises(ZeroDivisionError):
        await stream.off_loop(pool, lambda: 1 / 0)
    stream.close()


async def test_nothing_is_left_behind():
    """After close() neither the watch nor the Response's reference to the stream remains."""
    client, response = Client(), FakeResponse()
    stream = make(client, response)
    response.put(b"x", finished=True)
    await stream.send_events()
    stream.close()
    await rest()
    assert response.on_ready is None
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
