# SPDX-License-Identifier: Apache-2.0
"""The examples do what they say."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from fastfront import config
from fastfront.commands.serve import build_config
from tests.asgi_servers import on_uvicorn
from tests.server.processes import environment, serving_sim

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.mark.e2e
async def test_host_app():
    """The host app serves its own route, its middleware's header, and the model below /llm."""
    spec = importlib.util.spec_from_file_location("host_app", EXAMPLES / "host_app.py")
    host_app = importlib.util.module_from_spec(spec)
    sys.modules["host_app"] = host_app
    try:
        spec.loader.exec_module(host_app)
        async with on_uvicorn(host_app.app) as client:
            status = await client.get("/")
            assert status.json()["ready"] is True
            assert status.json()["up"] >= 0
            payload = json.loads(re.search(r"-d '(.*)'", host_app.__doc__)[1])
            answer = await client.post("/llm/v1/chat/completions", json=payload | {"stream": False})
            assert answer.json()["choices"][0]["message"]["content"]
            assert status.headers["x-service"] == answer.headers["x-service"] == "my-service"
    finally:
        del sys.modules["host_app"]


@pytest.mark.e2e
def test_stream_with_openai_client():
    """OpenAI's client prints a streamed answer and its usage."""
    with serving_sim("--token-ms", "1") as server:
        command = [sys.executable, str(EXAMPLES / "stream_with_openai_client.py"), f"{server.url}/v1", "Hello!"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment())
    assert done.returncode == 0, done.stderr
    answer, usage = done.stdout.rstrip("\n").rsplit("\n", 1)
    assert answer
    assert re.fullmatch(r"\[\d+ tokens in, \d+ out\]", usage)


def test_the_drop_in_page_shows_flags_that_exist():
    """Every `fastfront serve` line of the page is a command line that is understood."""
    page = (EXAMPLES / "vllm_dropin.md").read_text()
    lines = re.findall(r"^fastfront serve (.*)$", page, re.MULTILINE)
    assert len(lines) >= 2
    for line in lines:
        options, _ = build_config(line.split(), {})
        assert options.model == "Qwen/Qwen3-8B"
    for flag in re.findall(r"`--([a-z-]+)`", page):
        assert flag in config.options()
