# SPDX-License-Identifier: Apache-2.0
"""A parser that only vLLM has, in fastfront's own process: `hf`, on scripted answers of the embedded engine.

fastfront runs on the engine environment's Python here, as where both are installed together.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from fastfront.sim import MODEL_PATH
from tests.parity.comparing import folded
from tests.real_engine import servers
from tests.real_engine.asking import Answer, ask
from tests.real_engine.cases import CHAT, chat
from tests.real_engine.servers import MODEL_NAME, Site

TEMPLATE = {
    "start_anchor": "<|im_start|>assistant\n",
    "fields": {
        "thinking": {"open": "<think>", "close": "</think>"},
        "content": {},
        # Its marks are special tokens, which a text does not show unless the parser asks for it.
        "tool_calls": {
            "open": "<|im_start|>call ",
            "close": "<|im_start|>done",
            "repeats": True,
            "content": "json",
            "transform": {"function": {"name": "{content.name}", "arguments": "{content.arguments}"}},
        },
    },
}
"""What a checkpoint says of its own answers, and `hf` goes by."""
CALL = '<|im_start|>call {"name": "weather", "arguments": {"city": "京都"}}<|im_start|>done'
ANSWERS = {
    "plain": "It rains.",
    "thinking": "<think>Let me see.</think>It rains.",
    "call": f"<think>Let me look.</think>Wait.{CALL}",
    "two": f"{CALL}{CALL}",
}
EXPECTED: dict[str, tuple[str | None, str | None, int, str]] = {
    "plain": (None, "It rains.", 0, "stop"),
    "thinking": ("Let me see.", "It rains.", 0, "stop"),
    "call": ("Let me look.", "Wait.", 1, "tool_calls"),
    "two": (None, None, 2, "tool_calls"),
}
"""By answer: reasoning, content, how many calls, finish_reason."""
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
FLAGS = ("--reasoning-parser", "hf", "--tool-call-parser", "hf", "--enable-auto-tool-choice")


@pytest.fixture(scope="module")
def client(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("hf")
    model = folder / "model"
    shutil.copytree(MODEL_PATH, model)
    config = json.loads((model / "tokenizer_config.json").read_text(encoding="utf-8"))
    (model / "tokenizer_config.json").write_text(json.dumps({**config, "response_template": TEMPLATE}))
    script = folder / "script.json"
    sequences = [
        {"match": f"say {name}", "text": f"{text}<|im_end|>", "finish": "stop"} for name, text in ANSWERS.items()
    ]
    script.write_text(json.dumps({"sequences": sequences}))
    port = servers.free_port()
    python = site.engine_venv / "bin" / "python"
    command = [str(python), "-m", "fastfront", "serve", "--sim", "--model", str(model), "--script", str(script)]
    command += ["--served-model-name", MODEL_NAME, "--port", str(port), "--ttft-ms", "1", "--token-ms", "1", *FLAGS]
    environment = site.environment(PYTHONPATH=str(beside(site, folder)))
    with (
        servers.run(site, "vllm-parsers", command, port, environment) as server,
        httpx.Client(base_url=server.base_url, timeout=60) as opened,
    ):
        yield opened


def beside(site: Site, folder: Path) -> Path:
    """Return a directory for PYTHONPATH that adds fastfront's packages behind the engine environment's own."""
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run(
        [site.fastfront.parent / "python", "-c", where], capture_output=True, text=True, check=True
    ).stdout.strip()
    (folder / "sitecustomize.py").write_text(f"import site\nsite.addsitedir({packages!r})\n")
    return folder


def body(name: str, **extra: Any) -> dict[str, Any]:
    return {**chat(f"say {name}", tools=[TOOL], **extra), "max_tokens": 200}


def message_of(answer: Answer) -> tuple[dict[str, Any], str]:
    """Return the message and the finish_reason; a stream's deltas are added up."""
    assert answer.status == 200, answer.body
    if not answer.events:
        choice = answer.body["choices"][0]
        return choice["message"], choice["finish_reason"]
    sums = next(each for each in folded(answer.events) if isinstance(each, dict) and "last" in each)
    calls = [{"function": call} for call in sums["delta"].get("tool_calls", {}).values()]
    return {**sums["delta"], "tool_calls": calls}, sums["last"]["choices"][0]["finish_reason"]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("name", ANSWERS)
def test_vllms_parser_reads_the_answer(client: httpx.Client, name: str, *, stream: bool) -> None:
    """Reasoning, content and calls are apart, streamed and whole."""
    message, finish_reason = message_of(ask(client, CHAT, body(name, stream=stream)))
    reasoning, content, calls, finish = EXPECTED[name]
    assert (message.get("reasoning"), message.get("content") or None, finish_reason) == (reasoning, content, finish)
    found = [(call["function"]["name"], call["function"]["arguments"]) for call in message.get("tool_calls") or ()]
    assert found == [("weather", '{"city": "京都"}')] * calls


@pytest.mark.parametrize("extra", [{"tool_choice": "required"}, {"parallel_tool_calls": False}])
def test_what_the_parser_cannot_do_is_refused(client: httpx.Client, extra: dict[str, Any]) -> None:
    """vLLM's 400 names the field."""
    answer = ask(client, CHAT, body("call", **extra))
    assert answer.status == 400
    assert answer.body["error"]["param"] in extra
    assert "response_template parsing cannot guarantee" in answer.body["error"]["message"]
