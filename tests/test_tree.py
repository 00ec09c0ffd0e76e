# SPDX-License-Identifier: Apache-2.0
"""House rules that no linter knows: the licence line, the charter, the size of files, nothing said in two places."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import fastfront

ROOT = Path(__file__).parents[1]
LICENCE = "SPDX-License-Identifier: Apache-2.0"
LONGEST = 400
SOURCES = sorted(
    path
    for folder in ("src", "tests", "fuzz", "benchmarks", "examples", "tools", "cmake")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".pyi", ".pyx", ".pxd", ".cpp", ".hpp", ".cmake"} and "__pycache__" not in path.parts
)
MODULES = [path for path in SOURCES if path.suffix == ".py" and path.is_relative_to(ROOT / "src")]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_there_are_sources() -> None:
    """The lists below are not empty because a folder was renamed."""
    assert len(SOURCES) > 50
    assert len(MODULES) > 20


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_first_line_is_the_licence(path: Path) -> None:
    """Every source file opens with its SPDX line."""
    first = path.read_text(encoding="utf-8").partition("\n")[0]
    assert first in {f"# {LICENCE}", f"// {LICENCE}"}


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_file_is_short(path: Path) -> None:
    """No source file is longer than a reader can hold in mind."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_module_has_a_charter(path: Path) -> None:
    """Every module says what it is for."""
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_every_extension_has_a_stub() -> None:
    """Signatures and docstrings of a compiled module are in its .pyi."""
    native = ROOT / "src/fastfront/_native"
    extensions = sorted(path.stem for path in native.glob("*.pyx"))
    assert extensions
    assert [stem for stem in extensions if not (native / f"{stem}.pyi").exists()] == []


def test_changelog_knows_the_version() -> None:
    """The version that the package carries has its section in CHANGELOG.md."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[({re.escape(fastfront.__version__)}|Unreleased)\]", changelog, re.MULTILINE)


def test_configuration_page_is_of_this_tree() -> None:
    """docs/configuration.md lists the options that Config has: `python tools/configuration_docs.py` writes it."""
    made = subprocess.run(
        [sys.executable, ROOT / "tools/configuration_docs.py", "--print"], capture_output=True, text=True, check=True
    )
    assert made.stdout == (ROOT / "docs/configuration.md").read_text(encoding="utf-8")


def test_build_extra_covers_the_build_requirements() -> None:
    """`make develop` builds with what pip would build with: the extra `build` lists build-system.requires."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    required = requirements(text, r"\[build-system\]\nrequires = (\[[^\]]*\])")
    extra = requirements(text, r"^build = (\[[^\]]*\])")
    assert required <= extra


def requirements(text: str, pattern: str) -> set[str]:
    found = re.search(pattern, text, re.MULTILINE)
    assert found is not None
    return set(ast.literal_eval(found[1]))
