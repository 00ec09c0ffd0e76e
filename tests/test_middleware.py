# SPDX-License-Identifier: Apache-2.0
"""API keys, CORS and request ids, each wrapped around an app that answers 200."""

from __future__ import annotations

import pytest
import starlette.middleware.cors

from fastfront.middleware import ApiKeyMiddleware, CORSMiddleware, RequestIdMiddleware, route_path

METHOD, HEADERS = "access-control-request-method", "access-control-request-headers"


async def inner(scope, receive, send):
    """Answer 200 with a header of its own."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-inner", b"1")]})
    await send({"type": "http.response.body", "body": b"ok"})


async def call(app, path="/v1/models", method="GET", headers=(), **scope):
    """Return status, headers and body of one request."""
    messages = []

    async def send(message):
        messages.append(message)

    async def receive():
        return {"type": "http.request"}

    lines = [(name.encode(), value.encode()) for name, value in dict(headers).items()]
    await app({"type": "http", "method": method, "path": path, "headers": lines, **scope}, receive, send)
    answered = {name.lower(): value for name, value in messages[0]["headers"]}
    return messages[0]["status"], answered, messages[1]["body"]


# -- API keys


@pytest.mark.parametrize("path", ["/v1/models", "/v2/embed", "/inference/v1/generate", "/cohere/v2/chat"])
async def test_guarded_paths_need_a_key(path):
    """The four prefixes that vLLM guards, with its answer."""
    status, headers, body = await call(ApiKeyMiddleware(inner, ["k1", "k2"]), path)
    assert (status, body) == (401, b'{"error":"Unauthorized"}')
    assert headers[b"content-type"] == b"application/json"


@pytest.mark.parametrize("path", ["/health", "/metrics", "/tokenize", "/ping", "/"])
async def test_other_paths_are_open(path):
    """Probes and scrapers bring no key."""
    assert (await call(ApiKeyMiddleware(inner, ["k"]), path))[0] == 200


@pytest.mark.parametrize("value", ["Bearer k1", "bearer k2", "BEARER ключ"])
async def test_any_of_the_keys_opens(value):
    """The scheme's case does not matter, and keys may hold any characters."""
    app = ApiKeyMiddleware(inner, ["k1", "k2", "ключ"])
    assert (await call(app, headers={"authorization": value}))[0] == 200


@pytest.mark.parametrize("value", ["", "k1", "Basic k1", "Bearer", "Bearer ", "Bearer k", "Bearer k11", "Bearer k1 "])
async def test_anything_else_does_not(value):
    """No prefix of a key, no other scheme."""
    assert (await call(ApiKeyMiddleware(inner, ["k1"]), headers={"authorization": value}))[0] == 401


async def test_preflight_needs_no_key():
    """Browsers send no Authorization with OPTIONS."""
    assert (await call(ApiKeyMiddleware(inner, ["k"]), method="OPTIONS"))[0] == 200


async def test_guard_looks_behind_root_path():
    """Mounted below a path, /llm/v1 is guarded and /llm/health is not."""
    app = ApiKeyMiddleware(inner, ["k"])
    assert (await call(app, "/llm/v1/models", root_path="/llm"))[0] == 401
    assert (await call(app, "/llm/health", root_path="/llm"))[0] == 200


async def test_websocket_without_a_key_is_closed_unaccepted():
    """Closing before accepting is a 403 to the client."""
    messages = []

    async def send(message):
        messages.append(message)

    async def receive():
        return {"type": "websocket.connect"}

    await ApiKeyMiddleware(inner, ["k"])({"type": "websocket", "path": "/v1/realtime", "headers": []}, receive, send)
    assert [message["type"] for message in messages] == ["websocket.close"]


@pytest.mark.parametrize(
    ("path", "root_path", "expected"),
    [
        ("/health", "", "/health"),
        ("/llm/health", "/llm", "/health"),
        ("/health", "/llm", "/health"),
        ("/llm", "/llm", ""),
        ("/llmhealth", "/llm", "/llmhealth"),
    ],
)
def test_route_path(path, root_path, expected):
    """Servers that keep the prefix in the path and servers that cut it off give the same route."""
    assert route_path({"path": path, "root_path": root_path}) == expected


# -- Request ids


async def test_request_id_is_echoed():
    """A client's X-Request-Id comes back."""
    _, headers, _ = await call(RequestIdMiddleware(inner), headers={"x-request-id": "abc"})
    assert (headers[b"x-request-id"], headers[b"x-inner"]) == (b"abc", b"1")


async def test_request_id_is_made():
    """Without one, each response gets a new id."""
    app = RequestIdMiddleware(inner)
    first = (await call(app))[1][b"x-request-id"]
    second = (await call(app))[1][b"x-request-id"]
    assert len(first) == len(second) == 32
    assert first != second


# -- CORS


def cors(**options):
    """Return the middleware for one origin unless options say otherwise."""
    return CORSMiddleware(inner, **{"allow_origins": ["https://a.example"], **options})


def preflight(origin="https://a.example", method="POST", **more):
    """Return a browser's question."""
    return {"method": "OPTIONS", "headers": {"origin": origin, "access-control-request-method": method, **more}}


async def test_allowed_origin_is_named():
    """The one origin is answered by its name, and caches are told."""
    _, headers, _ = await call(cors(), headers={"origin": "https://a.example"})
    assert headers[b"access-control-allow-origin"] == b"https://a.example"
    assert headers[b"vary"] == b"Origin"


@pytest.mark.parametrize("headers", [{}, {"origin": "https://b.example"}])
async def test_other_origins_get_no_permission(headers):
    """The response goes out; the browser keeps it from the page."""
    status, answered, _ = await call(cors(), headers=headers)
    assert status == 200
    assert b"access-control-allow-origin" not in answered
    assert answered[b"vary"] == b"Origin"


async def test_any_origin_is_a_star():
    """`*` is answered by `*`, except with credentials, where browsers want the name."""
    _, headers, _ = await call(cors(allow_origins=["*"]), headers={"origin": "https://x"})
    assert headers[b"access-control-allow-origin"] == b"*"
    _, headers, _ = await call(cors(allow_origins=["*"], allow_credentials=True), headers={"origin": "https://x"})
    assert headers[b"access-control-allow-origin"] == b"https://x"
    assert headers[b"access-control-allow-credentials"] == b"true"


async def test_preflight_is_answered_here():
    """Methods, requested headers and how long to remember."""
    status, headers, body = await call(cors(), **preflight(**{"access-control-request-headers": "x-a, content-type"}))
    assert (status, body) == (200, b"OK")
    assert headers[b"access-control-allow-origin"] == b"https://a.example"
    assert headers[b"access-control-allow-headers"] == b"x-a, content-type"
    assert b"POST" in headers[b"access-control-allow-methods"]
    assert headers[b"access-control-max-age"] == b"600"


async def test_preflight_says_what_is_refused():
    """Each reason is named."""
    app = cors(allow_methods=["GET"], allow_headers=["X-A"])
    status, _, body = await call(app, **preflight("https://b", **{"access-control-request-headers": "x-a, x-b"}))
    assert (status, body) == (400, b"Disallowed CORS origin, method, headers")
    status, headers, _ = await call(app, **preflight(method="GET", **{"access-control-request-headers": "x-a, accept"}))
    assert status == 200
    assert headers[b"access-control-allow-headers"] == b"Accept, Accept-Language, Content-Language, Content-Type, X-A"


async def test_options_without_a_question_is_passed_on():
    """An ordinary OPTIONS request is the app's."""
    assert (await call(cors(), method="OPTIONS", headers={"origin": "https://a.example"}))[2] == b"ok"


CORS_OPTIONS = [
    {"allow_origins": origins, "allow_methods": methods, "allow_headers": headers, "allow_credentials": credentials}
    for origins in ([], ["*"], ["https://a"])
    for methods in (["*"], ["GET"])
    for headers in (["*"], ["X-A"])
    for credentials in (False, True)
]
CORS_HEADERS = [
    {name: value for name, value in (("origin", origin), (METHOD, method), (HEADERS, wanted)) if value is not None}
    for origin in (None, "https://a", "https://b")
    for method in (None, "GET", "POST")
    for wanted in (None, "x-a", "x-b, accept")
]
CORS_HEADERS.append({"origin": "https://a", METHOD: "GET", "access-control-request-private-network": "true"})


@pytest.mark.parametrize("options", CORS_OPTIONS)
async def test_answers_are_starlettes(options):
    """vLLM uses Starlette's middleware: for every combination the same status, headers and body."""
    ours, theirs = CORSMiddleware(inner, **options), starlette.middleware.cors.CORSMiddleware(inner, **options)
    for method in ("GET", "OPTIONS"):
        for headers in CORS_HEADERS:
            status, answered, body = await call(theirs, method=method, headers=headers)
            found = await call(ours, method=method, headers=headers)
            assert found == (status, answered, body), (method, headers)
