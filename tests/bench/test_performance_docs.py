# SPDX-License-Identifier: Apache-2.0
"""tools/performance_docs.py: every measured part of docs/performance.md comes from files, and the rest stays."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from fastfront.bench.report import save
from tests.bench.results import report, result, times

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "performance.md"


def micro(name, median, param=None):
    return {"group": "parts", "name": name, "param": param, "stats": {"median": median}}


def test_tables_and_plots_are_written_between_the_markers(tmp_path):
    """One run with all files fills the page; a second changes nothing."""
    page = tmp_path / "performance.md"
    page.write_text(PAGE.read_text(encoding="utf-8"), encoding="utf-8")
    save(report(result(), result("vllm-rs", cpu_us_per_token=20.0)), tmp_path / "compare.json")
    sweep = [
        result(name, concurrency=clients, cpu_us_per_token=cpu, ttft_ms=times(1.0))
        for name, cpu in (("fastfront", 9.0), ("floor", 7.5))
        for clients in (64, 1024)
    ]
    save(report(*sweep), tmp_path / "sweep.json")
    parts = [micro("bench_fastfront", 1e-6), micro("bench_plain_python", 3e-6), micro("bench_fastfront[9]", 5e-6, "9")]
    (tmp_path / "micro.json").write_text(json.dumps({"benchmarks": parts}))
    command = [sys.executable, str(ROOT / "tools/performance_docs.py"), "--page", str(page)]
    for name in ("compare", "sweep", "micro"):
        command += [f"--{name}", str(tmp_path / f"{name}.json")]
    subprocess.run(command, check=True, timeout=60)
    text = page.read_text(encoding="utf-8")
    assert "| stream64 | 64 | fastfront | 10.00 | 0.50 |" in text
    assert "| 1,024 | 7.50 | 9.00 | 1.50 | - | - |" in text
    assert "| parts | plain python | 3.0 | 3.0 |" in text
    assert "| parts (9) | fastfront | 5.0 | 1.0 |" in text
    assert (tmp_path / "plots" / "ttft.svg").exists()
    subprocess.run(command, check=True, timeout=60)
    assert page.read_text(encoding="utf-8") == text
    outside = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    assert [line for line in text.splitlines() if line.startswith("#")] == outside
