# SPDX-License-Identifier: Apache-2.0
"""The ASGI application without an engine: routes, errors, lifespan, and what is answered before start."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest

from fastfront.app import App, log_exception
from fastfront.config import Config
from fastfront.errors import BadRequestError, StartupError
from fastfront.frontend import Frontend
from fastfront.output import ClientDisconnectedError
from fastfront.routes import health

JSON = {"content-type": "application/json"}


def make(**options):
    """Return an app that was never started."""
    return App(Frontend(Config(engine="sim", **options)))


async def call(app, path, method="GET", headers=(), body=b"", **scope):
    """Return status, headers and body of one request."""
    messages = []

    async def send(message):
        messages.append(message)

    async def receive():
        return {"type": "http.request", "body": body, "more_body": False}

    lines = [(name.encode(), value.encode()) for name, value in dict(headers).items()]
    await app({"type": "http", "method": method, "path": path, "headers": lines, **scope}, receive, send)
    start, end = messages
    return start["status"], dict(start["headers"]), end["body"]


@pytest.fixture
def route(monkeypatch):
    """Give a route its handler: route(path, handler)."""

    def add(path, handler):
        monkeypatch.setitem(health.ROUTES, path, {"GET": handler})

    return add


# -- Routes


@pytest.mark.parametrize("path", ["/nope", "/v1", "/v1/chat/completions/x", "", "/", "//health", "/%2e%2e/health"])
async def test_unknown_path_is_starlettes_404(path):
    """As vLLM's server answers it, not in OpenAI's shape."""
    status, headers, body = await call(make(), path)
    assert (status, body) == (404, b'{"detail":"Not Found"}')
    assert headers[b"content-type"] == b"application/json"


@pytest.mark.parametrize(
    ("path", "method", "allow"),
    [
        ("/v1/chat/completions", "GET", b"POST"),
        ("/v1/models", "POST", b"GET"),
        ("/v1/models", "HEAD", b"GET"),
        ("/health", "OPTIONS", b"GET"),
        ("/ping", "DELETE", b"GET, POST"),
        ("/health", "BREW", b"GET"),
    ],
)
async def test_wrong_method_is_starlettes_405(path, method, allow):
    """The header names the methods there are; FastAPI's routes have no HEAD."""
    status, headers, body = await call(make(), path, method)
    assert (status, headers[b"allow"]) == (405, allow)
    assert body == (b"" if method == "HEAD" else b'{"detail":"Method Not Allowed"}')
    assert headers[b"content-length"] == b"31"


async def test_trailing_slash_is_redirected():
    """To the path without it, which keeps root_path and the query, and needs no Host header."""
    status, headers, _ = await call(make(), "/llm/v1/models/", root_path="/llm", query_string=b"a=1")
    assert (status, headers[b"location"]) == (307, b"/llm/v1/models?a=1")


async def test_redirect_cannot_leave_the_server():
    """A path that looks like a host is a path."""
    status, _, _ = await call(make(), "//evil.example/")
    assert status == 404


async def test_routes_are_found_below_root_path():
    """Mounted, with the prefix in the path or cut off."""
    assert (await call(make(), "/llm/health", root_path="/llm"))[0] == 503
    assert (await call(make(), "/health", root_path="/llm"))[0] == 503


# -- Before start


@pytest.mark.parametrize("path", ["/health", "/ping"])
async def test_not_ready_before_start(path):
    """503 without a body, as when the engine is dead."""
    status, _, body = await call(make(), path)
    assert (status, body) == (503, b"")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/models"),
        ("GET", "/version"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/completions"),
        ("POST", "/tokenize"),
        ("POST", "/detokenize"),
    ],
)
async def test_what_needs_the_model_waits_for_it(method, path):
    """While the model loads, the answer is 503 in OpenAI's shape, and when to ask again."""
    status, headers, body = await call(make(), path, method, JSON, b"{}")
    assert (status, headers[b"retry-after"]) == (503, b"1")
    assert json.loads(body)["error"]["type"] == "ServiceUnavailableError"


async def test_metrics_and_load_answer_before_start():
    """They say what there is to say."""
    app = make()
    status, headers, body = await call(app, "/metrics")
    assert (status, headers[b"content-type"].partition(b";")[0]) == (200, b"text/plain")
    assert b"process_cpu_seconds_total" in body
    assert (await call(app, "/load"))[2] == b'{"server_load":0}'


# -- Errors


async def test_error_of_a_route_is_its_answer(route):
    """FastFrontError knows its status and body."""

    async def handler(frontend, scope, receive, send):
        raise BadRequestError("no", param="n")

    route("/x", handler)
    status, _, body = await call(make(), "/x")
    assert (status, json.loads(body)["error"]["param"]) == (400, "n")


async def test_unexpected_exception_tells_nothing(route, caplog):
    """The client gets a 500 that does not quote the exception; the log has it."""

    async def handler(frontend, scope, receive, send):
        raise ValueError("secret path /root/x")

    route("/x", handler)
    status, _, body = await call(make(), "/x")
    assert status == 500
    assert json.loads(body) == {
        "error": {"message": "Internal server error", "type": "InternalServerError", "param": None, "code": 500}
    }
    assert "secret path" in caplog.text


async def test_exception_behind_the_start_of_a_response_reaches_the_server(route):
    """Only the server can close a connection whose response broke off."""

    async def handler(frontend, scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("broken")

    route("/x", handler)
    started = []

    async def send(message):
        if started:
            raise RuntimeError("a response starts once")
        started.append(message)

    with pytest.raises(ValueError, match="broken"):
        await make()({"type": "http", "method": "GET", "path": "/x", "headers": []}, None, send)


async def test_client_that_left_gets_nothing(route):
    """No message is sent to nobody, and the metrics call it 4xx."""

    async def handler(frontend, scope, receive, send):
        raise ClientDisconnectedError

    route("/x", handler)
    app, messages = make(), []
    await app({"type": "http", "method": "GET", "path": "/x", "headers": []}, None, messages.append)
    assert messages == []
    assert b'http_requests_total{handler="/x",method="GET",status="4xx"} 1.0' in app.frontend.metrics.render()[1]


async def test_log_of_an_exception_is_bounded(caplog):
    """A message of a megabyte leaves a few kilobytes in the log, with both ends."""
    try:
        raise ValueError("BEGIN" + "x" * 1_000_000 + "END")
    except ValueError as error:
        log_exception("It failed", error)
    assert len(caplog.text) < 10_000
    assert "Traceback" in caplog.text
    assert "END" in caplog.text
    assert "left out" in caplog.text


async def test_requests_are_counted_by_route():
    """Paths that are no routes share one label."""
    app = make()
    for path in ("/v1/models", "/a", "/b"):
        await call(app, path)
    text = app.frontend.metrics.render()[1]
    assert b'http_requests_total{handler="/v1/models",method="GET",status="5xx"} 1.0' in text
    assert b'http_requests_total{handler="none",method="GET",status="4xx"} 2.0' in text


# -- Middleware


async def test_middleware_stands_in_vllms_order():
    """A refused request has its id, too; a preflight is answered without a key."""
    app = make(api_key=["k"], enable_request_id_headers=True, allowed_origins=["https://a"])
    status, headers, _ = await call(app, "/v1/models", headers={"x-request-id": "7"})
    assert (status, headers[b"x-request-id"]) == (401, b"7")
    question = {"origin": "https://a", "access-control-request-method": "POST"}
    assert (await call(app, "/v1/models", "OPTIONS", question))[0] == 200


async def test_nothing_stands_before_the_routes_by_default():
    """What is not configured costs nothing and adds no header."""
    _, headers, _ = await call(make(), "/v1/models")
    assert set(headers) == {b"content-length", b"content-type", b"retry-after"}


# -- Other scopes


async def test_websocket_is_refused():
    """Closing before accepting is a 403 to the client."""
    messages = []

    async def send(message):
        messages.append(message)

    async def receive():
        return {"type": "websocket.connect"}

    await make()({"type": "websocket", "path": "/v1/realtime", "headers": []}, receive, send)
    assert messages == [{"type": "websocket.close", "code": 1000, "reason": ""}]


async def test_unknown_scope_is_an_error():
    """A server must not take silence for support."""
    with pytest.raises(NotImplementedError, match="tea"):
        await make()({"type": "tea"}, None, None)


class Life:
    """A lifespan channel, and a Frontend's start and stop that only write down that they were called."""

    def __init__(self, app, monkeypatch, start=None, stop=None):
        self.events, self.messages = [], [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
        self.app = app
        for name, effect in (("start", start), ("stop", stop)):
            monkeypatch.setattr(app.frontend, name, self._call(name, effect))

    def _call(self, name, effect):
        async def call():
            self.events.append(name)
            if effect is not None:
                raise effect

        return call

    async def run(self):
        async def receive():
            return self.messages.pop(0)

        async def send(message):
            self.events.append((message["type"], message.get("message")))

        await self.app({"type": "lifespan"}, receive, send)
        return self.events


async def test_lifespan_starts_and_stops(monkeypatch):
    """Startup is complete when the Frontend is, shutdown when it is gone."""
    events = await Life(make(), monkeypatch).run()
    assert events == ["start", ("lifespan.startup.complete", None), "stop", ("lifespan.shutdown.complete", None)]


@pytest.mark.parametrize(
    ("error", "message"),
    [(StartupError("no such model"), "no such model"), (OSError("disk full"), "OSError: disk full")],
)
async def test_failed_start_is_told_to_the_server(monkeypatch, error, message):
    """With the reason, and nothing is left running."""
    events = await Life(make(), monkeypatch, start=error).run()
    assert events == ["start", "stop", ("lifespan.startup.failed", message)]


async def test_cancelled_start_leaves_nothing_running(monkeypatch):
    """A server that gives up while the engine loads still gets its processes ended."""
    life = Life(make(), monkeypatch, start=asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await life.run()
    assert life.events == ["start", "stop"]


async def test_failed_stop_is_told_to_the_server(monkeypatch, caplog):
    """Shutdown does not hang on it."""
    with caplog.at_level(logging.ERROR):
        events = await Life(make(), monkeypatch, stop=OSError("stuck")).run()
    assert events[-1] == ("lifespan.shutdown.failed", "OSError: stuck")
    assert "stuck" in caplog.text
