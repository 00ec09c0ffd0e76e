# SPDX-License-Identifier: Apache-2.0
"""ChildProcess: output by lines, the end as an event, and that nothing of it is left."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys

import pytest

from fastfront.engine.process import MAX_LINE_BYTES, ChildProcess

PATIENCE = 20.0


class Child:
    """A child that runs Python code, and the lines that it printed."""

    def __init__(self, code: str, *, stop_timeout: float = PATIENCE) -> None:
        self.lines: list[str] = []
        self._changed = asyncio.Event()
        self.process = ChildProcess("child", on_line=self._take, stop_timeout=stop_timeout)
        self.process.start([sys.executable, "-u", "-c", code])

    def _take(self, line: str) -> None:
        self.lines.append(line)
        self._changed.set()

    async def until_lines(self, count: int) -> list[str]:
        while len(self.lines) < count:
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), PATIENCE)
        return self.lines

    async def until_exit(self) -> int:
        return await asyncio.wait_for(asyncio.shield(self.process.exited), PATIENCE)


async def until_gone(pid: int) -> None:
    """Wait for the end of a process that is not our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(descriptor, gone.set)
    try:
        await asyncio.wait_for(gone.wait(), PATIENCE)
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)


async def test_output_comes_by_lines() -> None:
    """Both streams, carriage returns of progress bars, bad UTF-8 and a last line without an end."""
    child = Child(
        "import sys; sys.stdout.buffer.write(b'one\\r\\n\\n  two \\xff\\n50%\\r100%\\r'); "
        "sys.stdout.flush(); sys.stderr.write('last')"
    )
    assert await child.until_exit() == 0
    assert child.lines == ["one", "  two �", "50%", "100%", "last"]
    await child.process.stop()


async def test_long_line_is_cut() -> None:
    """A line without end is passed on in pieces, not gathered."""
    child = Child(f"print('x' * {3 * MAX_LINE_BYTES})")
    await child.until_exit()
    await child.process.stop()
    assert "".join(child.lines) == "x" * (3 * MAX_LINE_BYTES)
    assert len(child.lines) > 1


async def test_last_lines_are_kept() -> None:
    """What was printed last is there when the child has ended."""
    child = Child("for i in range(100): print(i)")
    await child.until_exit()
    assert list(child.process.last_lines) == [str(number) for number in range(70, 100)]
    await child.process.stop()


@pytest.mark.parametrize(
    ("code", "description"),
    [
        ("import sys; sys.exit(3)", "child exited with status 3"),
        ("import os; os.kill(os.getpid(), 9)", "child was killed by SIGKILL (out of memory, perhaps)"),
        ("import os; os.kill(os.getpid(), 15)", "child was killed by SIGTERM"),
    ],
)
async def test_end_is_described(code: str, description: str) -> None:
    """Status or signal, in words."""
    child = Child(code)
    await child.until_exit()
    assert child.process.describe_exit() == description
    await child.process.stop()


async def test_stop_asks_first() -> None:
    """SIGTERM gives the child a chance to end in order."""
    child = Child("import signal, sys; signal.signal(15, lambda *_: sys.exit(7)); print('up'); signal.pause()")
    await child.until_lines(1)
    await child.process.stop()
    assert child.process.exited.result() == 7
    await child.process.stop()


async def test_stop_insists() -> None:
    """A child that ignores SIGTERM is killed after the timeout."""
    child = Child("import signal; signal.signal(15, signal.SIG_IGN); print('up'); signal.pause()", stop_timeout=0.1)
    await child.until_lines(1)
    await child.process.stop()
    assert child.process.exited.result() == -signal.SIGKILL


async def test_grandchildren_end_with_the_child() -> None:
    """An engine's workers do not outlive it, even if it was killed and could not end them itself."""
    child = Child(
        "import subprocess, sys, signal; p = subprocess.Popen([sys.executable, '-c', 'import signal; signal.pause()']);"
        "print(p.pid); signal.pause()"
    )
    grandchild = int((await child.until_lines(1))[0])
    assert child.process.pid is not None
    os.kill(child.process.pid, signal.SIGKILL)
    await child.until_exit()
    await until_gone(grandchild)
    await child.process.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
async def test_child_ends_with_its_parent() -> None:
    """However the parent dies, the child is told."""
    code = (
        "import asyncio, os, sys\n"
        "from fastfront.engine.process import ChildProcess\n"
        "async def main():\n"
        "    child = ChildProcess('c', on_line=lambda line: (print(line, flush=True), os.kill(os.getpid(), 9)))\n"
        "    child.start([sys.executable, '-u', '-c', 'import os, signal; print(os.getpid()); signal.pause()'])\n"
        "    await child.exited\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=subprocess.PIPE)
    output, _ = await asyncio.wait_for(parent.communicate(), PATIENCE)
    assert parent.returncode == -signal.SIGKILL
    await until_gone(int(output))


async def test_command_that_does_not_exist() -> None:
    """The interpreter between us and the command reports it, and that is the child's output."""
    lines: list[str] = []
    process = ChildProcess("child", on_line=lines.append)
    process.start(["/no/such/command"])
    assert await asyncio.wait_for(asyncio.shield(process.exited), PATIENCE) != 0
    assert "No such file or directory" in lines[-1]
    await process.stop()


async def test_stop_without_start() -> None:
    """A process that was never started can be stopped."""
    process = ChildProcess("child", on_line=lambda _line: None)
    await process.stop()
    assert not process.running
    assert process.pid is None
