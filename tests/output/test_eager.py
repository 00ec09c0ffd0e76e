# SPDX-License-Identifier: Apache-2.0
"""EagerSend: a callback sends in the task's name, and the task completes what has to wait."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest

from fastfront.output.eager import EagerSend

MESSAGE = {"type": "http.response.body", "body": b"x", "more_body": True}
COLOUR: ContextVar[str] = ContextVar("COLOUR", default="none")


class Turn:
    """A task that waits, and a callback of the loop that sends meanwhile."""

    def __init__(self, send):
        self.send = send
        self.sent = None
        self.called = asyncio.Event()
        self.task = asyncio.create_task(self._wait())

    async def _wait(self):
        COLOUR.set("the task's")
        self.eager = EagerSend(self.send)
        woken = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(self._callback, woken)
        try:
            await woken
            await self.eager.finish()
        finally:
            self.eager.abandon()

    def _callback(self, woken):
        self.sent = self.eager.try_send(MESSAGE)
        self.called.set()
        woken.set_result(None)


async def test_send_without_a_wait_is_over_at_once():
    """Nothing is left for the task."""
    messages = []

    async def send(message):
        messages.append(message)

    turn = Turn(send)
    await turn.task
    assert turn.sent is True
    assert messages == [MESSAGE]


async def test_send_sees_the_task_and_its_context_before_and_after_it_waits():
    """What a host's middleware asks for (anyio's cancel scopes, tracing) is as if the task had called."""
    seen = []
    step = asyncio.Event()
    token = ContextVar("token")

    async def send(message):
        reset = token.set("inside")
        seen.append((asyncio.current_task(), COLOUR.get()))
        await step.wait()
        seen.append((asyncio.current_task(), COLOUR.get()))
        token.reset(reset)  # raises in any context but the one it was set in

    turn = Turn(send)
    await turn.called.wait()
    assert turn.sent is False
    assert not turn.task.done()
    step.set()
    await turn.task
    assert seen == [(turn.task, "the task's")] * 2


@pytest.mark.parametrize("waits", [0, 1, 3])
async def test_send_that_fails_fails_in_the_task(waits):
    """At once or later, the exception is raised where somebody awaits."""

    async def send(message):
        for _ in range(waits):
            await asyncio.sleep(0)
        raise ConnectionResetError("gone")

    turn = Turn(send)
    with pytest.raises(ConnectionResetError, match="gone"):
        await turn.task


async def test_awaitable_that_is_no_coroutine_is_a_send_too():
    """ASGI asks for an awaitable; a plain wrapper may return a future."""
    future = asyncio.get_running_loop().create_future()
    turn = Turn(lambda message: future)
    await turn.called.wait()
    assert not turn.task.done()
    future.set_result(None)
    await turn.task


async def test_cancellation_reaches_a_send_that_waits():
    """The host's timeout ends what the task waits in, with its own exception."""
    ended = []

    async def send(message):
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    turn = Turn(send)
    await turn.called.wait()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    turn.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn.task
    assert ended == ["cancelled"]


async def test_task_that_is_cancelled_before_it_goes_on_gives_the_send_up():
    """No coroutine is left half run."""
    ended = []

    async def send(message):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    turn = Turn(send)
    await turn.called.wait()
    turn.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await turn.task
    assert ended == [True]


async def test_inside_another_task_the_send_is_left_to_its_own():
    """Only one task can be the current one."""
    senders = []

    async def send(message):
        senders.append(asyncio.current_task())

    async def task():
        eager = EagerSend(send)

        async def other():
            return eager.try_send(MESSAGE)

        sent = await asyncio.create_task(other())
        await eager.finish()
        return sent, asyncio.current_task()

    sent, mine = await task()
    assert sent is False
    assert senders == [mine]
