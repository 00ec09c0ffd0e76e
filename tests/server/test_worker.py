# SPDX-License-Identifier: Apache-2.0
"""`fastfront frontend`, started as vLLM's supervisor starts it: inherited sockets, engines of somebody else's."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys

import httpx
import pytest

from fastfront.sim import MODEL_PATH
from tests.server.processes import chat, environment, health, running, streaming

pytestmark = pytest.mark.e2e


def unix_listener(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(16)
    return listener


@contextlib.contextmanager
def worker(tmp_path, *, listening=False, settings=None, sim_flags=(), **env):
    """Run a worker and, beside it, the embedded engine that it serves. Yields (server, engine's process)."""
    inputs, outputs = tmp_path / "input", tmp_path / "output"
    engine_command = [
        sys.executable,
        "-m",
        "fastfront.sim",
        "--input",
        f"ipc://{inputs}",
        "--output",
        f"ipc://{outputs}",
    ]
    with socket.socket() as http, unix_listener(inputs) as ins, unix_listener(outputs) as outs:
        http.bind(("127.0.0.1", 0))
        if listening:
            http.listen(16)
        arguments = {"model_tag": str(MODEL_PATH), "served_model_name": ["tiny"], "gpu_memory_utilization": 0.5}
        command = ["frontend", "--listen-fd", str(http.fileno()), "--input-listener-fd", str(ins.fileno())]
        command += ["--output-listener-fd", str(outs.fileno()), "--engine-start-index", "0", "--engine-count", "1"]
        command += ["--data-parallel-size", "1", "--args-json", json.dumps(arguments | (settings or {}))]
        url = f"http://127.0.0.1:{http.getsockname()[1]}"
        fds = [http.fileno(), ins.fileno(), outs.fileno()]
        engine = subprocess.Popen([*engine_command, *sim_flags], env=environment(), stdin=subprocess.DEVNULL)
        try:
            with running(command, pass_fds=fds, url=url, **env) as server:
                yield server, engine
        finally:
            engine.kill()
            engine.wait()


@pytest.mark.parametrize("listening", [False, True])
def test_serves_engines_over_inherited_sockets(tmp_path, listening):
    """With vLLM's command line the worker serves the supervisor's engines, on a socket bound or listening."""
    with worker(tmp_path, listening=listening) as (server, _):
        assert health(server.url) == 200
        assert httpx.get(f"{server.url}/v1/models").json()["data"][0]["id"] == "tiny"
        answer = httpx.post(f"{server.url}/v1/chat/completions", json=chat(model="tiny"), timeout=30)
        assert answer.status_code == 200
        assert answer.json()["choices"][0]["message"]["content"]


def test_foreign_arguments_are_named(tmp_path):
    """Arguments that concern the engine alone are named in one line of the log."""
    with worker(tmp_path) as (server, _):
        assert "gpu_memory_utilization" in server.log.wait_for("Arguments for the engine alone")


def test_api_key_from_args_json(tmp_path):
    """The key that `vllm serve --api-key` was given guards the worker's API, and stands in no line of its log."""
    with worker(tmp_path, settings={"api_key": ["secret-key"]}) as (server, _):
        assert httpx.get(f"{server.url}/v1/models").status_code == 401
        headers = {"authorization": "Bearer secret-key"}
        assert httpx.get(f"{server.url}/v1/models", headers=headers).status_code == 200
        assert "secret-key" not in str(server.log)


def test_sigterm_drains_as_long_as_the_supervisor_waits(tmp_path):
    """The supervisor's SIGTERM lets running requests finish within --shutdown-timeout, less what it takes to end."""
    flags = ("--token-ms", "20")
    env = {"VLLM_USE_RUST_FRONTEND": "1"}
    with (
        worker(tmp_path, settings={"shutdown_timeout": 20}, sim_flags=flags, **env) as (server, _),
        streaming(server.url, max_tokens=40) as events,
    ):
        next(events)
        server.terminate()
        server.log.wait_for("waiting up to 19 s")
        assert list(events)[-1] == "[DONE]"
        assert server.wait() == 0


def test_the_end_of_the_engine_is_the_workers(tmp_path):
    """When the supervisor's engine is killed, the worker tells its streams and ends with a status that says so."""
    with worker(tmp_path, sim_flags=("--token-ms", "20")) as (server, engine):
        with streaming(server.url, max_tokens=1000) as events:
            next(events)
            engine.send_signal(signal.SIGKILL)
            *_, error, done = events
            assert json.loads(error)["error"]["code"] == 500
            assert done == "[DONE]"
        assert server.wait() == 1
        assert "The engine has died" in str(server.log)
