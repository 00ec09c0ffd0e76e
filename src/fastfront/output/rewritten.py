# SPDX-License-Identifier: Apache-2.0
"""Responses in another form than the native writers': chunks of a native stream, made into what a client gets.

A rewriter is called whenever engines have said something, and says what bytes that makes. The stream around it is the
same: disconnects, aborts, errors, headers. Costs Python per chunk, so it is for what few ask for. Must not know what
the bytes mean.
"""

from __future__ import annotations

from typing import Any, Protocol

from fastfront.output.native import NativeResponse
from fastfront.output.stream import RequestStream, TextError


class Rewriter(Protocol):
    """Takes what engines have said, and gives the client's bytes."""

    def __call__(self, response: Any) -> None:
        """Take what has come out of the response. Whether it has finished is to be asked before its bytes are taken."""
        ...

    def take(self, response: NativeResponse) -> bytes:
        """Return the bytes that are ready, and forget them."""
        ...


class RewrittenStream(RequestStream):
    """A RequestStream whose bytes a rewriter makes; give it to `attach` in the decoder's place."""

    __slots__ = ()

    def _take(self, response: NativeResponse) -> bytes:
        # Nobody but the rewriter takes of the response: the pump writes at any time.
        feed: Any = self._feed
        try:
            feed(response)
            return bytes(feed.take(response))
        except Exception as error:
            raise TextError from error
