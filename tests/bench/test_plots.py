# SPDX-License-Identifier: Apache-2.0
"""Plots: PNG and SVG of what the results can show, the same bytes for the same results."""

from __future__ import annotations

import importlib

import pytest

from fastfront.bench import plots
from fastfront.errors import StartupError
from tests.bench.results import result, times

SWEEP = [
    result(name, concurrency=clients, ttft_ms=times(clients * 1.0), tokens_per_s=clients * 100.0)
    for name in ("fastfront", "vllm-rs", "another")
    for clients in (64, 1, 1024)
]


def test_a_sweep_is_drawn_as_png_and_svg(tmp_path):
    """Each picture has a title, a line for each frontend, and a tick for each number of clients."""
    files = plots.draw(SWEEP, tmp_path / "new")
    assert {file.name for file in files} == {
        f"{name}.{kind}" for name in ("ttft", "ttft_p99", "throughput", "cpu_per_token") for kind in ("png", "svg")
    }
    assert (tmp_path / "new/ttft.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "new/ttft.svg").read_bytes()


def test_the_same_results_give_the_same_svg(tmp_path):
    """A committed picture changes only with its figures."""
    plots.draw(SWEEP, tmp_path / "a")
    plots.draw(SWEEP, tmp_path / "b")
    assert (tmp_path / "a/ttft.svg").read_bytes() == (tmp_path / "b/ttft.svg").read_bytes()


def test_single_points_are_no_picture(tmp_path):
    """Without two numbers of clients there is nothing to draw."""
    assert plots.draw([result(), result("vllm-rs")], tmp_path) == []


def test_points_are_ordered_by_clients():
    """Runs may come in any order; an unknown value is no point."""
    lines = plots._lines([*SWEEP[:3], result(concurrency=2, ttft_ms=None)], plots.PLOTS[0])
    assert lines == {"fastfront": [(1, 1.0), (64, 64.0), (1024, 1024.0)]}


def test_without_matplotlib_the_way_is_told(monkeypatch):
    """A missing extra is named with the command that brings it."""

    def refuse(name, *_):
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(StartupError, match=r"pip install 'fastfront\[bench\]'"):
        plots.load_matplotlib()


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    """A file in the way is an error with a reason."""
    (tmp_path / "file").touch()
    with pytest.raises(StartupError, match="cannot write the plots"):
        plots.draw(SWEEP, tmp_path / "file" / "x")
