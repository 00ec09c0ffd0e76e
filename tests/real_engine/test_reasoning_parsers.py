# SPDX-License-Identifier: Apache-2.0
"""The golden answers of the reasoning parsers' tests are what the installed vLLM's parsers say today."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_golden_answers_of_reasoning_are_vllms(tmp_path: Path) -> None:
    """Made again, answers, counts and what prompts leave open are the same; Cohere's need a library of their own."""
    made = tmp_path / "reasoning.json"
    python = Path(os.environ["FASTFRONT_ENGINE_VENV"]) / "bin" / "python"
    subprocess.run(
        [python, "tests/parsers/make_golden_reasoning.py", made],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=300,
    )
    golden = json.loads((ROOT / "tests" / "parsers" / "golden_reasoning.json").read_text(encoding="utf-8"))
    answers = json.loads(made.read_text(encoding="utf-8"))
    assert golden.keys() - answers.keys() <= {"cohere_command3", "cohere_command4"}
    assert answers == {parser: golden[parser] for parser in answers}
