# SPDX-License-Identifier: Apache-2.0
"""The shape of the source tree: who may import whom, and where Python.h may not be."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

SRC = Path(__file__).resolve().parent.parent / "src"
PACKAGE = SRC / "fastfront"

LAYERS = [
    {"__main__"},
    {"cli"},
    {"commands"},
    {"bench"},
    {"server"},
    {"__init__"},
    {"mount"},
    {"app"},
    {"routes", "middleware", "foreign_middleware"},
    {"frontend"},
    {"loras"},
    {"prompt", "engine", "output", "telemetry", "pool", "admission"},
    {"protocol", "_native", "structured"},
    {"errors", "config", "option"},
]
"""From the top down. A module imports from layers below its own, or from its own part."""

ASIDE = {"sim": {"engine.types", "errors", "config"}}
"""Stands beside the layers: may import only these."""

EXCEPTIONS = {
    # Token ids become wire types in one place.
    ("prompt", "engine.types"),
    # The table of options is made of what an option is.
    ("config", "option"),
}


def modules():
    for path in sorted(PACKAGE.rglob("*.py")):
        yield path, ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def imports_of(path):
    """Yield the fastfront modules that a file names in imports, at whatever depth and for whatever reason."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module is not None and node.module.split(".")[0] == "fastfront":
            rest = node.module.split(".")[1:]
            if rest:
                yield ".".join(rest)
            for alias in node.names if not rest else ():
                yield alias.name if is_module(alias.name) else "__init__"
        elif isinstance(node, ast.Import):
            yield from (
                alias.name.partition(".")[2] or "__init__"
                for alias in node.names
                if alias.name.split(".")[0] == "fastfront"
            )


def is_module(name):
    return (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").exists()


def layer_of(part):
    return next((number for number, layer in enumerate(LAYERS) if part in layer), None)


def test_every_module_has_a_layer():
    """A new part of the package is placed before it is written."""
    parts = {name.split(".")[0] for _, name in modules()}
    assert {part for part in parts if layer_of(part) is None and part not in ASIDE} == set()


def test_imports_go_down():
    """No module imports from a layer above its own, or beside it."""
    wrong = []
    for path, name in modules():
        part = name.split(".")[0]
        for target in imports_of(path):
            other = target.split(".")[0]
            if other == part or part in ASIDE or allowed(part, target):
                continue
            if other in ASIDE or layer_of(part) >= layer_of(other):
                wrong.append(f"{name} imports {target}")
    assert wrong == []


def allowed(part, target):
    if (part, target) in EXCEPTIONS or (part, target.split(".")[0]) in EXCEPTIONS:
        return True
    # Starting the embedded engine, or serving its model, is above the engine layer; the wire is below it.
    return target.split(".")[0] == "sim" and layer_of(part) <= layer_of("engine")


def test_the_embedded_engine_stands_aside():
    """The embedded engine knows the wire and nothing else of the frontend: the frontend cannot be flattered by it."""
    wrong = []
    for path, name in modules():
        part = name.split(".")[0]
        foreign = [target for target in imports_of(path) if target.split(".")[0] != part]
        wrong += [f"{name} imports {target}" for target in foreign if target not in ASIDE.get(part, {target})]
    assert wrong == []


def test_the_wire_schema_knows_nothing_of_requests_fate():
    """`protocol` imports only errors: it can be used, tested and fuzzed alone."""
    for path, name in modules():
        if name.startswith("protocol."):
            assert {target for target in imports_of(path) if not target.startswith("protocol")} <= {"errors"}, name


def test_only_the_command_line_knows_the_benchmark():
    """Serving never pays for the load generator, and the benchmark knows nothing of what it measures."""
    for path, name in modules():
        targets = {target.split(".")[0] for target in imports_of(path)}
        if name.split(".")[0] not in {"bench", "commands"}:
            assert "bench" not in targets, name
        if name.startswith("bench."):
            assert targets <= {"bench", "_native", "sim", "errors", "config", "__init__"}, name


@pytest.mark.parametrize(("leaf", "imports"), [("errors", []), ("option", []), ("config", ["option"])])
def test_leaves_import_nothing_of_ours(leaf, imports):
    """Anybody may import errors and config, because they import nobody: config only what an option is."""
    assert list(imports_of(PACKAGE / f"{leaf}.py")) == imports


def test_the_core_does_not_know_python():
    """The native core is plain C++: it is built and tested without Python."""
    files = [path for path in (PACKAGE / "_native" / "core").rglob("*") if path.suffix in (".cpp", ".hpp")]
    assert len(files) > 10
    assert [path.name for path in files if "Python.h" in path.read_text()] == []
