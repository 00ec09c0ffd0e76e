# SPDX-License-Identifier: Apache-2.0
"""Whatever a client sends, it gets a 4xx in OpenAI's shape that names the field, soon, and nobody else is hurt."""

from __future__ import annotations

import json
import os
import socket
import threading
import time
import urllib.parse
from pathlib import Path

import httpx
import openai
import pytest

from tests.e2e.ways import every_way
from tests.server.processes import DEADLINE

pytestmark = pytest.mark.e2e

CHAT, COMPLETION = "/v1/chat/completions", "/v1/completions"
JSON = {"content-type": "application/json"}
MESSAGES = [{"role": "user", "content": "Hi"}]


def post(http, path, body, headers=JSON):
    """Send a body as it is."""
    return http.post(path, content=body, headers=headers)


def check_error(response, status=400):
    """Return the error of an answer that has OpenAI's shape."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/json"
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == status
    assert error["message"]
    assert len(response.content) < 64 * 1024
    return error


@every_way
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"{}",
        b'{"messages": [}',
        b"\xff\xfe\x00",
        b'{"messages": "\xff"}',
        b"[" * 200_000,
        b'{"messages": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"a": ' * 20_000 + b"1" + b"}" * 20_000,
        b'{"prompt": "x", "messages": [{"role": "user", "content": "x"}], "temperature": NaN}',
        b'{"prompt": "x", "messages": [{"role": "user", "content": "x"}], "temperature": -Infinity}',
        b'{"prompt": "x", "messages": [{"role": "user", "content": "x"}], "max_tokens": 1e999}',
        b'{"prompt": "x", "messages": [{"role": "user", "content": "x"}], "n": ' + b"9" * 5000 + b"}",
        b'{"prompt": {"a": [1]}, "messages": 5}',
        b'{"prompt": [[["x"]]], "messages": [["x"]]}',
        b'{"prompt": [1, "x"], "messages": [1]}',
        b"\x00" * 1000,
    ],
)
@pytest.mark.parametrize("path", [CHAT, COMPLETION, "/tokenize", "/detokenize"])
def test_body_that_is_no_request(http, path, body):
    """Not JSON, not an object, not UTF-8, nested without end, numbers that are none."""
    response = post(http, path, body)
    if response.status_code == 200:
        assert path == "/tokenize", "the temperature is nothing to it"
    else:
        check_error(response)


@every_way
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", 0),
        ("n", -1),
        ("n", 10**9),
        ("n", "two"),
        ("max_tokens", 0),
        ("max_tokens", -5),
        ("max_tokens", 100_000),
        ("max_tokens", "many"),
        ("max_tokens", 2**70),
        ("temperature", -1),
        ("temperature", "hot"),
        ("top_p", 0),
        ("top_p", 1.5),
        ("top_k", -7),
        ("min_p", -1),
        ("presence_penalty", 9),
        ("frequency_penalty", -9),
        ("repetition_penalty", 0),
        ("seed", 2**80),
        ("stop", ""),
        ("stop", ["a", "b", "c", "d", "e"]),
        ("stop", {"a": 1}),
        ("stop_token_ids", [10**12]),
        ("stop_token_ids", ["x"]),
        ("logit_bias", {"x": 1}),
        ("logit_bias", {"99999999": 1}),
        ("min_tokens", -1),
        ("min_tokens", 50),
        ("stream", "perhaps"),
        ("stream_options", {"include_usage": True}),
        ("user", 5),
        ("priority", "high"),
        ("request_id", 5),
        ("cache_salt", ""),
        ("truncate_prompt_tokens", 10**6),
        ("response_format", {"type": "poem"}),
    ],
)
@pytest.mark.parametrize("path", [CHAT, COMPLETION])
def test_field_out_of_range_is_named(http, path, field, value):
    """The message or `param` says which field it was."""
    body = {"messages": MESSAGES, "prompt": "Hi", "max_tokens": 5, field: value}
    error = check_error(http.post(path, json=body))
    assert field in f"{error['message']} {error['param']}"


@every_way
@pytest.mark.parametrize(
    "messages",
    [
        [],
        "Hi",
        [{"content": "Hi"}],
        [{"role": "user", "content": 5}],
        [{"role": "user", "content": None}],
        [{"role": "user", "content": [{"type": "hologram"}]}],
        [{"role": "user", "content": [{"type": "text"}]}],
        [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://x/y.png"}}]}],
        [None],
    ],
)
def test_messages_that_are_none(http, messages):
    """Empty, of the wrong type, or with parts that the model has no eyes for."""
    check_error(http.post(CHAT, json={"messages": messages}))


@every_way
@pytest.mark.parametrize(
    "prompt", ["", [], [[]], [""], [-1], [10**6], [2**40], [1.5], ["a", 1], None, {}, ["x"] * 1025, "x" * 100_000]
)
def test_prompt_that_is_none(http, prompt):
    """Empty, mixed, out of the vocabulary, too many, too long."""
    check_error(http.post(COMPLETION, json={"prompt": prompt, "max_tokens": 1}))


@every_way
def test_unknown_model(client):
    """404 as vLLM words it; the openai client raises its own error for it."""
    with pytest.raises(openai.NotFoundError) as caught:
        client.chat.completions.create(model="gpt-9", messages=MESSAGES)
    assert caught.value.body == {
        "message": "The model `gpt-9` does not exist. Valid aliases: tester, also-tester.",
        "type": "NotFoundError",
        "param": "model",
        "code": 404,
    }


@every_way
@pytest.mark.parametrize("stream", [False, True])
def test_error_before_the_stream_is_an_http_error(client, stream):
    """A stream that cannot begin does not begin with 200."""
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(model="tester", messages=MESSAGES, max_tokens=100_000, stream=stream)
    assert caught.value.param == "max_tokens"


@every_way
def test_prompt_longer_than_the_context(client):
    """Said with the length that there is."""
    with pytest.raises(openai.BadRequestError, match="8192"):
        client.completions.create(model="tester", prompt="a b " * 8000, max_tokens=1)


@every_way
@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}, {"content-type": "multipart/form-data"}])
def test_content_type_is_json_or_nothing_goes(http, headers):
    """Browsers' forms cannot reach the engine."""
    error = check_error(post(http, CHAT, json.dumps({"messages": MESSAGES}).encode(), headers))
    assert "application/json" in error["message"]


@every_way
def test_request_id_beyond_bounds(http):
    """An id is repeated in every chunk: a long one would multiply."""
    body = {"messages": MESSAGES, "max_tokens": 1, "request_id": "x" * 10_000}
    assert check_error(http.post(CHAT, json=body))["param"] == "request_id"


@every_way
@pytest.mark.parametrize("rank", ["7", "-1"])
def test_rank_that_does_not_exist(http, rank):
    """X-data-parallel-rank must name an engine."""
    body = {"messages": MESSAGES, "max_tokens": 1}
    check_error(http.post(CHAT, json=body, headers={"X-data-parallel-rank": rank}))


@every_way
def test_more_sequences_than_anybody_needs(http):
    """n for each of many prompts is bounded as a product."""
    body = {"prompt": ["a"] * 1000, "n": 1000, "temperature": 1, "max_tokens": 1}
    assert check_error(http.post(COMPLETION, json=body))["param"] == "n"


@every_way
def test_lone_surrogates_are_text_like_any_other(http):
    """JSON can smuggle in what UTF-8 cannot say: an answer or a 400, in any field."""
    for body in (
        b'{"messages": [{"role": "user", "content": "\\ud800"}], "max_tokens": 2}',
        b'{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2, "stop": "\\udfff"}',
        b'{"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2, "request_id": "\\ud800"}',
        b'{"messages": [{"role": "user", "content": "Hi"}], "model": "\\ud800"}',
        b'{"messages": [{"role": "user", "content": "Hi"}], "cache_salt": "\\ud800", "max_tokens": 2}',
        b'{"messages": [{"role": "\\ud800", "content": "Hi"}], "max_tokens": 2}',
    ):
        response = post(http, CHAT, body)
        assert response.status_code in {200, 400, 404}, (body, response.text)


# -- Bodies without end


def connect(url):
    """Return a bare connection to the server."""
    host = urllib.parse.urlsplit(url)
    return socket.create_connection((host.hostname, host.port), timeout=DEADLINE)


def read_response(connection):
    """Return status and body of the one response on a connection that the server closes."""
    data = b""
    while piece := connection.recv(65536):
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


@pytest.mark.parametrize("path", [CHAT, COMPLETION, "/tokenize", "/detokenize"])
def test_body_of_two_gigabytes_is_refused_unread(url, path):
    """The announcement is enough: the answer comes before any of it was sent, and the connection ends."""
    with connect(url) as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            "Content-Length: 2147483648\r\n\r\n".encode()
        )
        status, body = read_response(connection)
    assert status == 413
    assert "33554432 bytes" in json.loads(body)["error"]["message"]


def test_chunked_body_without_end_is_not_kept(url, fastfront_server):
    """Nothing announces a chunked body's length: behind the limit it is answered, and no more of it is held."""
    piece = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with connect(url) as connection:
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        for _ in range(40):
            connection.sendall(piece)
        before = resident_bytes(fastfront_server.process.pid)
        for _ in range(100):
            connection.sendall(piece)
        after = resident_bytes(fastfront_server.process.pid)
        status, _ = read_response(connection)
    assert status == 413
    assert after - before < 10 * 2**20


def resident_bytes(pid):
    """Return how much memory a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_others_are_served_meanwhile(url, http):
    """While long prompts are tokenized and nonsense is parsed, /health and /metrics answer soon."""
    slow = []
    stop = threading.Event()
    long_prompt = json.dumps({"prompt": "lorem ipsum dolor " * 60_000}).encode()

    def work():
        with httpx.Client(base_url=url, timeout=DEADLINE) as client:
            for _ in range(3):
                assert post(client, "/tokenize", long_prompt).status_code == 200
                check_error(post(client, COMPLETION, long_prompt))
                check_error(post(client, CHAT, b"[" * 5_000_000))
        stop.set()

    worker = threading.Thread(target=work)
    worker.start()
    while not stop.is_set():
        for path in ("/health", "/metrics"):
            began = time.perf_counter()
            assert http.get(path).status_code == 200
            slow.append(time.perf_counter() - began)
    worker.join()
    slow.sort()
    assert len(slow) > 20
    assert slow[-1] < 2.0, f"the slowest of {len(slow)} answers took {slow[-1]:.2f} s"


@every_way
def test_server_is_well_after_all_that(http, engine):
    """No request of this file left anything behind."""
    assert http.get("/health").status_code == 200
    answer = http.post(CHAT, json={"messages": MESSAGES, "max_tokens": 3})
    assert answer.json()["usage"]["completion_tokens"] == 3
    assert http.get("/load").json() == {"server_load": 0}
