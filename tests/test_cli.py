# SPDX-License-Identifier: Apache-2.0
"""The `fastfront` command: sub-commands, help, version, exit status."""

from __future__ import annotations

import socket
import subprocess
import sys

import pytest

import fastfront
from fastfront import config
from fastfront.cli import COMMANDS, main
from tests.server.processes import environment


def test_version(capsys):
    """--version prints the package's version and nothing else."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"fastfront {fastfront.__version__}\n"


def test_help_lists_the_commands(capsys):
    """--help shows every command and how vLLM is told to use this frontend."""
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    for command in COMMANDS:
        assert f"  {command}" in text
    assert "VLLM_RUST_FRONTEND_PATH" in text


def test_nothing_is_a_usage_error(capsys):
    """Without a command the help goes to stderr and the status is 2."""
    assert main([]) == 2
    assert "usage: fastfront COMMAND" in capsys.readouterr().err


def test_unknown_command_brings_the_nearest(capsys):
    """A misspelt command is told with the one that was probably meant."""
    assert main(["sevre"]) == 2
    assert "unknown command sevre (did you mean serve?)" in capsys.readouterr().err


def test_serve_help_is_complete(capsys):
    """`serve --help` lists every flag with its unit and a default that is not a mere yes or no."""
    assert main(["serve", "--help"]) == 0
    text = capsys.readouterr().out
    for flag, option in config.options().items():
        if option.opt.flag and option.name != "model":
            assert f"\n  --{flag}" in text
            assert option.group + ":" in text
    assert "[default: 30 s]" in text
    assert "env: VLLM_API_KEY" in " ".join(text.split())


def test_frontend_help_names_vllms_flags(capsys):
    """`frontend --help` shows vLLM's worker command line."""
    assert main(["frontend", "--help"]) == 0
    assert "--output-listener-fd" in capsys.readouterr().out


def test_usage_errors_are_one_line_and_a_hint(capsys):
    """A wrong command line ends with status 2, the reason, and where to look."""
    assert main(["serve"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "fastfront serve: say which model to serve (fastfront serve MODEL), or --sim for the embedded engine",
        "fastfront serve --help tells what there is",
    ]


def test_headless_is_refused(capsys):
    """`fastfront serve --headless` would be a server that serves nobody."""
    assert main(["serve", "m", "--headless"]) == 1
    assert "vllm serve --headless" in capsys.readouterr().err


@pytest.mark.e2e
def test_a_port_in_use_is_told_at_once():
    """The port is bound before anything slow: the mistake is told without waiting for a model, with status 1."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "fastfront", "serve", "--sim", "--host", "127.0.0.1", "--port", str(port)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment())
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        f"fastfront serve: cannot listen on 127.0.0.1:{port}: Address already in use"
    )


def test_the_module_is_the_command():
    """`python -m fastfront` is `fastfront`."""
    command = [sys.executable, "-m", "fastfront", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=environment())
    assert (done.returncode, done.stdout) == (0, f"fastfront {fastfront.__version__}\n")
