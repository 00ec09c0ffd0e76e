# SPDX-License-Identifier: Apache-2.0
"""A Response and a client without a pump and a server, for tests of what lies between them."""

from __future__ import annotations

import asyncio

from fastfront.output import RequestStream


class FakeResponse:
    """The native Response's surface; `put` is what a step of the pump does."""

    def __init__(self):
        self.on_ready = None
        self.finished = False
        self.overflowed = False
        self.error = None
        self._parts = []

    def take(self):
        data = b"".join(self._parts)
        self._parts.clear()
        return data

    def overflow(self):
        """What the native Response does when its mailbox is full."""
        self._parts.clear()
        self.overflowed = self.finished = True
        if self.on_ready is not None:
            self.on_ready()

    def put(self, data=b"", *, finished=False):
        if data:
            self._parts.append(data)
        self.finished = finished
        if self.on_ready is not None:
            self.on_ready()


class Client:
    """An ASGI server's side: messages that were sent, and a way to leave or to stop reading."""

    def __init__(self):
        self.messages = []
        self.left = asyncio.Event()
        self.reads = asyncio.Event()
        self.reads.set()
        self.news = asyncio.Event()
        self.aborted = []
        """Responses that the engine was told to stop. Ended ones are reported to it as well, and do not count."""

    def abort(self, response):
        if not response.finished and response not in self.aborted:
            self.aborted.append(response)

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.messages.append(dict(message))
        self.news.set()
        await self.reads.wait()

    async def until(self, count):
        """Wait for that many messages."""
        while len(self.messages) < count:
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 5)

    @property
    def bodies(self):
        return [message["body"] for message in self.messages if message["type"] == "http.response.body"]


async def rest(turns=5):
    """Let everything that is ready run."""
    for _ in range(turns):
        await asyncio.sleep(0)


def make(client, response=None):
    """Return a stream with its Response attached."""
    stream = RequestStream(client.receive, client.send, client.abort)
    if response is not None:
        stream.attach(response)
    return stream


async def step(response, data=b"", *, finished=False):
    """A step of the pump as it really comes: in a callback of the loop, not in a task."""
    done = asyncio.get_running_loop().create_future()

    def callback():
        response.put(data, finished=finished)
        done.set_result(None)

    asyncio.get_running_loop().call_soon(callback)
    await done
