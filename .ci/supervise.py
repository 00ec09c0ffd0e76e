# SPDX-License-Identifier: Apache-2.0
"""Run a command and fail if it leaves processes behind: python3 .ci/supervise.py COMMAND [ARGUMENT]...

Orphans of the command become children of this process (PR_SET_CHILD_SUBREAPER), so that none can slip away, whatever
session it made for itself or name it took. What is left after a moment's grace is shown and ended.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

GRACE = 5.0
"""Seconds for which a process may outlive the command that started it."""
PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1)
    status = subprocess.run(sys.argv[1:], stdin=subprocess.DEVNULL, check=False).returncode
    deadline = time.monotonic() + GRACE
    while (left := descendants()) and time.monotonic() < deadline:
        time.sleep(0.1)
    if left:
        print("===== Left running, which is a failure:", flush=True)
    for pid, command in left.items():
        print(f"{pid:>8} {command}", flush=True)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return status or (1 if left else 0)


def descendants() -> dict[int, str]:
    """Return the living processes that descend from this one, with their command lines."""
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
        if os.getpid() in line[1:]:
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
                found[pid] = command.decode(errors="replace").strip()
    return found


if __name__ == "__main__":
    sys.exit(main())
