# SPDX-License-Identifier: Apache-2.0
"""Asking a server before the load: addresses, model, how it counts tokens, and what it says when it can't."""

from __future__ import annotations

import http.server
import json
import threading

import pytest

from fastfront.bench import probe
from fastfront.errors import StartupError


class Handler(http.server.BaseHTTPRequestHandler):
    """A server whose prompts have 3 tokens a word and 7 around them. `/broken` before a path breaks it."""

    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers.items())))
        if self.path == "/health":
            self._answer(200, b"")
        elif self.path == "/v1/models":
            self._answer(200, json.dumps({"data": [{"id": "first"}, {"id": "second"}]}).encode())
        else:
            self._answer(404, b"not here")

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path.startswith("/broken"):
            self._answer(400, b'{"error": {"message": "unknown model"}}')
            return
        text = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
        usage = {"prompt_tokens": 7 + 3 * len(text.split())}
        self._answer(200, json.dumps({"choices": [], "usage": usage}).encode())

    def _answer(self, status, body):
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as made:
        made.seen = []
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def target(server, prefix=""):
    return probe.parse_url(f"http://127.0.0.1:{server.server_port}{prefix}", "key")


@pytest.mark.parametrize(
    ("url", "shown", "prefix"),
    [
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", ""),
        ("127.0.0.1:8000/v1", "http://127.0.0.1:8000", ""),
        ("http://127.0.0.1/llm/v1/", "http://127.0.0.1:80/llm", "/llm"),
        ("http://[::1]:5", "http://[::1]:5", ""),
    ],
)
def test_addresses(url, shown, prefix):
    """A URL may have a prefix, and /v1 or not, as clients' base URLs do."""
    found = probe.parse_url(url)
    assert (found.url, found.prefix) == (shown, prefix)


@pytest.mark.parametrize(
    "url", ["https://127.0.0.1", "http://", "http://127.0.0.1:99999", "http://no.such.host.invalid"]
)
def test_addresses_that_are_none(url):
    """What cannot be reached by cleartext HTTP is told before anything is sent."""
    with pytest.raises(StartupError):
        probe.parse_url(url)


def test_a_request_head_carries_the_key():
    """The load's requests have host, key and type, and end where the length's number goes."""
    head = probe.parse_url("http://127.0.0.1:8/llm", "secret").head("/v1/completions").decode()
    assert head.startswith("POST /llm/v1/completions HTTP/1.1\r\nhost: 127.0.0.1:8\r\n")
    assert "\r\nauthorization: Bearer secret\r\n" in head
    assert head.endswith("\r\ncontent-length: ")


def test_health_and_model(server):
    """The first model of the list is the one that is asked."""
    found = target(server)
    assert probe.is_healthy(found)
    assert probe.wait_healthy(found, lambda: True, 5.0) is not None
    assert probe.find_model(found) == "first"
    assert server.seen[-1][1]["authorization"] == "Bearer key"


def test_a_server_that_dies_is_not_waited_for():
    """The wait ends with the process, or with the time."""
    nobody = probe.Target("127.0.0.1", "127.0.0.1", 1)
    assert probe.wait_healthy(nobody, lambda: False, 60.0) is None
    assert probe.wait_healthy(nobody, lambda: True, 0.0) is None


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/completions"])
def test_calibration_counts_in_usage(server, path):
    """Two prompts tell how many tokens a word has and what is added around them."""
    counts = probe.calibrate(target(server), "m", path, seed=0)
    assert counts.words_per_token == pytest.approx(1 / 3)
    assert counts.overhead_tokens == pytest.approx(10)


def test_what_a_server_says_is_passed_on(server):
    """A refusal is shown with status and text; silence with its reason."""
    with pytest.raises(StartupError, match=r"answers 400: .*unknown model"):
        probe.calibrate(target(server, "/broken"), "m", "/v1/completions", seed=0)
    with pytest.raises(StartupError, match="answers 404: not here"):
        probe.find_model(target(server, "/elsewhere"))
    with pytest.raises(StartupError, match="refused"):
        probe.find_model(probe.Target("127.0.0.1", "127.0.0.1", 1))
