# SPDX-License-Identifier: Apache-2.0
"""ASGI's types, as this package spells them, and the one exception that stands for a client that has left."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastfront._native.http import EXTENSION

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]


def direct_of(scope: Scope) -> Any:
    """Return the native way to the client's socket (`_native.http.Exchange`), or None under any other server."""
    extensions = scope.get("extensions")
    return None if extensions is None else extensions.get(EXTENSION)


class ClientDisconnectedError(Exception):
    """The client has gone: nobody reads what would be sent. Never shown to anybody; ends the request quietly."""
