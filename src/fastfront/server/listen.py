# SPDX-License-Identifier: Apache-2.0
"""The listening socket: bound before anything slow happens, so that an address in use is told at once.

Must not know what will be served on it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import socket
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from fastfront.errors import StartupError

if TYPE_CHECKING:
    from fastfront.config import Config

FILE_LIMIT = 65_535
"""Open files to ask for: a connection each, and Linux gives a process only 1,024 unless it asks."""


def bind(config: Config) -> socket.socket:
    """Return the listening socket that the options describe. Raises StartupError with the reason if there is none."""
    if config.listen_fd is not None:
        listener = _adopt(config.listen_fd)
    elif config.uds is not None:
        listener = _bind_unix(config.uds)
    else:
        listener = _bind_tcp(config.host or "0.0.0.0", config.port)
    listener.setblocking(False)
    # Listening at once lets clients queue up instead of being refused while the engine loads.
    listener.listen(config.backlog)
    return listener


def _adopt(descriptor: int) -> socket.socket:
    try:
        listener = socket.socket(fileno=descriptor)
    except OSError as error:
        raise StartupError(f"--listen-fd {descriptor} is no socket: {error.strerror}") from None
    if listener.type != socket.SOCK_STREAM:
        listener.detach()
        raise StartupError(f"--listen-fd {descriptor} is no stream socket")
    listener.set_inheritable(False)
    return listener


def _bind_unix(path: str) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with contextlib.suppress(FileNotFoundError):
        # What a server that was killed left behind; one that still answers is not taken over.
        if stat.S_ISSOCK(Path(path).stat().st_mode) and not _answers(path):
            Path(path).unlink()
    try:
        listener.bind(path)
    except OSError as error:
        listener.close()
        raise StartupError(f"cannot listen on {path}: {error.strerror or error}") from None
    return listener


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
        return True


def _bind_tcp(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except OSError as error:
        raise StartupError(f"cannot listen on {host}: {error.strerror}") from None
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        hint = "; another server runs there, choose another --port" if error.errno == errno.EADDRINUSE else ""
        raise StartupError(f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}{hint}") from None
    return listener


def describe(listener: socket.socket, *, secure: bool) -> str:
    """Return the URL (or unix:PATH) under which this machine reaches the socket."""
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return f"unix:{name}"
    host, port = name[0], name[1]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"{'https' if secure else 'http'}://{host}:{port}"


def raise_file_limit() -> None:
    """Let this process open as many files as it may, up to FILE_LIMIT."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILE_LIMIT if hard == resource.RLIM_INFINITY else min(FILE_LIMIT, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
