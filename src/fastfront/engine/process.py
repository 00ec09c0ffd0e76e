# SPDX-License-Identifier: Apache-2.0
"""A child process that outlives nobody: its own process group, its output line by line, its end as an event.

Knows processes and one event loop; nothing of engines. Takes no signals of this process (a host may embed us): the end
of the child is waited for by a thread. The group is ended with it, since engines have children of their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

KEPT_LINES = 30
MAX_LINE_BYTES = 64 * 1024
READ_BYTES = 64 * 1024

# Run by a bare interpreter between fork and exec of the real command: the kernel then tells the child of our death,
# however we die. Not in preexec_fn, which may deadlock in a process with threads. PR_SET_PDEATHSIG is 1.
_TIE_TO_PARENT = (
    "import ctypes, os, signal, sys;"
    "ctypes.CDLL(None).prctl(1, signal.SIGTERM);"
    "os.getppid() == int(sys.argv[1]) or os._exit(1);"
    "os.execvp(sys.argv[2], sys.argv[2:])"
)


class ChildProcess:
    """One child. `start` it once, `stop` it always; in between, `exited` is a future of its exit status.

    `on_line` gets every line that the child or its children print, without the end of line.
    """

    def __init__(self, name: str, *, on_line: Callable[[str], object], stop_timeout: float = 10.0) -> None:
        self.name = name
        self.last_lines: deque[str] = deque(maxlen=KEPT_LINES)
        self.exited: asyncio.Future[int]
        self._on_line = on_line
        self._stop_timeout = stop_timeout
        self._process: subprocess.Popen[bytes] | None = None
        self._output: int | None = None
        self._partial = b""
        self._loop: asyncio.AbstractEventLoop

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def running(self) -> bool:
        return self._process is not None and not self.exited.done()

    def start(self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, pass_fds: Sequence[int] = ()) -> None:
        """Run the command. Raises OSError if there is no such command."""
        self._loop = asyncio.get_running_loop()
        self.exited = self._loop.create_future()
        if sys.platform == "linux":
            argv = [sys.executable, "-I", "-S", "-c", _TIE_TO_PARENT, str(os.getpid()), *argv]
        self._output, write_end = os.pipe()
        os.set_blocking(self._output, False)
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=write_end,
                stderr=write_end,
                env=None if env is None else dict(env),
                pass_fds=pass_fds,
                start_new_session=True,
            )
        except OSError:
            os.close(self._output)
            self._output = None
            raise
        finally:
            os.close(write_end)
        self._loop.add_reader(self._output, self._read)
        waiter = threading.Thread(target=self._wait, args=(self._process,), name=f"wait-{self.name}", daemon=True)
        waiter.start()

    async def stop(self) -> None:
        """End the child and its group: SIGTERM, after a while SIGKILL. Idempotent."""
        if self._process is None:
            return
        if not self.exited.done():
            self._signal_group(signal.SIGTERM)
            try:
                await asyncio.wait_for(asyncio.shield(self.exited), self._stop_timeout)
            except asyncio.TimeoutError:
                self._signal_group(signal.SIGKILL)
                await asyncio.shield(self.exited)
        self._close_output()

    def describe_exit(self) -> str:
        """Say how the child ended."""
        status = self.exited.result()
        if status >= 0:
            return f"{self.name} exited with status {status}"
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        hint = " (out of memory, perhaps)" if -status == signal.SIGKILL else ""
        return f"{self.name} was killed by {name}{hint}"

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Run in a thread of its own."""
        status = process.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody wants to know any more
            self._loop.call_soon_threadsafe(self._on_exit, status)

    def _on_exit(self, status: int) -> None:
        self._read()  # what explains its end
        # Its children go with it: they hold devices and ports, and nobody else knows of them.
        self._signal_group(signal.SIGKILL)
        if not self.exited.done():
            self.exited.set_result(status)

    def _signal_group(self, number: int) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)

    def _read(self) -> None:
        while self._output is not None:
            try:
                data = os.read(self._output, READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._close_output()
                return
            *lines, self._partial = (self._partial + data.replace(b"\r", b"\n")).split(b"\n")
            if len(self._partial) > MAX_LINE_BYTES:
                lines.append(self._partial)
                self._partial = b""
            for line in lines:
                self._take_line(line)

    def _take_line(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace").rstrip()
        if text:
            self.last_lines.append(text)
            self._on_line(text)

    def _close_output(self) -> None:
        if self._output is None:
            return
        self._loop.remove_reader(self._output)
        os.close(self._output)
        self._output = None
        if self._partial:
            self._take_line(self._partial)
            self._partial = b""
