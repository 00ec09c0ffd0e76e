# SPDX-License-Identifier: Apache-2.0
"""The listening socket: host and port, Unix path, inherited descriptor, and what is said when it cannot be had."""

from __future__ import annotations

import resource
import socket

import pytest

from fastfront.config import Config
from fastfront.errors import StartupError
from fastfront.server.listen import bind, describe, raise_file_limit


def test_port_zero_takes_a_free_port():
    """With port 0 the kernel chooses; the URL shows what it chose, and clients can connect at once."""
    with bind(Config(host="127.0.0.1", port=0)) as listener:
        url = describe(listener, secure=False)
        port = listener.getsockname()[1]
        assert url == f"http://127.0.0.1:{port}"
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            pass


def test_no_host_is_every_interface():
    """Without --host the server is reachable from outside, as vLLM's is; the URL shown works on this machine."""
    with bind(Config(port=0)) as listener:
        assert listener.getsockname()[0] == "0.0.0.0"
        assert describe(listener, secure=True).startswith("https://127.0.0.1:")


def test_ipv6():
    """An IPv6 address is taken, and shown as a URL needs it."""
    with bind(Config(host="::1", port=0)) as listener:
        assert describe(listener, secure=False).startswith("http://[::1]:")


def test_a_port_in_use_is_told():
    """Another server on the port is the commonest mistake: the message names the address and what to do."""
    with bind(Config(host="127.0.0.1", port=0)) as first:
        port = first.getsockname()[1]
        with pytest.raises(StartupError, match=f"127.0.0.1:{port}: Address already in use; .*--port"):
            bind(Config(host="127.0.0.1", port=port))


def test_an_unknown_host_is_told():
    """A host name that does not resolve is named."""
    with pytest.raises(StartupError, match=r"cannot listen on host\.invalid"):
        bind(Config(host="host.invalid", port=0))


def test_unix_socket(tmp_path):
    """--uds listens on a path."""
    path = str(tmp_path / "s")
    with bind(Config(uds=path)) as listener, socket.socket(socket.AF_UNIX) as client:
        assert describe(listener, secure=False) == f"unix:{path}"
        client.connect(path)


def test_a_unix_socket_left_behind_is_replaced(tmp_path):
    """The file of a server that was killed does not keep its successor from starting."""
    path = str(tmp_path / "s")
    bind(Config(uds=path)).close()
    bind(Config(uds=path)).close()


def test_a_unix_socket_in_use_is_not_taken_over(tmp_path):
    """A server that still answers keeps its path."""
    path = str(tmp_path / "s")
    with bind(Config(uds=path)), pytest.raises(StartupError, match="Address already in use"):
        bind(Config(uds=path))


def test_other_files_are_left_alone(tmp_path):
    """A file that is no socket is never removed."""
    path = tmp_path / "s"
    path.write_text("data")
    with pytest.raises(StartupError, match="Address already in use"):
        bind(Config(uds=str(path)))
    assert path.read_text() == "data"


@pytest.mark.parametrize("listening", [False, True])
def test_an_inherited_socket_may_listen_already(listening):
    """vLLM hands down a bound socket, other launchers one that listens: both serve."""
    with socket.socket() as theirs:
        theirs.bind(("127.0.0.1", 0))
        if listening:
            theirs.listen()
        address = theirs.getsockname()
        with bind(Config(listen_fd=theirs.detach())):
            socket.create_connection(address, timeout=5).close()


def test_a_bad_descriptor_is_told(tmp_path):
    """A descriptor that is no stream socket is refused with its number."""
    with (tmp_path / "file").open("w") as file, pytest.raises(StartupError, match="is no socket"):
        bind(Config(listen_fd=file.fileno()))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams, pytest.raises(StartupError, match="no stream"):
        bind(Config(listen_fd=datagrams.fileno()))


def test_file_limit_is_raised():
    """A server of thousands of connections does not stay at the shell's 1,024 files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
        raise_file_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == min(65_535, hard) if hard > 0 else 65_535
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
