# SPDX-License-Identifier: Apache-2.0
"""One request's way out: waits for a native Response, sends what has gathered, and aborts when the client leaves.

Everything runs on the loop thread. The pump calls `Response.on_ready`, at most once per engine step, and that sends
what has come; only where `send` has to wait does the request's task go on with it. What piles up meanwhile leaves in
one message. The first bytes go out at once.

Rules that hold on every path:
1. A response that was submitted is aborted in the engine unless it has finished, whatever ends the request: a
   disconnect (seen by `receive`), a failed `send`, a cancelled task, a client that reads too slowly.
2. Nothing is sent after the client has gone.
3. Before `http.response.start` an error is an HTTP error; afterwards the stream carries it as an event (the pump
   writes it).

Must not know requests, prompts or the engine's wire.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from fastfront.errors import FastFrontError
from fastfront.output.asgi import ClientDisconnectedError, Receive, Send
from fastfront.output.eager import EagerSend
from fastfront.output.native import Direct, NativeResponse

logger = logging.getLogger(__name__)

T = TypeVar("T")

HEADERS_GRACE = 0.1
"""Seconds to wait for the first output before the headers leave alone. Within it headers and first bytes share a write,
and an error of the engine still becomes an HTTP status; who waits for a long prompt sees headers after it."""

STATUS_CLIENT_CLOSED = 499
"""What the metrics call a request whose client left before there was a status (nginx's number)."""

EVENT_STREAM_HEADERS: tuple[tuple[bytes, bytes], ...] = ((b"content-type", b"text/event-stream; charset=utf-8"),)


class TextError(Exception):
    """Text that is made in Python could not be made."""


class RequestStream:
    """Everything between one HTTP request and its Response. Make one per request; call `close` when done with it."""

    __slots__ = (
        "_abort",
        "_direct",
        "_eager",
        "_explain",
        "_feed",
        "_loop",
        "_overrun",
        "_pump",
        "_receive",
        "_response",
        "_send",
        "_sending",
        "_task",
        "_waiter",
        "_watcher",
        "content_length",
        "disconnected",
        "started",
    )

    def __init__(
        self,
        receive: Receive,
        send: Send,
        abort: Callable[[Any], None],
        *,
        direct: Direct | None = None,
        pump: Any = None,
    ) -> None:
        """Take over the exchange behind its request body. `abort` is the engine client's, called at the end, too.

        With `direct` and `pump` the response leaves through the socket sink; `direct` tells of a disconnect, too.
        """
        self._loop = asyncio.get_running_loop()
        self._receive = receive
        self._send = send
        self._abort = abort
        self._direct = direct
        self._pump = pump
        self._feed: Callable[[Any], None] | None = None
        self._explain: Callable[[int, bytes], tuple[int, bytes]] | None = None
        self._response: NativeResponse | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._task: asyncio.Task[Any] | None = None
        self._eager: EagerSend | None = None
        self._sending = False
        self._overrun = False
        self.content_length = 0
        """Of the response, as its headers tell it; 0 for a stream."""
        self.disconnected = False
        self.started = False
        self._watcher: asyncio.Task[None] | None = None
        if direct is None:
            self._watcher = self._loop.create_task(self._watch())
        else:
            direct.on_disconnect = self._on_disconnect

    # -- Waking

    async def _watch(self) -> None:
        """Wait for the client to leave. One task per request: ASGI tells of it no other way."""
        receive = self._receive
        try:
            # Part of the body may still come, where the server splits what was already complete.
            while (await receive())["type"] != "http.disconnect":
                pass
        except Exception:
            # A server or a host's middleware whose receive() fails has lost the client one way or another.
            logger.debug("receive() failed while a response was under way", exc_info=True)
        self._on_disconnect()

    def _on_disconnect(self) -> None:
        self.disconnected = True
        self.abort()
        self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def _wake_from_thread(self, _: object) -> None:
        # The loop may have been closed under a pool thread that is still at work.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._wake)

    def _on_ready(self) -> None:
        if self._eager is not None and self._push(self._eager):
            return
        if self._waiter is not None:
            self._wake()
        elif self._sending and self._task is not None and self._response is not None and self._response.overflowed:
            # `send` is stuck on the client's full socket: only a cancellation gets out of it.
            self._sending = False
            self._overrun = self.disconnected = True
            self._task.cancel()

    def _push(self, eager: EagerSend) -> bool:
        """Send what has come. False: the task has to go on."""
        response = self._attached()
        if not response.finished:
            data = response.take()
            if not data or eager.try_send({"type": "http.response.body", "body": data, "more_body": True}):
                return True
        self._eager = None
        return False

    async def _wait_pushing(self, response: NativeResponse) -> None:
        """Wait like `_wait`, while `_push` sends: for the end of the Response, or a send() that has to wait."""
        eager = EagerSend(self._send)
        self._eager = None if self._feed is not None else eager
        try:
            await self._wait()
            if response.overflowed:
                return  # nobody reads what is being sent
            self._sending = True
            await eager.finish()
            if self.disconnected:
                raise ClientDisconnectedError
        finally:
            self._eager = None
            eager.abandon()

    async def _wait(self) -> None:
        """Wait for the Response, the client's leaving or the headers' grace. Raises if the client has gone."""
        if not self.disconnected:
            self._waiter = waiter = self._loop.create_future()
            try:
                await waiter
            finally:
                self._waiter = None
        if self.disconnected:
            raise ClientDisconnectedError

    # -- What routes call

    async def off_loop(self, executor: Executor, function: Callable[..., T], *args: object) -> T:
        """Run a function in a pool and give up on it if the client leaves, also while it is still queued."""
        future = executor.submit(function, *args)
        future.add_done_callback(self._wake_from_thread)
        try:
            while not future.done():
                await self._wait()
        finally:
            future.cancel()
        return future.result()

    def attach(self, response: NativeResponse, feed: Callable[[Any], None] | None = None) -> None:
        """Take charge of a Response that is about to be submitted. Raises if the client has gone meanwhile.

        `feed` is called before bytes are taken, where the text is made in Python.
        """
        if self.disconnected:
            raise ClientDisconnectedError
        self._feed = feed
        self._response = response
        response.on_ready = self._on_ready

    def explain_errors(self, explain: Callable[[int, bytes], tuple[int, bytes]]) -> None:
        """Have status and body of an error that comes before any output looked at, and perhaps replaced."""
        self._explain = explain

    async def send_events(self) -> int:
        """Send the Response as a server-sent event stream. Returns the HTTP status, for the metrics."""
        response = self._attached()
        if (direct := self._hand_over(response, stream=True)) is not None:
            grace = self._loop.call_later(HEADERS_GRACE, self._pump.send_head, response)
            try:
                return await self._until_delivered(direct, response)
            finally:
                grace.cancel()
        grace = self._loop.call_later(HEADERS_GRACE, self._wake)
        try:
            data = self._take(response)
            if not data and not response.finished:
                await self._wait()
                data = self._take(response)
        finally:
            grace.cancel()
        if response.error is not None:
            return await self._send_whole(*self._explained(*response.error))
        send = self._send
        self._task = asyncio.current_task()
        self._sending = True
        try:
            self.started = True
            await send({"type": "http.response.start", "status": 200, "headers": list(EVENT_STREAM_HEADERS)})
            if not data:  # no server has to send headers before it has seen something of a body
                await send({"type": "http.response.body", "body": b"", "more_body": True})
            while True:
                # `finished` first: what take() returns after it was true is the last.
                finished = response.finished
                data += self._take(response)
                if finished:
                    if response.overflowed:
                        return self._end_unfinished()
                    break
                if data:
                    await send({"type": "http.response.body", "body": data, "more_body": True})
                    if self.disconnected:
                        raise ClientDisconnectedError
                else:
                    self._sending = False
                    await self._wait_pushing(response)
                data = b""
            await send({"type": "http.response.body", "body": data, "more_body": False})
        except TextError as error:
            logger.exception("A response could not be decoded", exc_info=error.__cause__)
            self.abort()
            event = b"data: " + FastFrontError("Internal server error").to_json() + b"\n\ndata: [DONE]\n\n"
            await send({"type": "http.response.body", "body": event, "more_body": False})
            return 500
        except OSError as error:
            raise ClientDisconnectedError from error
        except asyncio.CancelledError:
            if not self._overrun or _still_cancelled(self._task):
                raise
            return self._end_unfinished()
        finally:
            self._sending = False
        return 200

    async def send_json(self) -> int:
        """Wait for the whole Response and send it as one JSON body. Returns the HTTP status, for the metrics."""
        response = self._attached()
        if (direct := self._hand_over(response, stream=False)) is not None:
            return await self._until_delivered(direct, response)
        parts: list[bytes] = []
        while True:
            finished = response.finished
            parts.append(self._take(response))
            if finished or response.error is not None:
                break
            await self._wait()
        if response.error is not None:
            return await self._send_whole(*self._explained(*response.error))
        return await self._send_whole(200, b"".join(parts))

    def abort(self) -> None:
        """Stop the engine's work for this request, if there is any left."""
        response = self._response
        if response is not None:
            # A Response and its stream refer to each other: cut here, and neither waits for the garbage collector.
            response.on_ready = None
            self._abort(response)

    def close(self) -> None:
        """End the watch, and the engine's work if there is any left."""
        if self._watcher is not None:
            self._watcher.cancel()
        elif self._direct is not None:
            self._direct.on_disconnect = None
        self.abort()
        self._response = None

    # -- Helpers

    def _attached(self) -> NativeResponse:
        if self._response is None:
            raise RuntimeError("attach() comes before sending")
        return self._response

    def _hand_over(self, response: NativeResponse, *, stream: bool) -> Direct | None:
        direct = self._direct
        if direct is None or self._pump is None or self._feed is not None or self._explain is not None:
            return None
        taken = direct.hand_over(self._pump, response, EVENT_STREAM_HEADERS if stream else (), stream)
        return direct if taken else None

    async def _until_delivered(self, direct: Direct, response: NativeResponse) -> int:
        """Wait until the pump has written everything, or cannot. Returns the HTTP status, for the metrics."""
        self.started = True
        whole = False
        try:
            while not (whole := response.delivered):
                if response.overflowed:
                    return self._end_unfinished()
                if response.lost:
                    raise ClientDisconnectedError
                await self._wait()
            return response.http_status
        finally:
            self.content_length = response.content_length
            if not whole:
                self.abort()  # before the connection is anybody else's: the pump writes nothing from here on
            direct.hand_back(response.http_status if whole else STATUS_CLIENT_CLOSED, whole)

    def _explained(self, status: int, body: bytes) -> tuple[int, bytes]:
        return (status, body) if self._explain is None else self._explain(status, body)

    def _take(self, response: NativeResponse) -> bytes:
        if self._feed is not None:
            try:
                self._feed(response)
            except Exception as error:
                raise TextError from error
        return response.take()

    @staticmethod
    def _end_unfinished() -> int:
        # Without the end of the response every ASGI server closes the connection.
        note_slow_reader()
        return STATUS_CLIENT_CLOSED

    async def _send_whole(self, status: int, body: bytes) -> int:
        headers = [(b"content-length", str(len(body)).encode()), (b"content-type", b"application/json")]
        self.started = True
        self.content_length = len(body)
        await self._send({"type": "http.response.start", "status": status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})
        return status


def note_slow_reader() -> None:
    """Log that a stream was given up because its client does not read."""
    logger.warning("A client did not read its stream: the request was aborted and the connection is closed")


def _still_cancelled(task: asyncio.Task[Any] | None) -> bool:
    """Take back one cancellation of ours; tell whether somebody else cancelled as well. Python 3.10 cannot tell."""
    uncancel: Callable[[], int] | None = getattr(task, "uncancel", None)
    return uncancel is not None and uncancel() > 0
