# SPDX-License-Identifier: Apache-2.0
"""Connection: the two ways to meet engines, and what the user reads when they do not come."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fastfront.engine.connection import Connection
from fastfront.errors import StartupError
from tests.engine.conftest import has_ipv6
from tests.engine.fake_engine import PATIENCE, READY, FakeEngine

if TYPE_CHECKING:
    from collections.abc import Sequence


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 loopback")


def handshake(
    address: str = "tcp://127.0.0.1:*", engine_count: int = 1, *, ipc: bool = False, advertise_host: str | None = None
) -> Connection:
    return Connection.handshake(
        address, start_index=0, engine_count=engine_count, ipc=ipc, advertise_host=advertise_host
    )


def handshake_address(connection: Connection) -> str:
    address = connection.handshake_address
    assert address is not None
    return address


def listeners(directory: Path) -> list[socket.socket]:
    """Two listening Unix sockets, as vLLM's supervisor makes them."""
    made = []
    for name in ("input", "output"):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(directory / name))
        listener.listen()
        made.append(listener)
    return made


def hand_down(made: Sequence[socket.socket]) -> tuple[int, int]:
    first, second = (listener.detach() for listener in made)
    return first, second


async def test_worker_adopts_descriptors(tmp_path: Path) -> None:
    """Engines connect to the inherited sockets; ranks begin at the start index."""
    input_fd, output_fd = hand_down(listeners(tmp_path))
    connection = Connection.worker(input_fd=input_fd, output_fd=output_fd, start_index=2, engine_count=2)
    waiting = asyncio.create_task(connection.wait_ready(PATIENCE))
    async with FakeEngine(2) as one, FakeEngine(3) as two:
        for engine in (two, one):
            await engine.connect(f"ipc://{tmp_path}/input", f"ipc://{tmp_path}/output")
        assert (await waiting).max_model_len == READY.max_model_len
        await connection.close()
    assert connection.handshake_address is None


async def test_engine_that_came_before_the_worker_ran(tmp_path: Path) -> None:
    """The supervisor starts engines and frontend at once: the engine may be first, and its end is noticed even so."""
    made = listeners(tmp_path)
    lost: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with FakeEngine() as engine:
        await engine.connect(f"ipc://{tmp_path}/input", f"ipc://{tmp_path}/output")
        input_fd, output_fd = hand_down(made)
        connection = Connection.worker(input_fd=input_fd, output_fd=output_fd, start_index=0, engine_count=1)
        connection.on_lost = lost.set_result
        await connection.wait_ready(PATIENCE)
    assert await asyncio.wait_for(lost, PATIENCE) == 0
    await connection.close()


async def test_worker_refuses_descriptors_that_are_no_sockets() -> None:
    """A wrong number on the command line is said, not crashed on."""
    with pytest.raises(StartupError, match="descriptor 1000 is not a listening socket: Bad file descriptor"):
        Connection.worker(input_fd=1000, output_fd=1001, start_index=0, engine_count=1)


async def test_handshake_sends_local_engines_to_unix_sockets() -> None:
    """Engines of this machine get paths in a private directory, which goes with the connection."""
    connection = handshake(ipc=True)
    waiting = asyncio.create_task(connection.wait_ready(PATIENCE))
    async with FakeEngine() as engine:
        await engine.register(handshake_address(connection))
        addresses = engine.metadata.addresses
        assert engine.metadata.parallel_config == {}
        directory = Path(addresses.inputs[0].removeprefix("ipc://")).parent
        assert directory.stat().st_mode & 0o777 == 0o700
        assert [*addresses.inputs, *addresses.outputs] == [f"ipc://{directory}/input", f"ipc://{directory}/output"]
        await waiting
        await connection.close()
        assert not directory.exists()


async def test_long_temporary_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where the temporary directory is too deep for a Unix socket's path, /tmp is used."""
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    connection = handshake(ipc=True)
    assert connection.input.address.startswith("ipc:///tmp/fastfront-")
    assert list(deep.iterdir()) == []
    await connection.close()


@pytest.mark.parametrize(
    ("bind", "reach", "advertise", "expected"),
    [
        ("127.0.0.1", "127.0.0.1", None, "tcp://127.0.0.1:"),
        ("0.0.0.0", "127.0.0.1", None, "tcp://127.0.0.1:"),
        ("0.0.0.0", "127.0.0.2", None, "tcp://127.0.0.2:"),
        ("0.0.0.0", "127.0.0.1", "127.0.0.3", "tcp://127.0.0.3:"),
        pytest.param("[::1]", "[::1]", None, "tcp://[::1]:", marks=needs_ipv6),
        pytest.param("[::]", "[::1]", None, "tcp://[::1]:", marks=needs_ipv6),
        pytest.param("[::]", "127.0.0.1", None, "tcp://127.0.0.1:", marks=needs_ipv6),
    ],
)
async def test_handshake_gives_addresses_that_the_engine_can_reach(
    bind: str, reach: str, advertise: str | None, expected: str
) -> None:
    """Bound on every interface, a frontend is named by the address at which the engine found it, or as told."""
    connection = handshake(f"tcp://{bind}:*", advertise_host=advertise)
    waiting = asyncio.create_task(connection.wait_ready(PATIENCE))
    port = handshake_address(connection).rpartition(":")[2]
    async with FakeEngine(ipv6=":" in reach) as engine:
        await engine.register(f"tcp://{reach}:{port}")
        addresses = engine.metadata.addresses
        assert all(address.startswith(expected) for address in (*addresses.inputs, *addresses.outputs))
        await waiting
    await connection.close()


async def test_engine_that_crashes_while_loading_may_come_back() -> None:
    """A supervisor that restarts a failed engine needs no restart of the frontend."""
    connection = handshake(ipc=True)
    waiting = asyncio.create_task(connection.wait_ready(PATIENCE))
    async with FakeEngine() as first:
        await first.say_hello(handshake_address(connection))
    async with FakeEngine() as second:
        await second.register(handshake_address(connection))
        await waiting
    await connection.close()


async def test_engine_that_comes_back_before_its_old_connection_is_gone() -> None:
    """It takes over its identity; the end of the old connection is not taken for its own."""
    connection = handshake(ipc=True)
    waiting = asyncio.create_task(connection.wait_ready(PATIENCE))
    async with FakeEngine() as first, FakeEngine() as second:
        await first.say_hello(handshake_address(connection))
        await second.register(handshake_address(connection))
        await waiting
    await connection.close()


async def test_timeout_says_what_to_check() -> None:
    """Who is missing, where engines should have come to, and how to wait longer."""
    connection = handshake(engine_count=2)
    address = handshake_address(connection)
    waiting = asyncio.create_task(connection.wait_ready(0.2))
    async with FakeEngine() as engine:
        await engine.say_hello(address)
        with pytest.raises(StartupError) as error:
            await waiting
    text = str(error.value)
    assert "not all engines were ready within 0.2 s" in text
    assert "engine 0 has registered and is still loading; engine 1 has not connected" in text
    assert f"reaches {address} (--data-parallel-address, --data-parallel-rpc-port)" in text
    assert "--headless" in text
    assert "VLLM_ENGINE_READY_TIMEOUT_S" in text
    await connection.close()


async def test_timeout_of_a_worker(tmp_path: Path) -> None:
    """A worker's engines are its supervisor's: their log is where to look."""
    input_fd, output_fd = hand_down(listeners(tmp_path))
    connection = Connection.worker(input_fd=input_fd, output_fd=output_fd, start_index=0, engine_count=1)
    with pytest.raises(StartupError, match=r"engine 0 has not connected\. Check the log of the engine processes"):
        await connection.wait_ready(0.01)
    await connection.close()


async def test_engine_too_many_ends_the_start() -> None:
    """An engine that is not expected is an error at once, not after ten minutes."""
    connection = handshake()
    waiting = asyncio.create_task(connection.wait_ready(PATIENCE))
    async with FakeEngine(7) as engine:
        greeting = asyncio.create_task(engine.say_hello(handshake_address(connection)))
        with pytest.raises(StartupError, match="engine 7 has registered"):
            await waiting
        greeting.cancel()
        await asyncio.gather(greeting, return_exceptions=True)
    await connection.close()


async def test_handshake_address_must_be_tcp() -> None:
    """vLLM's engines know no other transport for the handshake."""
    with pytest.raises(StartupError, match="tcp://HOST:PORT"):
        handshake("ipc:///tmp/x")


def test_handshake_port_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A taken port is said, and nothing is left behind."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(StartupError, match=r"cannot listen for engines on tcp://127\.0\.0\.1:\d+: Address already"),
    ):
        handshake(f"tcp://127.0.0.1:{server.getsockname()[1]}", ipc=True)
    assert list(tmp_path.iterdir()) == []


async def test_cancelled_wait() -> None:
    """Giving up while engines load leaves a connection that closes like any other."""
    connection = handshake()
    waiting = asyncio.create_task(connection.wait_ready(PATIENCE))
    async with FakeEngine() as engine:
        await engine.say_hello(handshake_address(connection))
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await connection.close()
