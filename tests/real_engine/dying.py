# SPDX-License-Identifier: Apache-2.0
"""A server whose engine is killed while it works: what its clients are told.

Knows processes and requests; compares nothing.
"""

from __future__ import annotations

import os
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx

from tests.real_engine import servers
from tests.real_engine.asking import Answer, ask
from tests.real_engine.cases import CHAT, COMPLETIONS, chat, completion
from tests.real_engine.servers import Server

LENGTH = 4000
"""Several seconds of work for the engine."""
ENDLESS = {"max_tokens": LENGTH, "ignore_eos": True}


@dataclass(frozen=True)
class LastWords:
    """What was said when the engine was gone."""

    stream: list[str]
    """The data of the events that a chat's stream ends with, from the first error on; [] = it went on to its end."""
    whole: Answer
    """Of a completion."""


def kill_engine(server: Server, client: httpx.Client) -> LastWords:
    """Kill the engine under a stream and a whole answer, and wait for their ends."""
    with (
        ThreadPoolExecutor(1) as pool,
        client.stream("POST", CHAT, json=chat("hello", stream=True, **ENDLESS)) as opened,
    ):
        lines = opened.iter_lines()
        assert next(lines).startswith("data: ")
        whole = pool.submit(ask, client, COMPLETIONS, completion("hello", **ENDLESS))
        while running(client) < 2:
            assert not whole.done()
            next(lines)
        (engine,) = [pid for pid, line in servers.descendants(server.process.pid).items() if "EngineCore" in line]
        os.kill(engine, signal.SIGKILL)
        events = [line.removeprefix("data: ") for line in lines if line]
        answer = whole.result()
    errors = [number for number, event in enumerate(events) if event.startswith('{"error"')]
    return LastWords(events[errors[0] :] if errors else [], answer)


def running(client: httpx.Client) -> float:
    """Return how many requests the engine works on, as far as it has told."""
    page = client.get("/metrics").text
    values: list[Any] = re.findall(r"^vllm:num_requests_running(?:{[^}]*})? (\S+)$", page, re.MULTILINE)
    return sum(map(float, values))
