# SPDX-License-Identifier: Apache-2.0
"""benchmarks/: each of them runs, and what it compares is the same work. Nothing is timed here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.server.processes import environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_every_benchmark_runs_once():
    """They import, and each passes its own comparison with the plain version; only vLLM's own may be skipped."""
    command = [sys.executable, "-m", "pytest", "-c", "benchmarks/pytest.ini", "benchmarks", "--benchmark-disable", "-q"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=110, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    files = {path.stem for path in (ROOT / "benchmarks").glob("bench_*.py")}
    assert files == {"bench_detokenizer", "bench_engine_outputs", "bench_requests", "bench_sse"}
    skipped = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert all("vLLM is not installed" in line for line in skipped)
