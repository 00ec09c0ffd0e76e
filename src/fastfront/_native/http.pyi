# SPDX-License-Identifier: Apache-2.0
"""An HTTP/1.1 connection as an asyncio protocol that runs any ASGI app, and the native way around ASGI's send."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from fastfront._native.pump import Pump, Response

EXTENSION: str
"""Key in scope["extensions"] of a request's Exchange."""

def head_of(status: int, headers: Sequence[tuple[bytes, bytes]], rest: bytes) -> bytes:
    """Return a status line and headers, and `rest` behind them. Raises ValueError for a header with a line break."""

class Buffer:
    """Memory that connections of one loop read into."""

def make_read_buffer() -> Buffer:
    """Return a loop's buffer for all that is parsed."""

class Exchange:
    """One request and its response. Not made by hand: the protocol puts it into the scope."""

    scope: dict[str, Any]
    status: int
    started: float
    """Loop time at which the request's head was complete, in seconds."""
    on_disconnect: Callable[[], object] | None
    """Called once if the client leaves before the response has ended."""
    extra_headers: list[tuple[bytes, bytes]]
    """Headers for whatever response follows; middleware that cannot see http.response.start adds here."""

    async def receive(self) -> dict[str, Any]:
        """ASGI's receive."""

    async def send(self, message: dict[str, Any]) -> None:
        """ASGI's send. Raises OSError once the client has gone, RuntimeError for messages out of order."""

    def hand_over(self, pump: Pump, response: Response, headers: Sequence[tuple[bytes, bytes]], stream: bool) -> bool:
        """Let the pump write the response to the socket; False: it has to go through send().

        `headers` are those of a successful response without its framing; a whole body is always application/json.
        After True wait for response.delivered, .lost or .overflowed, then call hand_back().
        """

    def hand_back(self, status: int, usable: bool) -> None:
        """The pump is done with the socket. `usable`: the whole response was written, the connection can go on."""

class HttpProtocol(asyncio.Protocol):
    """One cleartext connection. `state` is a server.connections.Connections."""

    waiting_since: float
    closed: bool

    def __init__(self, state: Any) -> None: ...
    @property
    def waiting_for(self) -> str:
        """What the connection waits for: "request", "head", "body", "nothing" (the app is at work) or "close"."""

    @property
    def busy(self) -> bool:
        """Whether a request is being answered."""

    def get_buffer(self, size_hint: int) -> Buffer:
        """Return what the next bytes are to be read into; see asyncio.BufferedProtocol. Only uvloop asks."""

    def buffer_updated(self, size: int) -> None:
        """So many bytes were read into it."""

    def abort(self) -> None:
        """Cut the connection."""

    def close_idle(self) -> None:
        """Close unless a request is being answered."""

    def time_out(self) -> None:
        """The client has kept the server waiting too long."""
