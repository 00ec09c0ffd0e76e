# SPDX-License-Identifier: Apache-2.0
"""LoadGenerator against servers that behave and servers that don't: what it counts; it never hangs or spins."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest

from fastfront._native.load import ERRORS, MARK_BYTES, LoadGenerator
from tests.native.test_answer_reader import ANSWERS, response

HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: "
WHOLE = ANSWERS["whole"]
DEADLINE = 30.0


class Server:
    """Answers each request with the next of some bytes (the last one again and again); None closes the connection.

    `requests` are the bodies that have come, `connections` how many clients have connected.
    """

    def __init__(self, *answers):
        self.requests = []
        self.connections = 0
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._clients = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        # shutdown, because close alone does not wake a thread that waits in accept.
        for one in (self._listener, *self._clients):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                self._clients.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, contextlib.suppress(OSError, ValueError):
            stream = client.makefile("rb")
            while True:
                length = 0
                while (line := stream.readline()) not in (b"\r\n", b""):
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.partition(b":")[2])
                if not line:
                    return
                body = stream.read(length)
                with self._lock:
                    self.requests.append(body)
                    answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                if answer is None:
                    return
                client.sendall(answer)


@pytest.fixture
def serve():
    """Return a function that starts a server, ended with the test."""
    servers = []

    def start(*answers):
        servers.append(Server(*answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def generator(port, **options):
    options = {"bodies": [(b"{}", [])], "timeout_s": DEADLINE, **options}
    return LoadGenerator(host="127.0.0.1", port=port, head=HEAD, **options)


def run(port, **options):
    """Measure until max_requests; return the generator and its record."""
    load = generator(port, **options)
    load.measure()
    load.run()
    return load, load.record()


def test_every_client_keeps_its_connection(serve):
    """A closed loop sends on as many connections as it has clients, each again and again."""
    server = serve(WHOLE)
    load, record = run(server.port, connections=3, max_requests=60)
    assert load.counters()[:3] == (60, 0, 60)
    assert server.connections == 3
    assert record["requests"] == 60
    assert record["errors"] == dict.fromkeys(ERRORS, 0)
    assert record["e2e"]["p50"] <= record["e2e"]["p99"] <= record["e2e"]["max"] < DEADLINE
    assert record["ttft"]["count"] == 0


def test_streams_have_first_tokens_and_gaps(serve):
    """A stream is timed by its events with text, and counted in the tokens that the server tells."""
    server = serve(ANSWERS["stream"])
    load, record = run(server.port, max_requests=20)
    assert load.counters().tokens == 20 * 3
    assert record["ttft"]["count"] == record["tpot"]["count"] == record["itl"]["count"] == 20
    assert record["events"] == 20 * 4
    assert record["counted_by_server"] == 20


def test_bodies_go_in_turn_with_letters_at_their_marks(serve):
    """Requests differ where a body has marks, and nowhere else."""
    server = serve(WHOLE)
    mark = b"@" * MARK_BYTES
    run(server.port, bodies=[(b"a" + mark + b"b", [1]), (b"c", [])], max_requests=6, seed=4)
    assert server.requests[1::2] == [b"c"] * 3
    marked = server.requests[::2]
    assert len(set(marked)) == 3
    assert all(body[:1] == b"a" and body[-1:] == b"b" and mark not in body for body in marked)


def test_a_kept_connection_that_the_server_closes_is_no_error(serve):
    """A server may close between two answers: the request that meets it is sent once more, on a new connection."""
    server = serve(WHOLE, None, WHOLE)
    load, _ = run(server.port, max_requests=3)
    assert load.counters()[:2] == (3, 0)
    assert server.connections == 2


def test_connection_close_is_followed(serve):
    """An answer that says so is the last on its connection."""
    server = serve(response(b'{"choices":[{"text":"a"}]}', "connection: close"))
    load, _ = run(server.port, max_requests=3)
    assert load.counters()[:2] == (3, 0)
    assert server.connections == 3


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (ANSWERS["error"], "status", "HTTP status 400"),
        (ANSWERS["stream with an error"], "stream", '"message": "no"'),
        (response(b"", "content-type: text/event-stream"), "stream", "the answer is empty"),
        (response(b"data: {}\n\n", "content-type: text/event-stream"), "stream", "without [DONE]"),
        (response(b"It works!"), "protocol", "no answer"),
        (b"SSH-2.0-OpenSSH\r\n", "protocol", "no answer"),
        (WHOLE + b"more", "protocol", "no answer"),
        (WHOLE[:-3], "timeout", "time limit"),
        (None, "closed", "closed the connection"),
    ],
    ids=["status", "error event", "empty", "no done", "not JSON", "not HTTP", "more", "unfinished", "closed"],
)
def test_failures_are_counted_by_kind(serve, answer, kind, said):
    """Whatever a server does wrong is one error of its kind, with the reason kept, and the run goes on."""
    server = serve(answer)
    load, record = run(server.port, max_requests=2, timeout_s=0.3)
    assert record["errors"] == {**dict.fromkeys(ERRORS, 0), kind: 2}
    assert load.counters()[:2] == (0, 2)
    assert said in load.first_error()


def test_nobody_there_does_not_spin():
    """Where connections are refused, each client tries a few times a second, not thousands of times."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        began = time.monotonic()
        load, record = run(unused.getsockname()[1], max_requests=3)
    assert record["errors"]["connect"] == 3
    assert "refused" in load.first_error().lower()
    assert time.monotonic() - began > 0.2  # two rests


def test_open_loop_counts_from_when_a_request_was_due(serve):
    """A server that falls behind shows it in the times: they begin when a request was due, not when it left."""
    server = serve(WHOLE)
    load, record = run(server.port, rate=1e6, max_requests=200)
    assert load.counters().requests == 200
    assert record["late"]["p99"] > 0
    assert record["e2e"]["p99"] >= record["late"]["p99"]
    assert server.connections == 1


def test_stop_ends_a_run_that_waits(serve):
    """stop() from another thread ends the run at once, with requests under way."""
    server = serve(b"HTTP/1.1 200 OK\r\n")
    load = generator(server.port, connections=2)
    thread = threading.Thread(target=load.run)
    thread.start()
    while len(server.requests) < 2:
        thread.join(0.001)
    load.measure()
    load.stop()
    thread.join(DEADLINE)
    assert not thread.is_alive()
    assert load.record()["requests"] == 0


def test_a_generator_runs_once(serve):
    """What was measured belongs to one run."""
    load, _ = run(serve(WHOLE).port, max_requests=1)
    with pytest.raises(RuntimeError, match="once"):
        load.run()


@pytest.mark.parametrize(
    "options", [{"bodies": []}, {"bodies": [(b"short", [0])]}, {"connections": 0}, {"rate": float("nan")}]
)
def test_options_that_make_no_sense(options):
    """A mistake is told when the generator is made."""
    with pytest.raises(ValueError, match="no bodies"):
        generator(1, **options)
