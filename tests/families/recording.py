# SPDX-License-Identifier: Apache-2.0
"""What a server says to every answer of every family, whole and streamed; golden.json is what vLLM's does.

    python -m tests.families.recording VLLM_PYTHON [FILE]

The embedded engine plays the answers' tokens, so there is no model. golden.json has the whole answers. Made with vLLM
0.32.0, oss-harmony 0.0.11 and cohere-melody 0.15.3; without that, cohere's families are left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

import httpx

from tests.families.answers import ANSWERS, Answer
from tests.families.messages import of_stream, of_whole
from tests.families.models import DATE, make_models
from tests.families.table import FAMILIES

GOLDEN = Path(__file__).with_name("golden.json")
SCRIPT = Path(__file__).with_name("vllm_server.py")
STARTS_WITHIN = 120.0
AT_ONCE = 4
"""Requests: a server is to see each token by itself, as far as it goes."""
PACE = ("--ttft-ms", "1", "--token-ms", "2")
SETTINGS = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_CPU_KVCACHE_SPACE": "1",
    "VLLM_DO_NOT_TRACK": "1",
    # The engine that plays tokens holds to no tag.
    "VLLM_ENFORCE_STRICT_TOOL_CALLING": "0",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_SYSTEM_START_DATE": DATE,
}


class Heard(TypedDict):
    """Messages, or what came in their place: an object with `error`."""

    whole: Any
    stream: Any


Recording = dict[str, dict[str, Heard]]
"""By family and answer."""


async def record(urls: dict[str, str]) -> Recording:
    """Ask for every answer of the families that have an address."""
    found: Recording = {family: {} for family in urls}
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(client: httpx.AsyncClient, answer: Answer) -> None:
        async with turn:
            found[answer.family][answer.name] = await _hear(
                client, f"{urls[answer.family]}/v1/chat/completions", answer
            )

    async with httpx.AsyncClient(timeout=60) as client:
        asked = [answer for answers in ANSWERS.values() for answer in answers if answer.family in urls]
        await asyncio.gather(*(one(client, answer) for answer in asked))
    return found


async def _hear(client: httpx.AsyncClient, url: str, answer: Answer) -> Heard:
    headers, body = {"x-family": answer.family}, answer.body()
    whole = await client.post(url, json=body, headers=headers)
    streamed = {"stream": True, "stream_options": {"include_usage": True}}
    stream = await client.post(url, json=body | streamed, headers=headers)
    assert stream.status_code == 200, stream.text
    *lines, end = [line.removeprefix("data: ") for line in stream.text.split("\n\n") if line]
    assert end == "[DONE]"
    events = [json.loads(line) for line in lines]
    return {
        "whole": of_whole(whole.json()) if whole.status_code == httpx.codes.OK else whole.json(),
        "stream": events[-1] if "error" in events[-1] else of_stream(events),
    }


@contextlib.contextmanager
def vllm_server(python: str) -> Iterator[tuple[dict[str, str], dict[str, str]]]:
    """Run vLLM's server and its engines; yields addresses by family, and why it does not have a family."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        log = stack.enter_context((folder / "log").open("wb"))

        def start(*command: str, **environment: str) -> subprocess.Popen[bytes]:
            process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **environment})
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        models = make_models(folder)
        engines = []
        for model in models.values():
            ends = [str(folder / f"{model.name}-{end}") for end in ("in", "out")]
            sockets = ["--input", f"ipc://{ends[0]}", "--output", f"ipc://{ends[1]}"]
            flags = ["--script", str(model / "script.json"), "--model", str(model), *PACE]
            start(sys.executable, "-m", "fastfront.sim", *flags, *sockets)
            engines.append(f"{model}={','.join(ends)}")
        families = {name: (str(models[f.harmony]), f.tools, f.reasoning) for name, f in FAMILIES.items()}
        port, refused = folder / "port", folder / "refused"
        server = start(python, str(SCRIPT), str(port), str(refused), json.dumps(families), *engines, **SETTINGS)
        deadline = time.monotonic() + STARTS_WITHIN
        while not (port.exists() and _answers(f"http://127.0.0.1:{port.read_text()}")):
            failed = server.poll() is not None or time.monotonic() > deadline
            assert not failed, (folder / "log").read_text(errors="replace")
            select.select([], [], [], 0.05)
        missing = json.loads(refused.read_text(encoding="utf-8"))
        url = f"http://127.0.0.1:{port.read_text()}"
        yield {name: url for name in FAMILIES if name not in missing}, missing


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health").status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def main(python: str, path: str = str(GOLDEN)) -> None:
    """Write the file, one answer a line."""
    with vllm_server(python) as (urls, missing):
        found = asyncio.run(record(urls))
    lines = ",\n".join(
        f"{json.dumps(family)}: {{\n"
        + ",\n".join(
            f" {json.dumps(answer.name)}: {json.dumps(found[family][answer.name]['whole'], ensure_ascii=False)}"
            for answer in ANSWERS[FAMILIES[family].harmony]
            if answer.family == family
        )
        + "\n}"
        for family in urls
    )
    Path(path).write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")
    for family, reason in missing.items():
        print(f"left out: {family}: {reason}")


if __name__ == "__main__":
    main(*sys.argv[1:])
