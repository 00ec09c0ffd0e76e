# SPDX-License-Identifier: Apache-2.0
"""A frontend under test with the embedded engine behind it: started on cores of their own, ended with all they started.

Knows how to start processes and where they listen; not what is sent to them.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

from fastfront.bench import processes
from fastfront.bench.frontends import MAX_MODEL_LEN, Pace, Sockets
from fastfront.bench.probe import Target, wait_healthy
from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from fastfront.bench.frontends import Frontend

LOG_LINES = 15
"""Of a program that does not start, this many of its last lines are shown."""


class Server:
    """A frontend and its engine, up and healthy."""

    def __init__(self, target: Target, pid: int, engine_pid: int | None, began: float) -> None:
        """Healthy now; comes back when it has settled. `began`: time.monotonic() at the start of the process."""
        self.target = target
        self.pid = pid
        self.engine_pid = engine_pid
        self.ready_s = time.monotonic() - began
        """From the start of the process to the first 200 of /health; the engine comes up meanwhile."""
        processes.wait_idle(pid)
        self.settled_s = time.monotonic() - began - processes.IDLE_S
        """To when it had nothing more to do."""
        self.idle_mb = processes.memory_mb(pid)


@contextlib.contextmanager
def serving(
    frontend: Frontend,
    model: str,
    pace: Pace,
    server_cores: Sequence[int] | None,
    engine_cores: Sequence[int] | None,
) -> Iterator[Server]:
    """Start a frontend and an engine for it, wait until they are ready, and end them. Raises StartupError."""
    with contextlib.ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="fastfront-bench-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        log = stack.enter_context((folder / "log").open("wb"))
        listeners, sockets = _open_sockets(frontend, folder, pace)
        for listener in listeners:
            stack.enter_context(listener)
        began = time.monotonic()
        fds = [listener.fileno() for listener in listeners]
        server = stack.enter_context(_running(frontend.command(model, sockets), log, fds, server_cores))
        running = [server]
        if frontend.needs_engine:
            running.append(stack.enter_context(_running(_engine(model, sockets), log, [], engine_cores)))

        def alive() -> bool:
            return all(process.poll() is None for process in running)

        port = listeners[0].getsockname()[1] if listeners else _wait_port(sockets.port_file, alive, frontend)
        target = Target("127.0.0.1", "127.0.0.1", port or 0)
        if not port or wait_healthy(target, alive, frontend.start_timeout_s) is None:
            said = _last_lines(folder / "log")
            raise StartupError(f"{frontend.name} did not become healthy. Its last lines:\n{said}")
        engine_pid = running[1].pid if frontend.needs_engine else None
        yield Server(target, server.pid, engine_pid, began)


def _engine(model: str, sockets: Sockets) -> list[str]:
    """Return the command line of the engine that joins a frontend at these sockets."""
    flags = {
        "--token-ms": str(sockets.pace.step_ms),
        "--model": model,
        "--max-model-len": str(MAX_MODEL_LEN),
        "--input": f"ipc://{sockets.input_path}",
        "--output": f"ipc://{sockets.output_path}",
    }
    what = "--replay-calls" if sockets.pace.parsed else "--replay"
    return [sys.executable, "-m", "fastfront.sim", what, *(part for flag in flags.items() for part in flag)]


def _open_sockets(frontend: Frontend, folder: Path, pace: Pace) -> tuple[list[socket.socket], Sockets]:
    input_path, output_path = str(folder / "in"), str(folder / "out")
    port_file = folder / "port"
    if frontend.listens_itself:
        return [], Sockets(-1, -1, -1, input_path, output_path, port_file, pace)
    http = socket.socket()
    http.bind(("127.0.0.1", 0))
    http.listen(4096)
    ends = []
    for path in (input_path, output_path):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(path)
        listener.listen(16)
        ends.append(listener)
    listeners = [http, *ends]
    fds = [listener.fileno() for listener in listeners]
    return listeners, Sockets(fds[0], fds[1], fds[2], input_path, output_path, port_file, pace)


@contextlib.contextmanager
def _running(
    command: list[str], log: IO[bytes], fds: list[int], cores: Sequence[int] | None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a session of its own, on these cores, and kill the whole session at the end."""
    env = {
        **os.environ,
        "HF_HUB_OFFLINE": os.environ.get("HF_HUB_OFFLINE", "1"),
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_CPU_KVCACHE_SPACE": os.environ.get("VLLM_CPU_KVCACHE_SPACE", "1"),
        "VLLM_ALLOW_LONG_MAX_MODEL_LEN": "1",
    }
    try:
        with processes.on_cores(cores):
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env, pass_fds=fds, start_new_session=True
            )
    except OSError as error:
        raise StartupError(f"{command[0]} cannot be run: {error.strerror}") from None
    try:
        yield process
    finally:
        descendants = processes.tree(process.pid)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for pid in descendants[1:]:  # those that left the session
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _wait_port(file: Path, alive: Callable[[], bool], frontend: Frontend) -> int | None:
    """Wait for the port that a frontend writes down; None if it died or the time was over."""
    deadline = time.monotonic() + frontend.start_timeout_s
    while not file.exists():
        if not alive() or time.monotonic() > deadline:
            return None
        time.sleep(0.05)
    return int(file.read_text(encoding="ascii"))


def _last_lines(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]
    return "\n".join(f"  | {line}" for line in lines) or "  | (it printed nothing)"
