# SPDX-License-Identifier: Apache-2.0
"""Comparisons: a peer that fails does not take the others with it."""

from __future__ import annotations

import pytest

from fastfront.bench.report import load
from fastfront.cli import main

FLAGS = ("--rounds", "2", "--duration", "0.3", "--warmup", "0.1", "--step-ms", "1", "--output-tokens", "4")

pytestmark = pytest.mark.e2e


@pytest.fixture
def broken(tmp_path):
    """Return a program that has a version and cannot serve."""
    program = tmp_path / "vllm-rs"
    program.write_text('#!/bin/sh\n[ "$1" = --version ] && exec echo vllm-rs 0.0\necho cannot serve; exit 3\n')
    program.chmod(0o755)
    return str(program)


def test_a_peer_that_does_not_start_is_left_out(broken, tmp_path, capsys):
    """It is tried once and named with its last words; the others have all their rounds."""
    file = tmp_path / "found.json"
    flags = ("--frontends", "vllm-rs,fastfront", "--vllm-rs", broken, "--concurrency", "2", "--json", str(file))
    assert main(["bench", *flags, *FLAGS]) == 0
    assert "cannot serve" in capsys.readouterr().err
    found = load([file])
    assert "did not become healthy" in found.left_out["vllm-rs"]
    assert [(one.frontend, one.round) for one in found.results] == [("fastfront", 0), ("fastfront", 1)]


def test_alone_it_is_an_error(broken, capsys):
    """With nothing left to measure the command fails."""
    assert main(["bench", "--frontends", "vllm-rs", "--vllm-rs", broken, *FLAGS]) == 1
    assert "did not become healthy" in capsys.readouterr().err
