# SPDX-License-Identifier: Apache-2.0
"""Responses in another form than the native writers': chunks of a native stream, made into what a client gets.

A rewriter is called whenever engines have said something, and says what bytes that makes. The stream around it is the
same: disconnects, aborts, errors, headers. Costs Python per chunk, so it is for what few ask for. Must not know what
the bytes mean.
"""

from __future__ import annotations

from typing import Any, Protocol

from fastfront.output.native import NativeResponse
from fastfront.output.stream import RequestStream


class Rewriter(Protocol):
    """Takes what engines have said, and gives the client's bytes."""

    def __call__(self, response: Any) -> None:
        """Take what has come: deltas out of the response, and its text back into it."""
        ...

    def take(self, response: NativeResponse) -> bytes:
        """Return the bytes that are ready, and forget them."""
        ...


class RewrittenStream(RequestStream):
    """A RequestStream whose bytes a rewriter makes; give it to `attach` in the decoder's place."""

    __slots__ = ()

    def _take(self, response: NativeResponse) -> bytes:
        super()._take(response)  # what the native writer has written is dropped
        feed: Any = self._feed
        return bytes(feed.take(response))
