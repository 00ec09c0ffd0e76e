# SPDX-License-Identifier: Apache-2.0
"""The floor: the least that a server of streams can do. One send() a token and connection, of bytes made beforehand.

    python -m fastfront.bench.floor LISTEN-FD STEP-MS

A loop without tokenizer, engine or JSON: what it costs is the kernel's, and about a microsecond a token of Python's.
Serves nothing but the load generator of this package: it trusts what it reads.
"""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import sys
import time
from typing import Any

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TOKENS = re.compile(rb'"max_tokens": ?(\d+)')
_HEAD = {
    "id": "chatcmpl-0123456789abcdef",
    "object": "chat.completion.chunk",
    "created": 1_700_000_000,
    "model": "bench",
}
BYTES_PER_TOKEN = 5
"""Of a prompt, for `usage`: a guess will do."""


def _chunk(data: str) -> bytes:
    event = f"data: {data}\n\n".encode()
    return b"%x\r\n%s\r\n" % (len(event), event)


def _delta(**delta: str) -> bytes:
    return _chunk(_json({**_HEAD, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]}))


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


BEGIN = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"
    + _delta(role="assistant", content="")
)
TOKEN = _delta(content=" word")


def _end(usage: dict[str, int]) -> bytes:
    """Return what follows the last token."""
    return _chunk(_json({**_HEAD, "choices": [], "usage": usage})) + _chunk("[DONE]") + b"0\r\n\r\n"


class _Connection:
    def __init__(self, client: socket.socket) -> None:
        self.socket = client
        self.received = b""
        self.left = 0
        self.end = b""


class Floor:
    """One loop: requests in, and every step a token for each that runs."""

    def __init__(self, listener: socket.socket, step_s: float) -> None:
        self._listener = listener
        self._step_s = step_s
        self._epoll = select.epoll()
        self._epoll.register(listener, select.EPOLLIN)
        self._connections: dict[int, _Connection] = {}
        self._running: dict[int, _Connection] = {}
        self._next_step = 0.0

    def run(self) -> None:
        """Serve until killed."""
        while True:
            wait = max(self._next_step - time.monotonic(), 0.0) if self._running else -1
            for fd, _ in self._epoll.poll(wait):
                if fd == self._listener.fileno():
                    self._accept()
                else:
                    self._read(fd, self._connections[fd])
            now = time.monotonic()
            if self._running and now >= self._next_step:
                self._next_step = max(self._next_step + self._step_s, now)
                self._step()

    def _accept(self) -> None:
        client, _ = self._listener.accept()
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections[client.fileno()] = _Connection(client)
        self._epoll.register(client, select.EPOLLIN)

    def _read(self, fd: int, connection: _Connection) -> None:
        data = b""
        with contextlib.suppress(OSError):
            data = connection.socket.recv(1 << 20)
        if not data:
            self._drop(fd)
            return
        connection.received += data
        head, found, body = connection.received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if not found or (length is not None and len(body) < int(length[1])):
            return
        connection.received = b""
        self._answer(fd, connection, body)

    def _answer(self, fd: int, connection: _Connection, body: bytes) -> None:
        tokens = _TOKENS.search(body)
        count = int(tokens[1]) if tokens is not None else 1
        usage = {"prompt_tokens": len(body) // BYTES_PER_TOKEN, "completion_tokens": count}
        if b'"stream": true' in body:
            connection.left, connection.end = count, _end(usage)
            self._running[fd] = connection
            self._send(fd, connection, BEGIN)
        else:
            answer = _json({"choices": [{"message": {"content": "word"}}], "usage": usage}).encode() if body else b""
            self._send(fd, connection, b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(answer), answer))

    def _step(self) -> None:
        for fd, connection in list(self._running.items()):
            connection.left -= 1
            if connection.left:
                self._send(fd, connection, TOKEN)
            else:
                del self._running[fd]
                self._send(fd, connection, TOKEN + connection.end)

    def _send(self, fd: int, connection: _Connection, data: bytes) -> None:
        try:
            connection.socket.send(data)
        except OSError:
            self._drop(fd)

    def _drop(self, fd: int) -> None:
        self._running.pop(fd, None)
        self._connections.pop(fd).socket.close()


def main(arguments: list[str]) -> None:
    """Serve on an inherited listening socket."""
    Floor(socket.socket(fileno=int(arguments[0])), float(arguments[1]) / 1000).run()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main(sys.argv[1:])
