# SPDX-License-Identifier: Apache-2.0
"""fastfronts for families: one process with a server for each, every one with its own parsers and embedded engine.

Knows processes and addresses; must not know what is asked.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tests.families.models import DATE
from tests.families.table import Family

HOST = Path(__file__).with_name("host.py")
READY = "Ready after start-up"


def options_of(family: Family, model: Path) -> dict[str, Any]:
    """What `create_app` is told: the flags of a server for the family."""
    names = {"tool_call_parser": family.tools, "reasoning_parser": family.reasoning}
    # Cohere's parsers refuse other architectures' tools, as vLLM's do (vllm_server.py).
    cohere = {"hf_overrides": {"architectures": ["Cohere2ForCausalLM"]}} if "cohere" in f"{family.tools}" else {}
    return {
        "model": str(model),
        "engine": "sim",
        "served_model_name": ["proof"],
        "enable_auto_tool_choice": family.tools is not None,
        "engine_args": ["--script", str(model / "script.json"), "--ttft-ms", "0", "--token-ms", "0"],
        **{option: name for option, name in names.items() if name is not None},
        **cohere,
    }


@contextlib.contextmanager
def fastfronts(
    families: Iterable[Family], models: dict[bool, Path], log: Path, python: str = sys.executable, **environment: str
) -> Iterator[dict[str, str]]:
    """Run them; yields their addresses by family. `python` has fastfront."""
    with contextlib.ExitStack() as stack:
        listeners, servers, urls = [], [], {}
        for family in families:
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            listeners.append(listener.fileno())
            servers.append((listener.fileno(), options_of(family, models[family.harmony])))
            urls[family.name] = f"http://127.0.0.1:{listener.getsockname()[1]}"
        said = stack.enter_context(log.open("wb"))
        process = subprocess.Popen(
            [python, str(HOST), json.dumps(servers)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            pass_fds=listeners,
            env={**os.environ, "VLLM_SYSTEM_START_DATE": DATE, **environment},
        )
        try:
            assert process.stdout is not None
            with process.stdout as first:
                line = first.readline().decode().strip()
            assert line == READY, log.read_text(errors="replace")
            yield urls
        finally:
            process.terminate()
            process.wait()
