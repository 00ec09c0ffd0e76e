# SPDX-License-Identifier: Apache-2.0
"""The engine process is killed under a running stream: everybody is told, and the server does not linger."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import httpx

from tests.real_engine import servers
from tests.real_engine.cases import CHAT, chat
from tests.real_engine.servers import Site

LENGTH = 4000
"""Several seconds of work for the engine."""


def test_engine_is_killed(site: Site, models: dict[str, Path]) -> None:
    """An open stream ends with an error event, and `fastfront serve` exits with an error that names the engine."""
    before = servers.descendants()
    with (
        servers.serve(site, models["bytefallback"], orderly=False) as server,
        httpx.Client(base_url=server.base_url, timeout=30) as client,
    ):
        body = chat("hello", stream=True, max_tokens=LENGTH, ignore_eos=True)
        with client.stream("POST", CHAT, json=body) as response:
            lines = response.iter_lines()
            assert next(lines).startswith("data: ")
            engines = [pid for pid, command in servers.descendants().items() if "EngineCore" in command]
            (engine,) = set(engines) - before.keys()
            os.kill(engine, signal.SIGKILL)
            events = [line.removeprefix("data: ") for line in lines if line]
        assert len(events) < LENGTH, "the engine was done before it could be killed"
        error = json.loads(events[-1] if events[-1] != "[DONE]" else events[-2])["error"]
        assert (error["code"], error["type"]) == (500, "InternalServerError")
        assert server.process.wait(30) == 1
        assert "engine" in server.tail().lower()
        assert servers.survivors(before) == {}
