# SPDX-License-Identifier: Apache-2.0
"""The frontends that can be compared, where they are found, and how one is started before sockets that an engine joins.

fastfront and vllm-rs share one command line, vLLM's for its frontend worker; vLLM's Python server is started by a
script of ours inside its own Python (`vllm_server.py`). Starts nothing itself.
"""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from fastfront import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastfront.bench.options import Options

SERVED_NAME = "bench"
"""What the model is called in a comparison."""
MAX_MODEL_LEN = 131_072
SCRIPT = Path(__file__).with_name("vllm_server.py")

_FIND = """\
import importlib.metadata, importlib.util, os, sys
spec = importlib.util.find_spec("vllm")
if spec is None or not spec.submodule_search_locations:
    sys.exit(1)
try:
    version = importlib.metadata.version("vllm")
except importlib.metadata.PackageNotFoundError:
    version = "unknown"
print(version)
print(list(spec.submodule_search_locations)[0])
"""
"""Asks a Python for its vLLM without importing it, which would take many seconds."""


class NotFoundError(Exception):
    """A frontend is not on this machine. The message says where it was looked for."""


@dataclasses.dataclass(frozen=True)
class Pace:
    """How the engine answers."""

    step_ms: float
    parsed: bool = False
    """With thinking and tool calls, which the frontends have parsers for."""


PARSERS = {"reasoning_parser": "qwen3", "tool_call_parser": "hermes", "enable_auto_tool_choice": True}
"""The parsers' flags, the same for every frontend, as vLLM names them."""


@dataclasses.dataclass(frozen=True)
class Sockets:
    """Where a frontend meets its clients and its engine: open listeners for those that take them, else paths."""

    http_fd: int
    input_fd: int
    output_fd: int
    input_path: str
    output_path: str
    port_file: Path
    pace: Pace


@dataclasses.dataclass(frozen=True)
class Frontend:
    """A program that can be measured."""

    name: str
    version: str
    command: Callable[[str, Sockets], list[str]]
    """Model and sockets in, command line out."""
    listens_itself: bool = False
    """It binds its sockets itself and writes its port to a file."""
    start_timeout_s: float = 60.0
    needs_engine: bool = True


def find(name: str, options: Options) -> Frontend:
    """Return a frontend by name. Raises NotFoundError."""
    return _FINDERS[name](options)


def _find_fastfront(options: Options) -> Frontend:
    if options.fastfront is None:
        return Frontend("fastfront", __version__, _worker([sys.executable, "-m", "fastfront"]))
    program = shutil.which(options.fastfront)
    if program is None:
        raise NotFoundError(f"{options.fastfront} is no program")
    return Frontend("fastfront", _first_line([program, "--version"]), _worker([program]))


def _find_vllm_rs(options: Options) -> Frontend:
    if options.vllm_rs is not None:
        program = shutil.which(options.vllm_rs)
        if program is None:
            raise NotFoundError(f"{options.vllm_rs} is no program")
    else:
        _, package = _vllm_package(options)
        program = str(package / "vllm-rs")
        if not os.access(program, os.X_OK):
            raise NotFoundError(f"the vLLM in {package} has no vllm-rs; say where it is with --vllm-rs")
    return Frontend("vllm-rs", _first_line([program, "--version"]), _worker([program]))


def _find_vllm(options: Options) -> Frontend:
    version, _ = _vllm_package(options)
    python = find_python(options)

    def command(model: str, sockets: Sockets) -> list[str]:
        names = [sockets.input_path, sockets.output_path, str(sockets.port_file)]
        flags = [
            f"--{name.replace('_', '-')}" if value is True else f"--{name.replace('_', '-')}={value}"
            for name, value in (PARSERS if sockets.pace.parsed else {}).items()
        ]
        return [python, str(SCRIPT), *names, model, SERVED_NAME, str(MAX_MODEL_LEN), *flags]

    return Frontend("vllm", version, command, listens_itself=True, start_timeout_s=180.0)


def _find_floor(options: Options) -> Frontend:
    def command(model: str, sockets: Sockets) -> list[str]:
        return [sys.executable, "-m", "fastfront.bench.floor", str(sockets.http_fd), str(sockets.pace.step_ms)]

    return Frontend("floor", __version__, command, needs_engine=False)


_FINDERS = {"fastfront": _find_fastfront, "vllm-rs": _find_vllm_rs, "vllm": _find_vllm, "floor": _find_floor}
NAMES = tuple(_FINDERS)
"""The frontends that can be compared. The floor is none: it is the least that a server of streams can cost."""
DEFAULT = ("fastfront", "vllm-rs", "vllm")
"""Those that are compared unless others are asked for."""


def _worker(program: list[str]) -> Callable[[str, Sockets], list[str]]:
    """Return how a frontend with vLLM's worker command line is started (vllm/v1/utils.py)."""

    def command(model: str, sockets: Sockets) -> list[str]:
        settings = {
            "model": model,
            "model_tag": model,
            "served_model_name": [SERVED_NAME],
            "max_model_len": MAX_MODEL_LEN,
            "engine_ready_timeout_secs": 60,
            "http_timeout_keep_alive": 60,
            **(PARSERS if sockets.pace.parsed else {}),
        }
        flags = {
            "--listen-fd": sockets.http_fd,
            "--input-listener-fd": sockets.input_fd,
            "--output-listener-fd": sockets.output_fd,
            "--engine-start-index": 0,
            "--engine-count": 1,
            "--data-parallel-size": 1,
            "--args-json": json.dumps(settings),
        }
        return [*program, "frontend", *(str(part) for flag in flags.items() for part in flag)]

    return command


def find_python(options: Options) -> str:
    """Return the Python that vLLM is looked for in: the one given, or that of the `vllm` command, or this one."""
    if options.vllm_python is not None:
        return options.vllm_python
    command = shutil.which("vllm")
    if command is not None:
        try:
            with Path(command).open("rb") as script:
                line = script.readline(1024).decode(errors="replace")
        except OSError:
            line = ""
        interpreter = shlex.split(line[2:])[:1] if line.startswith("#!") else []
        if interpreter and "python" in Path(interpreter[0]).name:
            return interpreter[0]
    return sys.executable


def _vllm_package(options: Options) -> tuple[str, Path]:
    """Return the version and the folder of the installed vLLM. Raises NotFoundError."""
    python = find_python(options)
    try:
        done = subprocess.run([python, "-c", _FIND], capture_output=True, text=True, timeout=60, check=False)
    except OSError as error:
        raise NotFoundError(f"{python} cannot be run: {error.strerror}") from None
    if done.returncode:
        raise NotFoundError(f"{python} has no vLLM installed; say which Python has with --vllm-python")
    version, package = done.stdout.splitlines()[:2]
    return version, Path(package)


def _first_line(command: list[str]) -> str:
    """Return what a program says to --version, without its name."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    except OSError as error:
        raise NotFoundError(f"{command[0]} cannot be run: {error.strerror}") from None
    return (done.stdout.split() or ["unknown"])[-1]
