# SPDX-License-Identifier: Apache-2.0
"""The examples do what they say."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from fastfront import config
from fastfront.commands.serve import build_config
from fastfront.output import plugins, python_parsers
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


ANSWER = """Thought: I have to look.
Action: get_weather {"city": "Bern"}
Action: now
I looked
it up."""


def pieces_of(pushes):
    """What the example plugin's parser makes of an answer, neighbours of one kind put together."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(python_parsers, "_factories", {})
        patch.setattr(plugins, "_imported", {})
        assert plugins.import_plugins([str(EXAMPLES / "parser_plugin.py")]) == []
        parser = python_parsers.registered_parser("react")(None)
    pieces = [*(piece for text in pushes for piece in parser.push(text, [])), *parser.finish()]
    merged = []
    for piece in pieces:
        if merged and piece[0] == merged[-1][0] and piece[0] in ("reasoning", "content"):
            merged[-1] = (piece[0], merged[-1][1] + piece[1])
        else:
            merged.append(piece)
    return merged


def test_parser_plugin():
    """Thoughts are reasoning, actions are calls, the rest is content, however the answer comes."""
    assert pieces_of([ANSWER]) == [
        ("reasoning", "I have to look.\n"),
        ("call", 0, "get_weather", ""),
        ("arguments", 0, '{"city": "Bern"}'),
        ("call", 1, "now", ""),
        ("arguments", 1, "{}"),
        ("content", "I looked\nit up."),
    ]
    for size in range(1, 9):
        assert pieces_of([ANSWER[i : i + size] for i in range(0, len(ANSWER), size)]) == pieces_of([ANSWER])


@pytest.mark.e2e
def test_parser_plugin_serves(tmp_path):
    """The flags in its docstring are understood, and its parser reads a model's answers."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps({"sequences": [{"match": "", "text": f"{ANSWER}<|im_end|>"}]}))
    plugin = EXAMPLES / "parser_plugin.py"
    spoken = importlib.util.spec_from_file_location("spoken", plugin).loader.get_source("spoken")
    flags = re.search(r"serve MODEL (.*?)\n\n", spoken, re.DOTALL)[1].replace("\\", "").split()
    flags = [str(plugin) if flag.endswith(".py") else flag for flag in flags]
    body = {
        "messages": [{"role": "user", "content": "Hello"}],
        "tools": [{"type": "function", "function": {"name": "get_weather"}}],
    }
    with serving_sim("--script", str(script), "--token-ms", "1", *flags) as server:
        answer = httpx.post(f"{server.url}/v1/chat/completions", json=body, timeout=60).json()
    message = answer["choices"][0]["message"]
    assert message["reasoning"] == "I have to look.\n"
    assert message["content"] == "I looked\nit up."
    assert [call["function"]["name"] for call in message["tool_calls"]] == ["get_weather", "now"]


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
