# SPDX-License-Identifier: Apache-2.0
"""Listening sockets: adopted and made, and how they are named."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from fastfront.engine.listeners import address_of, adopt, listen_tcp, listen_unix
from fastfront.errors import StartupError
from tests.engine.conftest import has_ipv6

if TYPE_CHECKING:
    from pathlib import Path

needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")


@pytest.mark.parametrize("transport", ["unix", "tcp", pytest.param("tcp6", marks=needs_ipv6)])
def test_inherited_listener_is_adopted(transport: str, tmp_path: Path) -> None:
    """It keeps its address, does not block, and is handed down no further."""
    if transport == "unix":
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(tmp_path / "s"))
        expected = f"ipc://{tmp_path}/s"
    else:
        family, host = (socket.AF_INET, "127.0.0.1") if transport == "tcp" else (socket.AF_INET6, "::1")
        listener = socket.socket(family)
        listener.bind((host, 0))
        expected = f"tcp://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    listener.listen()
    listener.set_inheritable(True)
    (adopted,) = adopt([listener.detach()])
    with adopted:
        assert address_of(adopted) == expected
        assert not adopted.getblocking()
        assert not adopted.get_inheritable()
        with socket.socket(adopted.family) as peer:
            peer.connect(adopted.getsockname())
            adopted.accept()[0].close()


@pytest.mark.parametrize("what", ["file", "socket"])
def test_descriptor_that_is_no_listener_is_refused(what: str, tmp_path: Path) -> None:
    """The message names the descriptor, and all of them stay open: they are somebody else's."""
    with (
        (tmp_path / "file").open("wb") as file,
        socket.socket() as idle,
        socket.create_server(("127.0.0.1", 0)) as good,
    ):
        wrong = (file if what == "file" else idle).fileno()
        with pytest.raises(StartupError, match=f"descriptor {wrong} is not a listening socket"):
            adopt([good.fileno(), wrong])
        os.fstat(wrong)
        os.fstat(good.fileno())


def test_unix_socket(tmp_path: Path) -> None:
    """Bound to its path; one that is taken is said."""
    with listen_unix(str(tmp_path / "s")) as listener:
        assert address_of(listener) == f"ipc://{tmp_path}/s"
        with pytest.raises(StartupError, match=rf"cannot listen for engines on ipc://{tmp_path}/s: Address already"):
            listen_unix(str(tmp_path / "s"))


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", pytest.param("::1", marks=needs_ipv6)])
def test_tcp_socket(host: str) -> None:
    """On the address that was given, on a port that the kernel chose."""
    with listen_tcp(host) as listener:
        assert listener.getsockname()[0] == host
        assert listener.getsockname()[1] > 0


@needs_ipv6
def test_every_interface_means_both_families() -> None:
    """Bound on [::], IPv4 peers come in, too."""
    with listen_tcp("::") as listener:
        socket.create_connection(("127.0.0.1", listener.getsockname()[1])).close()
        socket.create_connection(("::1", listener.getsockname()[1])).close()


def test_address_that_is_not_ours() -> None:
    """It is said with the address."""
    with pytest.raises(StartupError, match=r"cannot listen for engines on tcp://192\.0\.2\.1:\*: "):
        listen_tcp("192.0.2.1")
