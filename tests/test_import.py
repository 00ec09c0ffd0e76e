# SPDX-License-Identifier: Apache-2.0
"""`import fastfront` is light, and its names come when they are used."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import fastfront
from tests.server.processes import environment

NEVER = ("torch", "transformers", "vllm")
"""What the frontend's process never loads, whatever it does."""

HEAVY = (
    "fastapi",
    "fastfront._native",
    "huggingface_hub",
    "hypercorn",
    "jinja2",
    "msgspec",
    "numpy",
    "prometheus_client",
)
LOOPS = ("asyncio", "logging", "tokenizers", "uvloop", "zmq")


def loaded_by(statement):
    """Return the modules that a fresh interpreter has loaded after the statement, beyond those it starts with."""
    script = (
        f"import json, sys; before = set(sys.modules); {statement};print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True, env=environment())
    return set(json.loads(done.stdout))


def test_import_loads_nothing_heavy():
    """A host that imports fastfront pays for it when it mounts, not before."""
    loaded = loaded_by("import fastfront")
    assert loaded.isdisjoint({*NEVER, *HEAVY, *LOOPS})


def test_serving_never_loads_the_engines_packages():
    """All of the frontend, loaded: neither torch nor transformers nor vllm is among it."""
    loaded = loaded_by("import fastfront.app, fastfront.server, fastfront.cli")
    assert {"hypercorn", "msgspec", "tokenizers"} <= loaded
    assert loaded.isdisjoint(NEVER)


def test_serving_never_loads_the_benchmark():
    """The load generator costs a server nothing."""
    loaded = loaded_by("import fastfront.app, fastfront.server, fastfront.cli, fastfront.commands.serve")
    assert not {name for name in loaded if name.startswith(("fastfront.bench", "fastfront._native.load", "matplotlib"))}


def test_mount_is_a_function_however_it_is_reached():
    """The function and its module have one name; the function is what `fastfront.mount` means, always."""
    script = (
        "import fastfront, fastfront.app; from fastfront.mount import create_app;"
        "assert callable(fastfront.mount) and fastfront.create_app is create_app;"
        "import fastfront.mount; assert callable(fastfront.mount)"
    )
    subprocess.run([sys.executable, "-c", script], timeout=60, check=True, env=environment())


def test_public_names():
    """The public names are few, all there, and listed."""
    assert fastfront.__all__ == ["Config", "Frontend", "__version__", "create_app", "mount", "register_parser"]
    for name in fastfront.__all__:
        assert getattr(fastfront, name) is not None
        assert name in dir(fastfront)


def test_no_other_names():
    """A name that does not exist raises what Python raises, so that hasattr works."""
    with pytest.raises(AttributeError, match="'fastfront' has no attribute 'nothing'"):
        _ = fastfront.nothing
