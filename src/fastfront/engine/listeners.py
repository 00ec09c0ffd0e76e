# SPDX-License-Identifier: Apache-2.0
"""Listening sockets for engines: bound here, or inherited from vLLM's supervisor; and their ZeroMQ addresses.

Knows addresses and descriptors; nothing of what is spoken on them.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Sequence

BACKLOG = 128
"""Engines that may have connected and not been accepted; engines whose connection is refused try again."""


def adopt(fds: Sequence[int]) -> list[socket.socket]:
    """Take over inherited listening descriptors. Raises StartupError if one is none, and leaves them all alone then."""
    listeners: list[socket.socket] = []
    try:
        listeners.extend(_open(fd) for fd in fds)
    except StartupError:
        for listener in listeners:
            listener.detach()
        raise
    for listener in listeners:
        listener.setblocking(False)
        listener.set_inheritable(False)
    return listeners


def listen_unix(path: str) -> socket.socket:
    """Listen on a new Unix socket. Raises StartupError."""
    return _listen(socket.AF_UNIX, path, f"ipc://{path}")


def listen_tcp(host: str) -> socket.socket:
    """Listen on a numeric address, on a port that the kernel chooses. Raises StartupError.

    `::` takes IPv4 peers, too.
    """
    try:
        family, _, _, _, name = socket.getaddrinfo(
            host, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE | socket.AI_NUMERICHOST
        )[0]
    except OSError as error:
        raise _cannot_listen(f"tcp://{host}:*", error) from error
    return _listen(family, name, f"tcp://{host}:*")


def address_of(listener: socket.socket) -> str:
    """Return the ZeroMQ address of a listening socket."""
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return f"ipc://{name.decode() if isinstance(name, bytes) else name}"
    if listener.family == socket.AF_INET6:
        return f"tcp://[{name[0]}]:{name[1]}"
    return f"tcp://{name[0]}:{name[1]}"


def _listen(family: int, name: object, address: str) -> socket.socket:
    listener = socket.socket(family)
    try:
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(name)  # type: ignore[arg-type]  # (host, port) or a path, by the family
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise _cannot_listen(address, error) from error
    listener.setblocking(False)
    return listener


def _open(fd: int) -> socket.socket:
    try:
        listener = socket.socket(fileno=fd)
    except OSError as error:
        raise StartupError(f"descriptor {fd} is not a listening socket: {error.strerror}") from error
    if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        listener.detach()
        raise StartupError(f"descriptor {fd} is not a listening socket: it does not listen")
    return listener


def _cannot_listen(address: str, error: OSError) -> StartupError:
    return StartupError(f"cannot listen for engines on {address}: {error.strerror or error}")
