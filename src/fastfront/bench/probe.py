# SPDX-License-Identifier: Apache-2.0
"""Asking a server, once, before the load: is it up, what is its model called, how many tokens are its words.

Plain HTTP through the standard library. Must not send load.
"""

from __future__ import annotations

import dataclasses
import http.client
import json
import socket
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastfront.bench.prompts import MARK, SYSTEM, Text
from fastfront.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE_S = 60.0
"""For one answer."""
HEALTH_S = 1.0
"""For one answer of /health, which is asked again."""
PROBE_TOKENS = 400


@dataclasses.dataclass(frozen=True)
class Target:
    """Where a server is. `prefix` is the path before /v1, usually empty."""

    host: str
    address: str
    port: int
    prefix: str = ""
    api_key: str | None = None

    @property
    def url(self) -> str:
        """The address as it was given."""
        return f"http://{self.host}:{self.port}{self.prefix}"

    def headers(self) -> dict[str, str]:
        """Return the headers of every request."""
        authorization = {"authorization": f"Bearer {self.api_key}"} if self.api_key else {}
        return {"host": f"{self.host}:{self.port}", "content-type": "application/json", **authorization}

    def head(self, path: str) -> bytes:
        """Return a request's line and headers, up to where content-length's number goes."""
        lines = [f"POST {self.prefix}{path} HTTP/1.1", *(f"{name}: {value}" for name, value in self.headers().items())]
        return ("\r\n".join([*lines, "content-length: "])).encode("latin-1")


@dataclasses.dataclass(frozen=True)
class Calibration:
    """How a server counts: words to a token, and what template, system message and mark add."""

    words_per_token: float
    overhead_tokens: int


def parse_url(url: str, api_key: str | None = None) -> Target:
    """Read `http://HOST:PORT[/prefix]`, with or without /v1 at its end. Raises StartupError."""
    parts = urlsplit(url if "://" in url else f"http://{url}")
    if parts.scheme != "http":
        raise StartupError(f"{url}: the load generator speaks cleartext HTTP; give an http:// address")
    try:
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host = None
    if not host:
        raise StartupError(f"{url} is no address like http://localhost:8000")
    try:
        address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    except OSError as error:
        raise StartupError(f"{host}: {error.strerror or error}") from None
    shown = f"[{host}]" if ":" in host else host
    return Target(shown, str(address), port, parts.path.rstrip("/").removesuffix("/v1"), api_key)


def ask(
    target: Target, method: str, path: str, body: dict[str, Any] | None = None, timeout_s: float = PATIENCE_S
) -> tuple[int, bytes]:
    """Send one request; return status and body. Raises OSError or http.client.HTTPException."""
    connection = http.client.HTTPConnection(target.address, target.port, timeout=timeout_s)
    try:
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, target.prefix + path, data, target.headers())
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def is_healthy(target: Target) -> bool:
    """Tell whether /health answers 200."""
    try:
        return ask(target, "GET", "/health", timeout_s=HEALTH_S)[0] == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def wait_healthy(target: Target, alive: Callable[[], bool], timeout_s: float) -> float | None:
    """Wait until /health answers 200; return how long it took, None if the server died or the time was over."""
    began = time.monotonic()
    while not is_healthy(target):
        if not alive() or time.monotonic() - began > timeout_s:
            return None
        time.sleep(0.02)
    return time.monotonic() - began


def find_model(target: Target) -> str:
    """Return the name of the first model that the server lists. Raises StartupError."""
    return str(_json(target, "GET", "/v1/models")["data"][0]["id"])


def calibrate(target: Target, model: str, path: str, seed: int) -> Calibration:
    """Ask for prompts of one word and of many, and read in `usage` how many tokens they are. Raises StartupError."""
    few, many = Text(1.0, seed).take(1), Text(1.0, seed).take(PROBE_TOKENS)
    counts = [_prompt_tokens(target, model, path, text) for text in (few, many)]
    tokens_per_word = max(counts[1] - counts[0], 1) / (PROBE_TOKENS - 1)
    return Calibration(1 / tokens_per_word, max(round(counts[0] - tokens_per_word), 0))


def _prompt_tokens(target: Target, model: str, path: str, text: str) -> int:
    text = f"{MARK} {text}"
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]
    prompt: dict[str, Any] = {"messages": messages} if path.endswith("/chat/completions") else {"prompt": text}
    usage = _json(target, "POST", path, {"model": model, "max_tokens": 1, **prompt}).get("usage") or {}
    return int(usage.get("prompt_tokens") or 0)


def _json(target: Target, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    try:
        status, data = ask(target, method, path, body)
        if status != http.client.OK:
            text = data[:300].decode(errors="replace")
            raise StartupError(f"{target.url}{path} answers {status}: {text}")
        return json.loads(data)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise StartupError(f"{target.url}{path}: {error}") from None
