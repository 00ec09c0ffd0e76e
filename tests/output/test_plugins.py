# SPDX-License-Identifier: Apache-2.0
"""Plugins: whose they are, and what happens when they fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastfront.errors import StartupError
from fastfront.output import plugins, python_parsers


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "_imported", {})
    monkeypatch.setattr(python_parsers, "_factories", {})


def test_a_plugin_registers_its_parser(tmp_path: Path) -> None:
    """A file that calls fastfront.register_parser is imported, once, and is none of vLLM's kind."""
    file = tmp_path / "shouting_plugin.py"
    file.write_text('import fastfront\nfastfront.register_parser("shouting", lambda context: None)\n')
    assert plugins.import_plugins([str(file)]) == []
    assert python_parsers.registered_parser("shouting") is not None


def test_a_plugin_that_fails_ends_the_start(tmp_path: Path) -> None:
    """The plugin's own error is in the message."""
    file = tmp_path / "broken_plugin.py"
    file.write_text("raise RuntimeError('no license')\n")
    with pytest.raises(StartupError, match=r"broken_plugin\.py cannot be imported: RuntimeError: no license"):
        plugins.import_plugins([str(file)])


def test_a_plugin_that_is_not_there_ends_the_start() -> None:
    """A wrong path or name is told."""
    for name in ("/no/such/plugin.py", "no_such_plugin_module"):
        with pytest.raises(StartupError, match="cannot be imported"):
            plugins.import_plugins([name])
