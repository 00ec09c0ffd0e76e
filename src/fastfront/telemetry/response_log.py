# SPDX-License-Identifier: Apache-2.0
"""Logs the body of every response (VLLM_DEBUG_LOG_API_SERVER_RESPONSE), for debugging: it shows what clients were told.

Source: vllm/entrypoints/serve/middleware/log_response.py (0.32). A plain ASGI wrapper; lines are made on the log's
thread. Unlike vLLM's it does not hold a stream back until it is complete.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastfront.telemetry.answer_log import text_of_first_choice
from fastfront.telemetry.log_queue import LogQueue

logger = logging.getLogger(__name__)

EVENT_STREAM = b"text/event-stream; charset=utf-8"
MAX_CONTENT_CHARS = 2048
MAX_BODY_BYTES = 1 << 20
"""Of one response, what is kept for the log."""

Scope = MutableMapping[str, Any]
ASGIApp = Callable[[Scope, Any, Any], Awaitable[None]]


class ResponseLogMiddleware:
    """Wraps an app; every response passes through it, none takes the native way to the socket."""

    def __init__(self, app: ASGIApp, queue: Callable[[], LogQueue]) -> None:
        """Log through what `queue` returns at the time."""
        self._app = app
        self._queue = queue
        logger.warning(
            "CAUTION: Enabling log response in the API Server. "
            "This can include sensitive information and should be avoided in production."
        )

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Serve one scope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        response = _Response()

        def copying(message: MutableMapping[str, Any]) -> Any:
            response.note(message)
            return send(message)

        await self._app({**scope, "extensions": {}}, receive, copying)
        self._queue().put(response.log)


class _Response:
    """What went through send(), within bounds."""

    def __init__(self) -> None:
        self._streams = False
        self._chunks = 0
        self._body = bytearray()

    def note(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._streams = (b"content-type", EVENT_STREAM) in list(message.get("headers", ()))
        elif body := message.get("body", b""):
            self._chunks += 1
            self._body += body[: MAX_BODY_BYTES - len(self._body)]

    def log(self) -> None:
        if not self._body:
            logger.info("response_body={<empty>}")
        elif self._streams:
            self._log_stream()
        else:
            try:
                logger.info("response_body={%s}", self._body.decode())
            except UnicodeDecodeError:
                logger.info("response_body={<binary_data>}")

    def _log_stream(self) -> None:
        logger.info("response_body={streaming_started: chunks=%d}", self._chunks)
        events = bytes(self._body).split(b"\n\n")
        if b"data: [DONE]" not in events:
            return
        content = "".join(text_of_first_choice(event[6:]) for event in events if event.startswith(b"data: {"))
        if not content:
            logger.info("response_body={streaming_complete: no_content, chunks=%d}", self._chunks)
            return
        shown = content if len(content) <= MAX_CONTENT_CHARS else content[:MAX_CONTENT_CHARS] + "...[truncated]"
        logger.info("response_body={streaming_complete: content=%r, chunks=%d}", shown, self._chunks)
