# SPDX-License-Identifier: Apache-2.0
"""Finding frontends and writing their command lines."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import pytest

import fastfront
from fastfront.bench.frontends import SCRIPT, NotFoundError, Pace, Sockets, find, find_python
from fastfront.bench.options import parse

SOCKETS = Sockets(3, 4, 5, "/in", "/out", Path("/port"), Pace(10.0))


def program(path, text):
    path.write_text(f"#!{text}")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def python_with_vllm(tmp_path):
    """Return a Python whose path has a package named vllm, with and without the Rust frontend."""
    package = tmp_path / "site" / "vllm"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('importing vLLM takes seconds')")
    folder = tmp_path / "site" / "vllm-9.9.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: vllm\nVersion: 9.9\n")
    site = tmp_path / "site"
    return program(tmp_path / "python", f'/bin/sh\nPYTHONPATH={site} exec {sys.executable} "$@"\n'), package


def test_fastfront_is_this_one_or_another_build(tmp_path):
    """Without a flag it is the code that runs; a build elsewhere is asked for its version."""
    mine = find("fastfront", parse([]))
    assert mine.version == fastfront.__version__
    assert mine.command("m", SOCKETS)[:4] == [sys.executable, "-m", "fastfront", "frontend"]
    other = program(tmp_path / "other", "/bin/sh\necho fastfront 7.7\n")
    assert find("fastfront", parse(["--fastfront", other])).version == "7.7"


def test_workers_get_vllms_command_line():
    """fastfront and vllm-rs are started as vLLM starts its frontend worker."""
    command = find("fastfront", parse([])).command("some/model", SOCKETS)
    flags = dict(zip(command[4::2], command[5::2], strict=True))
    assert (flags["--listen-fd"], flags["--input-listener-fd"], flags["--output-listener-fd"]) == ("3", "4", "5")
    assert json.loads(flags["--args-json"])["model_tag"] == "some/model"


def test_parsers_are_asked_for_where_answers_are_parsed():
    """The same parsers of every frontend, under vLLM's names; none where the workload has no calls."""
    parsed = dataclasses.replace(SOCKETS, pace=Pace(10.0, parsed=True))
    command = find("fastfront", parse([]))
    for sockets, expected in ((SOCKETS, None), (parsed, "hermes")):
        flags = command.command("m", sockets)
        settings = json.loads(flags[flags.index("--args-json") + 1])
        assert settings.get("tool_call_parser") == expected


def test_vllm_is_found_without_being_imported(python_with_vllm):
    """Version and place come from the Python that has it; importing it would take seconds."""
    python, package = python_with_vllm
    options = parse(["--vllm-python", python])
    found = find("vllm", options)
    assert found.version == "9.9"
    assert found.command("m", SOCKETS)[:5] == [python, str(SCRIPT), "/in", "/out", "/port"]
    with pytest.raises(NotFoundError, match="has no vllm-rs"):
        find("vllm-rs", options)
    program(package / "vllm-rs", "/bin/sh\necho vllm-rs 9.8\n")
    assert find("vllm-rs", options).version == "9.8"


def test_a_script_that_is_broken_still_names_its_python(tmp_path, monkeypatch):
    """The `vllm` command's first line says which Python has vLLM; without one it is this Python."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_python(parse([])) == sys.executable
    program(tmp_path / "vllm", "/some/venv/bin/python3\n")
    assert find_python(parse([])) == "/some/venv/bin/python3"
    program(tmp_path / "vllm", "/bin/sh\n")
    assert find_python(parse([])) == sys.executable


@pytest.mark.parametrize(
    ("name", "flags", "reason"),
    [
        ("fastfront", ["--fastfront", "/no/such"], "is no program"),
        ("vllm-rs", ["--vllm-rs", "/no/such"], "is no program"),
        ("vllm", ["--vllm-python", "/no/such"], "cannot be run"),
        ("vllm", ["--vllm-python", "/bin/false"], "no vLLM installed"),
    ],
)
def test_what_is_not_there_is_named(name, flags, reason):
    """The reason says where it was looked for."""
    with pytest.raises(NotFoundError, match=reason):
        find(name, parse(flags))


def test_the_servers_script_needs_nothing_of_ours():
    """It is run by a Python that has vLLM, and need not have fastfront."""
    text = SCRIPT.read_text()
    assert "import fastfront" not in text
    assert "from fastfront" not in text
