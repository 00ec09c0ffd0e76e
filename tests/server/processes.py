# SPDX-License-Identifier: Apache-2.0
"""fastfront as a process under test: started on a socket of the test's, watched through its log, never left behind.

Everything waits for an event: a line of the log, the end of the process, bytes on a connection. Nothing sleeps.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import httpx

T = TypeVar("T")

SRC = Path(__file__).resolve().parents[2] / "src"
DEADLINE = 30.0
"""Seconds that anything may take here before the test has failed."""

READY = "Ready after"


def environment(**extra: str) -> dict[str, str]:
    """Return an environment in which `python -m fastfront` finds this tree, whether it is installed or not."""
    path = os.pathsep.join(filter(None, (str(SRC), os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PYTHONPATH": path, **extra}


class Log:
    """The lines that a process writes to stderr, as they come."""

    def __init__(self, stream) -> None:
        self.lines: list[str] = []
        self._changed = threading.Condition()
        self._ended = False
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream) -> None:
        with stream:
            for line in stream:
                with self._changed:
                    self.lines.append(line.rstrip("\n"))
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, text: str, timeout: float = DEADLINE) -> str:
        """Return the first line with that text in it; fail if the process ends or the time is over before."""

        def find() -> str | None:
            return next((line for line in self.lines if text in line), None)

        with self._changed:
            self._changed.wait_for(lambda: find() is not None or self._ended, timeout)
            found = find()
        assert found is not None, f"no {text!r} in the log:\n{self}"
        return found

    def close(self) -> None:
        self._thread.join(DEADLINE)

    def __str__(self) -> str:
        return "\n".join(self.lines)


class Server:
    """A running fastfront. `url` answers; `log` is what it says."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process = process
        self.url = url
        assert process.stderr is not None
        self.log = Log(process.stderr)

    def wait_ready(self) -> None:
        self.log.wait_for(READY)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self, timeout: float = DEADLINE) -> int:
        """Wait for the end; return the exit status. The log is complete then."""
        status = self.process.wait(timeout)
        self.log.close()
        return status

    def child(self, name: str) -> int:
        """Return the process id of the one child whose command line has that name in it."""
        found = [pid for pid, command in children(self.process.pid).items() if name in command]
        assert len(found) == 1, found
        return found[0]


@contextlib.contextmanager
def running(
    arguments: Sequence[str],
    *,
    program: Sequence[str] = ("-m", "fastfront"),
    ready: bool = True,
    pass_fds: Sequence[int] = (),
    url: str = "",
    **env: str,
) -> Iterator[Server]:
    """Run `fastfront ARGUMENTS`, by default until it says that it is ready, and leave nothing of it behind.

    `program`: another Python program, which has to say READY, too.
    """
    process = subprocess.Popen(
        [sys.executable, *program, *arguments],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**env),
        pass_fds=pass_fds,
        start_new_session=True,
    )
    server = Server(process, url)
    try:
        if ready:
            server.wait_ready()
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        for pid in children(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.kill()
        server.wait()


@contextlib.contextmanager
def serving_sim(*arguments: str, ready: bool = True, **env: str) -> Iterator[Server]:
    """Run `fastfront serve --sim` on a socket that is bound here, so that its address is known from the start."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        command = ["serve", "--sim", "--listen-fd", str(listener.fileno()), *arguments]
        with running(command, ready=ready, pass_fds=[listener.fileno()], url=url, **env) as server:
            yield server


def children(parent: int) -> dict[int, str]:
    """Return the living descendants of a process, with their command lines."""
    parents: dict[int, int] = {}
    commands: dict[int, str] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            pid = int(entry.name)
            state, above = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[pid] = int(above)
                commands[pid] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    found = {pid for pid, above in parents.items() if above == parent}
    while True:
        more = {pid for pid, above in parents.items() if above in found} - found
        if not more:
            return {pid: commands[pid] for pid in found}
        found |= more


def wait_until(condition: Callable[[], T], what: str, timeout: float = DEADLINE) -> T:
    """Wait for something that no event tells of: ask until the answer is true."""
    deadline = time.monotonic() + timeout
    while True:
        answer = condition()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"still not: {what}"
        select.select([], [], [], 0.01)


def is_alive(pid: int) -> bool:
    """Tell whether a process is running."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def health(url: str) -> int:
    """Return the status of /health; 0 if there is no connection."""
    try:
        return httpx.get(f"{url}/health", timeout=5).status_code
    except httpx.TransportError:
        return 0


def chat(**more: object) -> dict[str, object]:
    """Return the body of a small chat request."""
    return {"messages": [{"role": "user", "content": "Tell me of the sea."}], "max_tokens": 16, **more}


@contextlib.contextmanager
def streaming(url: str, **more: object) -> Iterator[Iterator[str]]:
    """Open a stream of chat events and yield their data, the first of which has arrived."""
    body = chat(stream=True, ignore_eos=True, **more)
    with (
        httpx.Client(timeout=DEADLINE) as client,
        client.stream("POST", f"{url}/v1/chat/completions", json=body) as response,
    ):
        assert response.status_code == 200, response.read()
        events = (line.removeprefix("data: ") for line in response.iter_lines() if line.startswith("data: "))
        first = next(events)

        def rest() -> Iterator[str]:
            yield first
            yield from events

        yield rest()
