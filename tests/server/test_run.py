# SPDX-License-Identifier: Apache-2.0
"""The life of the process: it listens early, says when it is ready, drains, and ends with the right status."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import ssl

import httpx
import pytest

from fastfront.sim import MODEL_PATH
from tests.server.processes import (
    chat,
    children,
    health,
    is_alive,
    running,
    serving_sim,
    streaming,
    wait_until,
)

pytestmark = pytest.mark.e2e


def test_answers_503_until_ready():
    """The port is open while the engine loads, and /health tells the truth all the time."""
    with serving_sim("--ready-delay-s", "1", ready=False) as server:
        first = wait_until(lambda: health(server.url), "an answer")
        assert first == 503
        refused = httpx.post(f"{server.url}/v1/chat/completions", json=chat(), timeout=5)
        assert refused.status_code == 503
        assert refused.json()["error"]["type"] == "ServiceUnavailableError"
        server.wait_ready()
        assert health(server.url) == 200


def test_port_zero_is_shown_and_the_curl_line_works():
    """The log says where the server is and how to ask it something; the address in it answers."""
    with running(["serve", "--sim", "--host", "127.0.0.1", "--port", "0"]) as server:
        matched = re.search(r"(http://127\.0\.0\.1:\d+) serves (\S+)", server.log.wait_for("serves"))
        assert matched is not None
        example = server.log.wait_for("Try: curl -N")
        assert f"{matched[1]}/v1/chat/completions" in example
        payload = json.loads(example.split("-d '")[1].rstrip("'"))
        answer = httpx.post(f"{matched[1]}/v1/chat/completions", json=payload | {"stream": False}, timeout=30)
        assert answer.status_code == 200
        assert answer.json()["model"] == matched[2]


def test_unix_socket(tmp_path):
    """--uds serves on a path, and says so."""
    path = str(tmp_path / "s")
    with running(["serve", "--sim", "--uds", path]) as server:
        assert f"unix:{path}" in server.log.wait_for("serves")
        with httpx.Client(transport=httpx.HTTPTransport(uds=path)) as client:
            assert client.get("http://localhost/health").status_code == 200


def test_tls(certificate):
    """With a key and a certificate the server speaks HTTPS, streams included."""
    key, cert = certificate
    with serving_sim("--ssl-keyfile", key, "--ssl-certfile", cert) as server:
        url = server.url.replace("http://", "https://")
        assert url in server.log.wait_for("serves")
        with httpx.Client(verify=ssl.create_default_context(cafile=cert)) as client:
            assert client.get(f"{url}/health").status_code == 200
            body = chat(stream=True)
            with client.stream("POST", f"{url}/v1/chat/completions", json=body, timeout=30) as response:
                *_, last = [line for line in response.iter_lines() if line]
            assert last == "data: [DONE]"


def test_root_path():
    """Behind a proxy that keeps the prefix, --root-path makes the routes found with it and without."""
    with serving_sim("--root-path", "/llm") as server:
        assert httpx.get(f"{server.url}/llm/v1/models").status_code == 200
        assert httpx.get(f"{server.url}/v1/models").status_code == 200


def test_a_large_head_is_refused():
    """Request line and headers above the limit end in a 4xx, not in memory."""
    with serving_sim("--h11-max-incomplete-event-size", "2000") as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as client:
            client.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 5000)
            assert client.recv(100).startswith(b"HTTP/1.1 431")
        assert health(server.url) == 200


def test_idle_connections_are_closed():
    """A connection that stays idle longer than --http-timeout-keep-alive is closed by the server."""
    with serving_sim("--http-timeout-keep-alive", "0.2") as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as client:
            client.sendall(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 200")
            assert client.recv(1000) == b""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server(number):
    """With nothing to finish, the first signal ends the process with status 0, and the engine with it."""
    with serving_sim() as server:
        engine = server.child("fastfront.sim")
        server.process.send_signal(number)
        assert server.wait() == 0
        assert not is_alive(engine)


def test_a_signal_while_loading_ends_the_server():
    """Nobody has to wait for an engine that is no longer wanted."""
    with serving_sim("--ready-delay-s", "60", ready=False) as server:
        wait_until(lambda: children(server.process.pid), "the engine's process")
        assert health(server.url) == 503
        server.terminate()
        assert server.wait() == 0
        assert children(server.process.pid) == {}


def test_sigterm_lets_streams_finish():
    """After SIGTERM /health answers 503 and new requests are refused, while a running stream goes on to its end."""
    with serving_sim("--token-ms", "20", "--ttft-ms", "0") as server, streaming(server.url, max_tokens=40) as events:
        next(events)
        server.terminate()
        server.log.wait_for("waiting up to 30 s for 1 running request")
        assert health(server.url) == 503
        assert httpx.post(f"{server.url}/v1/chat/completions", json=chat(), timeout=5).status_code == 503
        *_, finish, done = events
        assert json.loads(finish)["choices"][0]["finish_reason"] == "length"
        assert done == "[DONE]"
        assert server.wait() == 0


def test_shutdown_timeout_cuts_off():
    """A request that outlives --shutdown-timeout is told, and the status is still 0: it was asked for."""
    with (
        serving_sim("--token-ms", "100", "--shutdown-timeout", "0.3") as server,
        streaming(server.url, max_tokens=1000) as events,
    ):
        next(events)
        server.terminate()
        *_, error, done = events
        assert json.loads(error)["error"]["code"] == 503
        assert done == "[DONE]"
        assert server.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_at_once(number):
    """Whoever asks twice does not want to wait: the process ends, and its engine does not stay behind."""
    with serving_sim("--token-ms", "100") as server, streaming(server.url, max_tokens=1000) as events:
        next(events)
        engine = server.child("fastfront.sim")
        server.terminate()
        server.log.wait_for("waiting up to 30 s")
        server.process.send_signal(number)
        assert server.wait(10) == 128 + number
        wait_until(lambda: not is_alive(engine), "the end of the engine")


def test_a_reader_that_stalls_does_not_hold_up_the_end():
    """A client that stopped reading its stream cannot keep the process alive past the drain."""
    with serving_sim("--token-ms", "0", "--shutdown-timeout", "0.5") as server:
        host, port = server.url.removeprefix("http://").split(":")
        body = json.dumps(chat(stream=True, max_tokens=2000, ignore_eos=True)).encode()
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((host, int(port)))
            client.sendall(
                b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
                + f"content-length: {len(body)}\r\n\r\n".encode()
                + body
            )
            assert client.recv(100).startswith(b"HTTP/1.1 200")
            server.terminate()
            assert server.wait(15) == 0


def test_engine_death_ends_the_streams_and_the_process():
    """When the engine is killed, open streams end with an error event; the process says why and ends with status 1."""
    with serving_sim("--token-ms", "20") as server, streaming(server.url, max_tokens=1000) as events:
        next(events)
        engine = server.child("fastfront.sim")
        wait_until(lambda: health(server.url) == 200, "readiness")
        os.kill(engine, signal.SIGKILL)
        *_, error, done = events
        assert json.loads(error)["error"]["code"] == 500
        assert done == "[DONE]"
        assert server.wait() == 1
        assert "The engine has died" in str(server.log)


def test_engine_death_may_be_survived():
    """With VLLM_KEEP_ALIVE_ON_ENGINE_DEATH the process stays, says that it is not healthy, and ends when told."""
    with serving_sim(VLLM_KEEP_ALIVE_ON_ENGINE_DEATH="1") as server:
        os.kill(server.child("fastfront.sim"), signal.SIGKILL)
        server.log.wait_for("Staying up without an engine")
        assert health(server.url) == 503
        server.terminate()
        assert server.wait() == 0


def test_an_engine_that_dies_while_loading_is_a_failed_start():
    """An engine that ends before it was ready ends the server with status 1 and the reason."""
    with serving_sim("--ready-delay-s", "60", ready=False) as server:
        engine = wait_until(lambda: list(children(server.process.pid)), "the engine's process")[0]
        os.kill(engine, signal.SIGKILL)
        assert server.wait() == 1
        assert "Cannot start" in str(server.log)


def test_engines_that_come_by_themselves():
    """With --engine tcp://HOST:PORT the server waits there for as many headless engines as it was told of."""
    address = f"tcp://127.0.0.1:{unused_port()}"
    command = ["serve", str(MODEL_PATH), "--host", "127.0.0.1", "--port", "0", "--engine", address]
    engine = ["sim", "--handshake", address, "--data-parallel-size", "2", "--rank"]
    with (
        running([*engine, "0"], ready=False) as first,
        running([*command, "--data-parallel-size", "2"], ready=False) as server,
        running([*engine, "1"], ready=False),
    ):
        url = re.search(r"(http://\S+) serves", server.log.wait_for("serves"))[1]
        assert httpx.post(f"{url}/v1/chat/completions", json=chat(), timeout=30).status_code == 200
        first.process.kill()
        assert server.wait() == 1
        assert "The engine has died" in str(server.log)


def test_an_engine_that_never_comes_is_a_failed_start():
    """--engine-ready-timeout bounds the wait for engines that come by themselves."""
    address = f"tcp://127.0.0.1:{unused_port()}"
    arguments = ["serve", str(MODEL_PATH), "--host", "127.0.0.1", "--port", "0", "--engine", address]
    with running([*arguments, "--engine-ready-timeout", "0.5"], ready=False) as server:
        assert server.wait() == 1
        assert "Cannot start" in str(server.log)


def unused_port() -> int:
    """Return a port for an address that must be known before it is bound; the kernel is slow to give it again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
