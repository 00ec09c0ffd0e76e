# SPDX-License-Identifier: Apache-2.0
"""Engines started here: the command lines, a start that succeeds, one that fails, and the end of a process."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from fastfront.engine.client import EngineClient
from fastfront.engine.launch import EngineProcess, SimProcess, find_vllm, launch
from fastfront.errors import StartupError
from tests.engine.conftest import Collected
from tests.engine.fake_engine import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

# What `vllm serve --headless` is to us: something that finds the frontend by two flags and registers there.
AS_VLLM = f"""#!{sys.executable}
import os, sys
args = sys.argv
host, port = (args[args.index(flag) + 1] for flag in ("--data-parallel-address", "--data-parallel-rpc-port"))
address = f"tcp://{{host}}:{{port}}"
print("Starting to load model", args[2], flush=True)
os.execv(sys.executable, [sys.executable, "-m", "fastfront.sim", "--handshake", address])
"""


def command(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def make_client(engine_count: int = 1) -> EngineClient:
    return EngineClient.handshake("tcp://127.0.0.1:*", engine_count, ipc=True, ready_timeout=60)


def test_vllm_command_line() -> None:
    """One engine: the handshake's host and port, and the engine's own flags as they were given."""
    process = EngineProcess("Qwen/Qwen3-8B", engine_args=["--max-model-len", "4096"], vllm=sys.executable)
    assert process.command("tcp://127.0.0.1:5000") == [
        *(sys.executable, "serve", "Qwen/Qwen3-8B", "--headless"),
        *("--data-parallel-address", "127.0.0.1", "--data-parallel-rpc-port", "5000"),
        *("--data-parallel-size-local", "1", "--max-model-len", "4096"),
    ]


def test_vllm_command_line_of_several_engines() -> None:
    """Several engines on this machine are one vLLM."""
    line = EngineProcess("m", engine_count=2, vllm=sys.executable).command("tcp://[::1]:5000")
    assert line[4:] == [
        *("--data-parallel-address", "::1", "--data-parallel-rpc-port", "5000"),
        *("--data-parallel-size", "2", "--data-parallel-size-local", "2"),
    ]


def test_vllm_is_found_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside this interpreter first, then on PATH."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "elsewhere"))
    elsewhere = command(tmp_path / "elsewhere" / "vllm", "#!/bin/sh\n")
    assert find_vllm() == elsewhere
    beside = command(tmp_path / "bin" / "vllm", "#!/bin/sh\n")
    assert find_vllm() == beside


def test_missing_vllm_says_how_to_install_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without vLLM there are two ways on, and both are named."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartupError, match=r"pip install fastfront\[vllm\].*--sim"):
        find_vllm()
    with pytest.raises(StartupError, match="/no/vllm is not an executable file"):
        find_vllm("/no/vllm")


async def test_simulated_engine_is_launched() -> None:
    """launch brings client and engine up; requests are answered; stopping ends the process in order."""
    client = make_client()
    process = SimProcess(stream=io.StringIO())
    await launch(client, [process])
    assert client.ready.max_model_len > 0
    reader = Collected()
    client.submit(reader.response, reader.requests())
    await reader.until_finished()
    assert len(reader.tokens[0]) > 0
    await client.stop()
    await process.stop()
    await process.stop()
    assert process.child.exited.result() in {0, -signal.SIGTERM}


async def test_several_simulated_engines() -> None:
    """One process per rank; each registers under its own."""
    client = make_client(2)
    processes = [SimProcess(rank=rank, engine_count=2, stream=io.StringIO()) for rank in range(2)]
    await launch(client, processes)
    assert [response.data_parallel_rank for response in client.responses] == [0, 1]
    await client.stop()
    for process in processes:
        await process.stop()


async def test_vllm_is_launched(tmp_path: Path) -> None:
    """The `vllm` command gets what it needs to find us, and its log is passed on with a prefix."""
    client, stream = make_client(), io.StringIO()
    process = EngineProcess("some/model", vllm=command(tmp_path / "vllm", AS_VLLM), stream=stream, log_prefix="[vllm] ")
    await launch(client, [process])
    await client.stop()
    await process.stop()
    assert "[vllm] Starting to load model some/model\n" in stream.getvalue()
    assert "vLLM: ready (" in stream.getvalue()


async def test_engine_that_fails_to_start(tmp_path: Path) -> None:
    """The error has the exit status and the last lines; client and process are stopped."""
    script = "#!/bin/sh\necho loading\necho 'ValueError: no such model' >&2\nexit 3\n"
    client, stream = make_client(), io.StringIO()
    process = EngineProcess("m", vllm=command(tmp_path / "vllm", script), stream=stream)
    with pytest.raises(StartupError) as error:
        await launch(client, [process])
    assert str(error.value) == (
        "vLLM exited with status 3 before it was ready. Its last lines:\n  | loading\n  | ValueError: no such model"
    )
    assert "vLLM: failed (" in stream.getvalue()
    assert client.handshake_address is None


async def test_engine_that_never_registers_times_out(tmp_path: Path) -> None:
    """A process that lives but does not register is stopped when the time is over."""
    client = EngineClient.handshake("tcp://127.0.0.1:*", 1, ipc=True, ready_timeout=0.2)
    process = EngineProcess(
        "m", vllm=command(tmp_path / "vllm", "#!/bin/sh\nexec cat /dev/zero >/dev/null\n"), stream=io.StringIO()
    )
    with pytest.raises(StartupError, match=r"not all engines were ready within 0\.2 s"):
        await launch(client, [process])
    assert not process.child.running


async def test_end_of_the_process_is_the_end_of_the_engine() -> None:
    """A killed engine process is noticed, and the reason is the process's or its connection's."""
    client = make_client()
    process = SimProcess(stream=io.StringIO())
    await launch(client, [process])
    assert process.child.pid is not None
    os.kill(process.child.pid, signal.SIGKILL)
    await asyncio.wait_for(client.dead_event.wait(), PATIENCE)
    assert client.dead_reason in {
        "embedded engine was killed by SIGKILL (out of memory, perhaps)",
        "the connection of engine 0 was closed: its process has ended",
    }
    await client.stop()
    await process.stop()


async def test_cancelled_launch_leaves_nothing() -> None:
    """Giving up during the start (a signal, a host's shutdown) stops the process."""
    client = make_client()
    process = SimProcess(engine_args=["--ready-delay-s", "60"], stream=io.StringIO())
    launching = asyncio.create_task(launch(client, [process]))
    while process.child.pid is None:
        await asyncio.wait([launching], timeout=0.01)
    launching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await launching
    assert not process.child.running


async def test_client_must_listen_for_handshakes() -> None:
    """A client that has stopped listening cannot have engines launched for it."""
    client = make_client()
    await client.stop()
    with pytest.raises(StartupError, match=r"EngineClient\.handshake"):
        await launch(client, [SimProcess(stream=io.StringIO())])
