# SPDX-License-Identifier: Apache-2.0
"""What may stand before the app: API keys, CORS, request-id headers. Plain ASGI wrappers, off unless configured.

Answers are those of vLLM's server. A wrapper that touches `send` is one plain function call per message and leaves
every message but `http.response.start` alone. Must not know the app behind it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable

from fastfront.output.asgi import ASGIApp, Message, Receive, Scope, Send, direct_of

GUARDED_PREFIXES = ("/v1", "/v2", "/inference", "/cohere")
"""Paths that need a key; the rest (/health, /metrics, /tokenize, ...) is open, as in vLLM."""

ALL_METHODS = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY")
SAFELISTED_HEADERS = frozenset({"Accept", "Accept-Language", "Content-Language", "Content-Type"})
PREFLIGHT_MAX_AGE = b"600"
PREFLIGHT_VARY = (
    b"Origin, Access-Control-Request-Method, Access-Control-Request-Headers, Access-Control-Request-Private-Network"
)
UNAUTHORIZED = b'{"error":"Unauthorized"}'


def route_path(scope: Scope) -> str:
    """Return the path behind root_path, for servers that leave the prefix in `path` and for those that cut it off."""
    path: str = scope["path"]
    root_path: str = scope.get("root_path", "")
    if not root_path or not path.startswith(root_path):
        return path
    if len(path) == len(root_path) or path[len(root_path)] == "/":
        return path[len(root_path) :]
    return path


def _headers(scope: Scope) -> dict[bytes, str]:
    return {name: value.decode("latin-1") for name, value in reversed(scope["headers"])}


async def _send_whole(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    headers = [(b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})


def _on_start(scope: Scope, send: Send, change: Callable[[list[tuple[bytes, bytes]]], None]) -> Send:
    """Return a send() that lets `change` see the response headers."""
    direct = direct_of(scope)
    if direct is not None:
        # The response may never pass through send(): what is added here goes into any response of the request.
        change(direct.extra_headers)
        return send

    def changed(message: Message) -> Awaitable[None]:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            change(headers)
            message["headers"] = headers
        return send(message)

    return changed


class ApiKeyMiddleware:
    """Refuse requests under the guarded prefixes that bring none of the keys as a bearer token."""

    def __init__(self, app: ASGIApp, api_keys: Iterable[str]) -> None:
        """Keep only digests of the keys: comparing them takes the same time whatever the token's length."""
        self._app = app
        self._digests = [hashlib.sha256(key.encode()).digest() for key in api_keys]

    def _is_authorized(self, scope: Scope) -> bool:
        return self.accepts(next((value for name, value in scope["headers"] if name == b"authorization"), b""))

    def accepts(self, value: bytes) -> bool:
        """Whether an Authorization header's value brings one of the keys."""
        scheme, _, token = value.partition(b" ")
        if scheme.lower() != b"bearer":
            return False
        # ASGI header values are latin-1 bytes of what the client sent; a key beyond ASCII travels as UTF-8.
        digest = hashlib.sha256(token).digest()
        found = False
        for known in self._digests:
            found |= hmac.compare_digest(digest, known)
        return found

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401 (websockets: close before accepting)."""
        kind = scope["type"]
        guarded = kind == "websocket" or (kind == "http" and scope["method"] != "OPTIONS")
        if guarded and route_path(scope).startswith(GUARDED_PREFIXES) and not self._is_authorized(scope):
            if kind == "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008, "reason": "Unauthorized"})
                return
            await _send_whole(send, 401, [(b"content-type", b"application/json")], UNAUTHORIZED)
            return
        await self._app(scope, receive, send)


class RequestIdMiddleware:
    """Answer with the request's X-Request-Id, or a new one."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap the app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the header to the response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), None)
        request_id = given if given is not None else secrets.token_hex(16).encode()
        header = (b"x-request-id", request_id)
        await self._app(scope, receive, _on_start(scope, send, lambda headers: headers.append(header)))


class CORSMiddleware:
    """Let browsers of the allowed origins call. Semantics are those of Starlette's middleware, which vLLM uses."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        allow_origins: Collection[str],
        allow_methods: Collection[str] = ("*",),
        allow_headers: Collection[str] = ("*",),
        allow_credentials: bool = False,
    ) -> None:
        """Take the four options as vLLM's --allowed-origins, -methods, -headers and --allow-credentials give them."""
        self._app = app
        self._origins = frozenset(allow_origins)
        self._all_origins = "*" in allow_origins
        self._methods = tuple(ALL_METHODS if "*" in allow_methods else allow_methods)
        self._all_headers = "*" in allow_headers
        self._header_names = sorted(SAFELISTED_HEADERS | set(allow_headers))
        self._credentials = allow_credentials

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight; add the headers to any other response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        origin = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"origin"), None)
        if origin is not None and scope["method"] == "OPTIONS":
            headers = _headers(scope)
            if b"access-control-request-method" in headers:
                await self._preflight(origin, headers, send)
                return
        await self._app(scope, receive, _on_start(scope, send, lambda headers: self._add_headers(origin, headers)))

    def _is_allowed(self, origin: str) -> bool:
        return self._all_origins or origin in self._origins

    def _add_headers(self, origin: str | None, headers: list[tuple[bytes, bytes]]) -> None:
        if origin is not None:
            if self._credentials:
                headers.append((b"access-control-allow-credentials", b"true"))
            if self._all_origins and not self._credentials:
                headers.append((b"access-control-allow-origin", b"*"))
            elif self._is_allowed(origin):
                headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
        headers.append((b"vary", b"Origin"))

    async def _preflight(self, origin: str, request: dict[bytes, str], send: Send) -> None:
        headers = [(b"vary", PREFLIGHT_VARY)]
        refused = []
        if not self._is_allowed(origin):
            refused.append("origin")
        elif self._all_origins and not self._credentials:
            headers.append((b"access-control-allow-origin", b"*"))
        else:
            headers.append((b"access-control-allow-origin", origin.encode("latin-1")))
        headers.append((b"access-control-allow-methods", ", ".join(self._methods).encode()))
        headers.append((b"access-control-max-age", PREFLIGHT_MAX_AGE))
        if request[b"access-control-request-method"] not in self._methods:
            refused.append("method")
        wanted = request.get(b"access-control-request-headers")
        if self._all_headers:
            # All allowed: the names asked for are mirrored.
            if wanted is not None:
                headers.append((b"access-control-allow-headers", wanted.encode("latin-1")))
        else:
            headers.append((b"access-control-allow-headers", ", ".join(self._header_names).encode()))
            known = {name.lower() for name in self._header_names}
            if wanted is not None and any(name.strip().lower() not in known for name in wanted.split(",")):
                refused.append("headers")
        if b"access-control-request-private-network" in request:
            refused.append("private-network")
        if self._credentials:
            headers.append((b"access-control-allow-credentials", b"true"))
        headers.append((b"content-type", b"text/plain; charset=utf-8"))
        body = f"Disallowed CORS {', '.join(refused)}".encode() if refused else b"OK"
        await _send_whole(send, 400 if refused else 200, headers, body)
