# SPDX-License-Identifier: Apache-2.0
"""Starting and stopping the servers that are compared: vLLM's own and fastfront, each over a real engine on the CPU.

Knows command lines and processes; must not know what is asked of the servers.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx

ENGINE_FLAGS = ["--max-model-len", "4096", "--enforce-eager", "--dtype", "float32", "--max-num-seqs", "16"]
"""The same for every server: float32 and one order of requests make greedy output the same everywhere."""
IN_ONE_PROCESS = ["--distributed-executor-backend", "uni"]
"""The engine runs its model itself instead of in a worker process (only with VLLM_ENABLE_V1_MULTIPROCESSING=0 on the
CPU). Engine and worker wait for each other in a loop of sched_yield(): on two cores, other processes were seen not to
run for six seconds."""
ROUTE_FLAGS = ["--enable-scale-out"]
"""For every server, and VLLM_SERVER_DEV_MODE: the routes behind switches are compared, too."""
MODEL_NAME = "tiny"
READY_TIMEOUT = 240.0
"""Seconds; an engine takes 25 to 35 of them on two cores."""
STOP_TIMEOUT = 60.0
LINGER = 10.0
"""Seconds that the processes of a server may outlive it, to end by themselves."""


@dataclass(frozen=True)
class Server:
    """A server that answers at base_url."""

    base_url: str
    process: subprocess.Popen[bytes]
    log: Path
    before: Collection[int]
    """The processes that were there before it."""

    def tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-60:])


@dataclass(frozen=True)
class Site:
    """Where things are: the engine environment, the fastfront under test, a directory for logs."""

    engine_venv: Path
    fastfront: Path
    scratch: Path

    @property
    def vllm(self) -> Path:
        return self.engine_venv / "bin" / "vllm"

    def environment(self, **extra: str) -> dict[str, str]:
        path = f"{self.engine_venv / 'bin'}{os.pathsep}{os.environ['PATH']}"
        settings = {
            "HF_HUB_OFFLINE": "1",
            "VLLM_CPU_KVCACHE_SPACE": "1",
            # One thread for the engine, not bound to a core: the other core is for the frontend and the client.
            "OMP_NUM_THREADS": "1",
            "VLLM_CPU_OMP_THREADS_BIND": "nobind",
            "VLLM_DO_NOT_TRACK": "1",
            "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
            "VLLM_NO_USAGE_STATS": "1",
            "VLLM_SERVER_DEV_MODE": "1",
        }
        return {**os.environ, "PATH": path, **settings, **extra}


@contextlib.contextmanager
def vllm_python(site: Site, model: Path, *, flags: Sequence[str] = (), **settings: str) -> Iterator[Server]:
    """Run vLLM's own Python server: the reference. `settings` are variables of its environment."""
    port = free_port()
    command = [*vllm_command(site, model, port), *flags]
    name = f"vllm-{model.name}{'-flags' if flags else ''}"
    with run(site, name, command, port, site.environment(**settings), orderly=False) as server:
        yield server


@contextlib.contextmanager
def drop_in(site: Site, model: Path) -> Iterator[Server]:
    """Run vLLM with fastfront in place of its Rust frontend."""
    port = free_port()
    environment = site.environment(VLLM_USE_RUST_FRONTEND="1", VLLM_RUST_FRONTEND_PATH=str(site.fastfront))
    with run(site, f"drop-in-{model.name}", vllm_command(site, model, port), port, environment) as server:
        yield server


@contextlib.contextmanager
def serve(
    site: Site, model: Path, *, orderly: bool = True, flags: Sequence[str] = (), **settings: str
) -> Iterator[Server]:
    """Run `fastfront serve MODEL`, which starts the engine itself."""
    port = free_port()
    command = [*fastfront_command(site, model, port), *ENGINE_FLAGS, *IN_ONE_PROCESS, *flags]
    name = f"serve-{model.name}{'-flags' if flags else ''}"
    with run(site, name, command, port, site.environment(**settings), orderly=orderly) as server:
        yield server


@contextlib.contextmanager
def headless(site: Site, model: Path) -> Iterator[Server]:
    """Run `fastfront serve MODEL --engine tcp://...` and a headless engine that joins it, as from another host."""
    port, handshake_port = free_port(), free_port()
    command = [*fastfront_command(site, model, port), "--engine", f"tcp://127.0.0.1:{handshake_port}"]
    engine = [
        str(site.vllm),
        "serve",
        str(model),
        *ENGINE_FLAGS,
        *IN_ONE_PROCESS,
        "--headless",
        "--data-parallel-size-local",
        "1",
    ]
    engine += ["--data-parallel-address", "127.0.0.1", "--data-parallel-rpc-port", str(handshake_port)]
    log = site.scratch / f"headless-engine-{model.name}.log"
    with (
        process(engine, log, site.environment()),
        run(site, f"headless-{model.name}", command, port, site.environment(), alone=False) as server,
    ):
        yield server


def vllm_command(site: Site, model: Path, port: int) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", MODEL_NAME]
    return [str(site.vllm), "serve", str(model), *where, *ROUTE_FLAGS, *ENGINE_FLAGS, *IN_ONE_PROCESS]


def fastfront_command(site: Site, model: Path, port: int) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(port), "--served-model-name", MODEL_NAME]
    return [str(site.fastfront), "serve", str(model), *where, *ROUTE_FLAGS]


def free_port() -> int:
    """Ask the kernel for a port: vLLM cannot be told to bind 0 and say which it got."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def run(
    site: Site,
    name: str,
    command: list[str],
    port: int,
    environment: dict[str, str],
    *,
    orderly: bool = True,
    alone: bool = True,
) -> Iterator[Server]:
    """Run a server from the moment it answers /health until the block ends.

    An orderly one must then go by itself after SIGTERM, with code 0. One that was alone must leave no process behind.
    """
    log = site.scratch / f"{name}.log"
    started, before = time.monotonic(), descendants()
    with process(command, log, environment) as running:
        server = Server(f"http://127.0.0.1:{port}", running, log, before)
        wait_until_ready(server)
        # Shown by pytest -s and with failures: where the time of a run goes.
        sys.stdout.write(f"{name}: ready in {time.monotonic() - started:.1f} s\n")
        yield server
        if orderly:
            running.terminate()
            code = running.wait(STOP_TIMEOUT)
            assert code == 0, f"{name} ended with code {code}:\n{server.tail()}"
            left = survivors(before) if alone else {}
            assert not left, f"{name} left processes behind: {left}"


@contextlib.contextmanager
def process(command: list[str], log: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command, and leave nothing behind of what it started."""
    before = descendants()
    with log.open("wb") as output:
        output.write(f"$ {shlex.join(command)}\n".encode())
        output.flush()
        running = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment, start_new_session=True
        )
        try:
            yield running
        finally:
            running.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.wait(STOP_TIMEOUT)
            for pid in descendants().keys() - before.keys():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            running.wait()


def adopt_orphans() -> None:
    """Become the parent of descendants that lose theirs, so that none can slip away."""
    pr_set_child_subreaper = 36
    assert ctypes.CDLL(None).prctl(pr_set_child_subreaper, 1) == 0


def descendants(root: int | None = None) -> dict[int, str]:
    """Return the living processes that this one (or `root`) or its descendants started, with their command lines."""
    root = os.getpid() if root is None else root
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found: dict[int, str] = {}
    for pid in parents:
        line = [pid]
        while (parent_pid := parents.get(line[-1], 0)) > 1:
            line.append(parent_pid)
        if root in line[1:]:
            with contextlib.suppress(OSError):
                found[pid] = (
                    Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
                )
    return found


def survivors(before: Collection[int]) -> dict[int, str]:
    """Return what is left of the processes that were not there before, once it has had time to end by itself."""
    deadline = time.monotonic() + LINGER
    while left := {pid: command for pid, command in descendants().items() if pid not in before}:
        if time.monotonic() > deadline:
            break
        select.select([], [], [], 0.05)  # they are not children of ours: there is nothing to wait on
    return left


def wait_until_ready(server: Server) -> None:
    deadline = time.monotonic() + READY_TIMEOUT
    with httpx.Client(base_url=server.base_url, timeout=5) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if client.get("/health").status_code == httpx.codes.OK:
                    return
            # The wait paces the loop, and ends it at once when the process does.
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = server.process.wait(0.1)
                raise AssertionError(f"ended with code {code} before it was ready:\n{server.tail()}")
            assert time.monotonic() < deadline, f"not ready after {READY_TIMEOUT:.0f} s:\n{server.tail()}"
