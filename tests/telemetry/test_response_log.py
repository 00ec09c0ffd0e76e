# SPDX-License-Identifier: Apache-2.0
"""VLLM_DEBUG_LOG_API_SERVER_RESPONSE: every response's body in the log, in vLLM's words."""

from __future__ import annotations

import logging

import pytest

from fastfront.telemetry.log_queue import LogQueue
from fastfront.telemetry.response_log import ResponseLogMiddleware

EVENT_STREAM = [(b"content-type", b"text/event-stream; charset=utf-8")]
CHUNK = b'data: {"choices": [{"delta": {"content": "Hi"}}]}\n\n'


async def logged(caplog, headers, *bodies):
    """Return what is logged of a response with these body messages."""
    caplog.set_level(logging.INFO, "fastfront")
    caplog.clear()
    queue, sent = LogQueue(), []

    async def app(scope, receive, send):
        assert scope["extensions"] == {}, "the response has to pass through send"
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for body in bodies:
            await send({"type": "http.response.body", "body": body, "more_body": True})

    async def send(message):
        sent.append(message)

    middleware = ResponseLogMiddleware(app, lambda: queue)
    assert "CAUTION" in caplog.messages[0]
    caplog.clear()
    await middleware({"type": "http", "extensions": {"fastfront.socket": object()}}, None, send)
    queue.close()
    assert [message.get("body") for message in sent[1:]] == list(bodies)
    return caplog.messages


@pytest.mark.parametrize(
    ("body", "line"),
    [
        (b'{"a":1}', 'response_body={{"a":1}}'),
        (b"\xff", "response_body={<binary_data>}"),
        (b"", "response_body={<empty>}"),
    ],
)
async def test_whole_bodies(caplog, body, line):
    """As they are."""
    assert await logged(caplog, [], body) == [line]


async def test_streams(caplog):
    """When they began, and their content once they are complete."""
    assert await logged(caplog, EVENT_STREAM, CHUNK, CHUNK + b"data: [DONE]\n\n") == [
        "response_body={streaming_started: chunks=2}",
        "response_body={streaming_complete: content='HiHi', chunks=2}",
    ]


async def test_a_long_stream_is_cut(caplog):
    """After 2,048 characters."""
    _, line = await logged(caplog, EVENT_STREAM, CHUNK * 1100 + b"data: [DONE]\n\n")
    assert line == f"response_body={{streaming_complete: content={'Hi' * 1024 + '...[truncated]'!r}, chunks=1}}"


async def test_a_stream_without_content_or_end(caplog):
    """Told as such; a stream that was cut off has no last line."""
    assert (await logged(caplog, EVENT_STREAM, b"data: [DONE]\n\n"))[1:] == [
        "response_body={streaming_complete: no_content, chunks=1}"
    ]
    assert await logged(caplog, EVENT_STREAM, CHUNK) == ["response_body={streaming_started: chunks=1}"]
