# SPDX-License-Identifier: Apache-2.0
"""The golden answers of the tool parsers' tests are what the installed vLLM's parsers say today."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_golden_answers_of_tags_are_vllms(tmp_path: Path) -> None:
    """Made again, the answers to the corpus of tags and the types of schemas are the same."""
    made = tmp_path / "tags.json"
    python = Path(os.environ["FASTFRONT_ENGINE_VENV"]) / "bin" / "python"
    subprocess.run(
        [python, "tests/parsers/make_golden_tags.py", made],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=300,
    )
    golden = ROOT / "tests" / "parsers" / "golden" / "tags.json"
    assert json.loads(made.read_text(encoding="utf-8")) == json.loads(golden.read_text(encoding="utf-8"))
