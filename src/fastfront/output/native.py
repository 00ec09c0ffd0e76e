# SPDX-License-Identifier: Apache-2.0
"""What a stream needs of the native objects, for the type checker and for whoever stands in for them in a test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class NativeResponse(Protocol):
    """What a stream needs of `_native.pump.Response`."""

    on_ready: Callable[[], object] | None

    @property
    def finished(self) -> bool:
        """Nothing comes after what take() returns now."""

    @property
    def overflowed(self) -> bool:
        """More waited for the client than the Response's limit: it was given up, in the engine too."""

    @property
    def error(self) -> tuple[int, bytes] | None:
        """HTTP status and body, if the engine reported an error before any output."""

    @property
    def http_status(self) -> int:
        """After a hand-over: the status that was written."""

    @property
    def content_length(self) -> int:
        """After a hand-over: the content-length that was written, 0 for a stream."""

    @property
    def delivered(self) -> bool:
        """After a hand-over: every byte is on its way."""

    @property
    def lost(self) -> bool:
        """After a hand-over: the client has gone."""

    def take(self) -> bytes:
        """Return the bytes that are ready, b"" if there are none."""


class Direct(Protocol):
    """The native way to the client's socket, past ASGI's send: `_native.http.Exchange` with the engine's pump."""

    on_disconnect: Callable[[], object] | None

    def hand_over(self, pump: Any, response: Any, headers: Any, stream: bool) -> bool:
        """Let the pump write the response. False: it has to go through send()."""

    def hand_back(self, status: int, usable: bool) -> None:
        """The pump is done with the connection; `usable` if the whole response was written."""
