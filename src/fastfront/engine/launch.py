# SPDX-License-Identifier: Apache-2.0
"""Engines that this process starts itself: vLLM without its API server (`EngineProcess`), or the embedded one
(`SimProcess`), and `launch`, which brings a client and its engines up together.

Must not know what the engines' flags mean, beyond those by which an engine finds us.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from fastfront.engine.process import ChildProcess
from fastfront.engine.progress import Progress
from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastfront.engine.client import EngineClient

logger = logging.getLogger(__name__)

TICK = 0.5
"""Seconds between two looks at the progress line."""


def find_vllm(path: str | None = None) -> str:
    """Return the `vllm` command: the one given, this interpreter's, or the first on PATH. Raises StartupError."""
    if path is not None:
        found = shutil.which(path)
        if found is None:
            raise StartupError(f"{path} is not an executable file: it should be the `vllm` command")
        return found
    beside = Path(sys.executable).with_name("vllm")
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("vllm")
    if found is None:
        raise StartupError(
            "vLLM is not installed: there is no `vllm` command beside this Python or on PATH. "
            "Install it with `pip install fastfront[vllm]`, or serve the embedded engine with --sim"
        )
    return found


class LaunchedProcess:
    """A child process that is an engine, or has several, and finds its frontend by the handshake address."""

    def __init__(
        self,
        name: str,
        *,
        log_prefix: str = "",
        show_log: bool = True,
        show_progress: bool = True,
        stream: TextIO | None = None,
        stop_timeout: float = 10.0,
    ) -> None:
        self.progress = Progress(
            stream or sys.stderr, title=name, prefix=log_prefix, show_log=show_log, show_progress=show_progress
        )
        self.child = ChildProcess(name, on_line=self.progress.line, stop_timeout=stop_timeout)

    def command(self, handshake_address: str) -> list[str]:
        """Return the command line. Raises StartupError."""
        raise NotImplementedError

    def start(self, handshake_address: str) -> None:
        """Run the command. Raises StartupError."""
        argv = self.command(handshake_address)
        try:
            self.child.start(argv, env=os.environ | {"PYTHONUNBUFFERED": "1"}, pass_fds=self._inherited())
        except OSError as error:
            raise StartupError(f"{argv[0]} cannot be run: {error.strerror}") from error

    async def stop(self) -> None:
        """End the process and all its children. Idempotent."""
        self.progress.end()
        await self.child.stop()

    def failure(self) -> StartupError:
        """Return the error for a process that ended before it was ready."""
        lines = "\n".join(f"  | {line}" for line in self.child.last_lines)
        text = f"{self.child.describe_exit()} before it was ready"
        return StartupError(f"{text}. Its last lines:\n{lines}" if lines else f"{text}, and printed nothing")

    def _inherited(self) -> Sequence[int]:
        return ()


class EngineProcess(LaunchedProcess):
    """`vllm serve MODEL --headless`, with `engine_count` data-parallel engines on this machine."""

    def __init__(
        self,
        model: str,
        *,
        engine_args: Sequence[str] = (),
        engine_count: int = 1,
        vllm: str | None = None,
        log_prefix: str = "",
        show_log: bool = True,
        stream: TextIO | None = None,
        stop_timeout: float = 20.0,
    ) -> None:
        super().__init__("vLLM", log_prefix=log_prefix, show_log=show_log, stream=stream, stop_timeout=stop_timeout)
        self._model = model
        self._engine_args = list(engine_args)
        self._engine_count = engine_count
        self._vllm = vllm

    def command(self, handshake_address: str) -> list[str]:
        host, _, port = handshake_address.removeprefix("tcp://").rpartition(":")
        size = ["--data-parallel-size", str(self._engine_count)] if self._engine_count > 1 else []
        return [
            find_vllm(self._vllm),
            "serve",
            self._model,
            "--headless",
            "--data-parallel-address",
            host.strip("[]"),
            "--data-parallel-rpc-port",
            port,
            *size,
            "--data-parallel-size-local",
            str(self._engine_count),
            *self._engine_args,
        ]


class SimProcess(LaunchedProcess):
    """One embedded engine: `python -m fastfront.sim`."""

    def __init__(
        self,
        *,
        engine_args: Sequence[str] = (),
        rank: int = 0,
        engine_count: int = 1,
        log_prefix: str = "",
        show_log: bool = True,
        stream: TextIO | None = None,
        stop_timeout: float = 5.0,
    ) -> None:
        name = "embedded engine" if engine_count == 1 else f"embedded engine {rank}"
        super().__init__(
            name,
            log_prefix=log_prefix,
            show_log=show_log,
            show_progress=False,  # it is up in a moment
            stream=stream,
            stop_timeout=stop_timeout,
        )
        self._engine_args = list(engine_args)
        self._rank = rank
        self._engine_count = engine_count
        self._lifeline: tuple[int, int] | None = None

    def command(self, handshake_address: str) -> list[str]:
        reading_end = self._inherited()[0]
        where = ["--handshake", handshake_address, "--rank", str(self._rank)]
        size = ["--data-parallel-size", str(self._engine_count)] if self._engine_count > 1 else []
        lifeline = ["--exit-with-fd", str(reading_end)]
        return [sys.executable, "-m", "fastfront.sim", *where, *size, *lifeline, *self._engine_args]

    def start(self, handshake_address: str) -> None:
        try:
            super().start(handshake_address)
        finally:
            os.close(self._inherited()[0])  # the child has its own

    async def stop(self) -> None:
        await super().stop()
        if self._lifeline is not None:
            os.close(self._lifeline[1])
            self._lifeline = None

    def _inherited(self) -> Sequence[int]:
        """A pipe whose end of file tells the child, on any system, that this process is gone."""
        if self._lifeline is None:
            self._lifeline = os.pipe()
        return (self._lifeline[0],)


async def launch(client: EngineClient, processes: Sequence[LaunchedProcess]) -> None:
    """Start the processes and the client, and wait until all engines are ready.

    From then on the end of a process is the death of the client's engine. Raises StartupError with the last lines that
    a process printed; then everything is stopped again. Stopping later is the caller's: the client first.
    """
    address = client.handshake_address
    if address is None:
        raise StartupError("engines can only be launched for a client that was made by EngineClient.handshake")
    ticker = asyncio.create_task(_tick(processes))
    starting: asyncio.Task[None] | None = None
    try:
        for process in processes:
            process.start(address)
        starting = asyncio.create_task(client.start())
        waited: list[asyncio.Future[Any]] = [starting, *(process.child.exited for process in processes)]
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        for process in processes:
            if process.child.exited.done():
                raise process.failure()
        await starting
    except BaseException:
        if starting is not None:
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
        for process in processes:
            process.progress.end("failed")
            await process.stop()
        await client.stop()
        raise
    finally:
        ticker.cancel()
    for process in processes:
        process.progress.end("ready")
        _watch(client, process)


def _watch(client: EngineClient, process: LaunchedProcess) -> None:
    process.child.exited.add_done_callback(lambda _: client.declare_dead(process.child.describe_exit()))


async def _tick(processes: Sequence[LaunchedProcess]) -> None:
    while True:
        await asyncio.sleep(TICK)
        for process in processes:
            process.progress.tick()
