# SPDX-License-Identifier: Apache-2.0
"""The golden answers of the tool parsers' tests are what the installed vLLM's parsers say today."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def remade(script: str, made: Path, folder: str = "parsers") -> Any:
    """What a script makes of vLLM's parsers now."""
    python = Path(os.environ["FASTFRONT_ENGINE_VENV"]) / "bin" / "python"
    subprocess.run(
        [python, f"tests/{folder}/{script}", made],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=300,
    )
    return json.loads(made.read_text(encoding="utf-8"))


def golden(name: str) -> Any:
    """What is checked in."""
    return json.loads((ROOT / "tests" / "parsers" / "golden" / name).read_text(encoding="utf-8"))


def test_golden_answers_of_tags_are_vllms(tmp_path: Path) -> None:
    """Made again, the answers to the corpus of tags and the types of schemas are the same."""
    assert remade("make_golden_tags.py", tmp_path / "tags.json") == golden("tags.json")


def test_golden_answers_of_json_are_vllms(tmp_path: Path) -> None:
    """Made again, the answers to the corpus of calls that are JSON are the same; cohere's need a package of its own."""
    made = remade("make_golden_json_tools.py", tmp_path / "json_tools.json")
    checked_in = golden("json_tools.json")
    assert len(made) >= len(checked_in) - 2
    assert {name: checked_in[name] for name in made} == made


def test_golden_answers_of_python_calls_are_vllms(tmp_path: Path) -> None:
    """Made again, the answers to the corpus of calls that are Python calls are the same."""
    assert remade("make_golden_list_tools.py", tmp_path / "list_tools.json") == golden("list_tools.json")


def test_golden_answers_by_response_templates_are_vllms(tmp_path: Path) -> None:
    """Made again, the answers that a model's own template reads are the same."""
    made = remade("make_golden_response_templates.py", tmp_path / "response_templates.json")
    assert made == golden("response_templates.json")


def test_registered_names_are_vllms(tmp_path: Path) -> None:
    """The names that have to be native are those of the installed vLLM."""
    assert remade("make_vllm_names.py", tmp_path / "names.json") == golden("names.json")


def test_golden_answers_of_harmony_are_vllms(tmp_path: Path) -> None:
    """Made again, the whole answers of gpt-oss's format are the same."""
    assert remade("make_golden_harmony.py", tmp_path / "harmony.json") == golden("harmony.json")


def test_golden_prompts_of_harmony_are_vllms(tmp_path: Path) -> None:
    """Made again, the token ids of gpt-oss's chats are the same."""
    checked_in = json.loads((ROOT / "tests" / "prompt" / "golden_harmony.json").read_text(encoding="utf-8"))
    assert remade("make_golden_harmony.py", tmp_path / "prompts.json", "prompt") == checked_in


def test_golden_structural_tags_are_vllms(tmp_path: Path) -> None:
    """Made again, what tools and formats say to the engine is the same, by parser, tool_choice and strictness."""
    made = remade("make_golden_structural_tags.py", tmp_path / "structural_tags.json")
    assert made == golden("structural_tags.json")
