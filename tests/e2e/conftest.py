# SPDX-License-Identifier: Apache-2.0
"""fastfront before the embedded engine, one process for each way out: a socket, a real client, a scripted engine."""

from __future__ import annotations

import contextlib
import json
import os
import signal

import httpx
import openai
import pytest
from tokenizers import Tokenizer

from fastfront.sim import MODEL_PATH
from tests.e2e.metrics import read_metrics
from tests.e2e.ways import serving
from tests.server.processes import DEADLINE, wait_until

ANSWERS = {
    "the weather": "It is sunny today. Rain comes tomorrow, and then more rain.",
    "greet in Chinese": "你好，世界！🌍 Grüße.",
}
"""What the engine says to prompts that contain these words."""


def make_script():
    """Return the engine's script: the answers, each ended by the end token, and the ways to fail."""
    tokenizer = Tokenizer.from_file(str(MODEL_PATH / "tokenizer.json"))
    end = tokenizer.token_to_id("<|im_end|>")
    said = [
        {"match": match, "tokens": [*tokenizer.encode(text, add_special_tokens=False).ids, end]}
        for match, text in ANSWERS.items()
    ]
    return {
        "sequences": [
            *said,
            {"match": "say nothing ever", "chunks": [[]], "finish": None},
            {"match": "fail at once", "chunks": [[]], "finish": "error"},
            {"match": "fail later", "text": "So far so good", "finish": "error"},
            {"match": "repeat yourself", "text": "again again again", "finish": "repetition"},
        ]
    }


class SimEngine:
    """The embedded engine behind the server: what it counts, asked for by a signal."""

    def __init__(self, pid, report):
        self.pid = pid
        self._report = report

    def report(self):
        """Return the engine's own counts: requests, running, waiting, aborted, generated_tokens."""
        self._report.unlink(missing_ok=True)
        os.kill(self.pid, signal.SIGUSR1)
        wait_until(self._report.exists, "the engine's report")
        return json.loads(self._report.read_bytes())

    def wait_for(self, **counts):
        """Wait until the engine counts so much."""
        return wait_until(
            lambda: all(self.report()[name] == value for name, value in counts.items()), f"an engine with {counts}"
        )


@pytest.fixture(scope="session")
def serve(tmp_path_factory, certificate):
    """Return a function that gives the server of a way out; it is started once and runs for the session."""
    folder = tmp_path_factory.mktemp("e2e")
    script = folder / "script.json"
    script.write_text(json.dumps(make_script()))
    started = {}
    with contextlib.ExitStack() as stack:

        def server_of(way):
            if way not in started:
                report = folder / f"{way}.json"
                engine = ("--script", str(script), "--report", str(report), "--ttft-ms", "1", "--token-ms", "1")
                started[way] = stack.enter_context(serving(way, engine, certificate))
                started[way].report_path = report
            return started[way]

        yield server_of


@pytest.fixture(scope="session")
def way(request):
    """The way out that the test goes: the Socket sink unless `every_way` says otherwise."""
    return getattr(request, "param", "socket")


@pytest.fixture
def fastfront_server(serve, way):
    """Return the running server."""
    return serve(way)


@pytest.fixture
def url(fastfront_server):
    """Return the server's address."""
    return fastfront_server.url


@pytest.fixture
def client_options(fastfront_server):
    """Return what httpx has to be told to reach the server: its certificate, and HTTP/2 where it speaks that."""
    return fastfront_server.client_options


@pytest.fixture
def engine(fastfront_server):
    """Return the engine, idle before the test and after it."""
    sim = SimEngine(fastfront_server.child("fastfront.sim"), fastfront_server.report_path)
    sim.wait_for(running=0, waiting=0)
    yield sim
    sim.wait_for(running=0, waiting=0)


@pytest.fixture
def http(url, client_options):
    """Return a plain HTTP client of the server."""
    with httpx.Client(base_url=url, timeout=DEADLINE, **client_options) as client:
        yield client


@pytest.fixture
def client(url, http):
    """Return OpenAI's own client, as users have it, without retries."""
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=DEADLINE, http_client=http) as made:
        yield made


@pytest.fixture
def metrics(http):
    """Return a function that reads /metrics as numbers by name and labels."""
    return lambda: read_metrics(http.get("/metrics").text)
