# SPDX-License-Identifier: Apache-2.0
"""Calling an ASGI send() from a callback, in the name of a task that waits: no switch to the task per message.

Between a server and a stream lie a dozen coroutines (the host's middleware, its router, ours), and each wake-up of the
task resumes them all. A send() that has nothing to wait for, which is nearly every one, needs none of them. Must not
know what is sent, or why.
"""

from __future__ import annotations

import asyncio
from asyncio.tasks import _enter_task, _leave_task  # documented, for whoever runs a task's code: asyncio-extending
from collections.abc import Awaitable, Callable, Generator
from contextvars import copy_context
from types import CoroutineType
from typing import Any, cast

from fastfront.output.asgi import Message, Send


class EagerSend:
    """send() for callbacks of the task's loop. Made in the task, which then waits and calls `finish` when woken.

    Whatever send() passes through sees the task as the current one and its context variables, as if it had called.
    """

    __slots__ = ("_error", "_loop", "_run", "_send", "_steps", "_task", "_unsent", "_yielded")

    def __init__(self, send: Send) -> None:
        """Speak for the current task."""
        self._send = send
        self._loop = asyncio.get_running_loop()
        self._task = cast("asyncio.Task[Any]", asyncio.current_task())
        self._run = copy_context().run
        self._steps: Any = None
        self._yielded: Any = None
        self._unsent: Message | None = None
        self._error: BaseException | None = None

    def try_send(self, message: Message) -> bool:
        """Call send(). False: it has to wait for something, or has failed; wake the task, `finish` has the rest."""
        try:
            _enter_task(self._loop, self._task)
        except RuntimeError:  # called by another task: only one can be the current one
            self._unsent = message
            return False
        try:
            return self._run(self._begin, message)
        except BaseException as error:
            self._error = error
            return False
        finally:
            _leave_task(self._loop, self._task)

    def _begin(self, message: Message) -> bool:
        steps: Any = self._send(message)
        if type(steps) is not CoroutineType:
            steps = _awaiting(steps)
        try:
            self._yielded = steps.send(None)
        except StopIteration:
            return True
        self._steps = steps
        return False

    async def finish(self) -> None:
        """Complete the send() that `try_send` could not, or raise what it raised. In the task."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        if self._unsent is not None:
            message, self._unsent = self._unsent, None
            await self._send(message)
        elif self._steps is not None:
            steps, self._steps = self._steps, None
            await _Rest(steps, self._yielded, self._run)

    def abandon(self) -> None:
        """Give up what `finish` would complete."""
        self._unsent = self._error = None
        if self._steps is not None:
            steps, self._steps = self._steps, None
            self._run(steps.close)


async def _awaiting(awaitable: Awaitable[None]) -> None:
    await awaitable


class _Rest:
    """A coroutine that somebody else has begun, awaited from where it stands."""

    def __init__(self, steps: Any, yielded: Any, run: Callable[..., Any]) -> None:
        self._steps = steps
        self._yielded = yielded
        self._run = run

    def __await__(self) -> Generator[Any, Any, None]:
        yielded = self._yielded
        step: Callable[[Any], Any]
        while True:
            try:
                argument = yield yielded
                step = self._steps.send
            except BaseException as error:
                argument, step = error, self._steps.throw
            try:
                yielded = self._run(step, argument)
            except StopIteration:
                return
