# SPDX-License-Identifier: Apache-2.0
"""Reading requests and sending whole responses over ASGI: bounded bodies, content types, JSON.

Knows HTTP and nothing of models, engines or schemas.
"""

from __future__ import annotations

from fastfront.errors import FastFrontError, PayloadTooLargeError, SchemaError, ServiceUnavailableError
from fastfront.output.asgi import ClientDisconnectedError, Receive, Scope, Send

Header = tuple[bytes, bytes]

CONTENT_LENGTH = "fastfront.content_length"
"""Key in the scope for the response's content-length, which the metrics count; not there: none."""

RETRY_AFTER = b"1"
"""Seconds after which a client may ask again when the server is starting, draining or full."""


def get_header(scope: Scope, name: bytes) -> str | None:
    """Return the first header of that (lower-case) name, or None."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return None


def content_length(scope: Scope) -> int:
    """Return what the request's content-length header says, 0 without one."""
    declared = get_header(scope, b"content-length") or ""
    return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 19 else 0


def is_json_type(content_type: str) -> bool:
    """Return whether a Content-Type header's value is JSON's, whatever its parameters."""
    return content_type.lower().split(";", maxsplit=1)[0].strip() == "application/json"


def check_json_content_type(scope: Scope) -> None:
    """Refuse a request whose Content-Type is not application/json, before anything of its body is read."""
    content_type = get_header(scope, b"content-type") or ""
    if content_type != "application/json" and not is_json_type(content_type):
        raise SchemaError("1 validation error:\n  Unsupported Media Type: Only 'application/json' is allowed")


def _too_large(limit: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"The request body is larger than the {limit} bytes that this server accepts.")


async def read_body(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Return the request body, at most `limit` bytes of it held at any time (0: no limit).

    A declared length above the limit is refused before anything is read, a chunked body as soon as it passes it.
    """
    if limit:
        declared = get_header(scope, b"content-length")
        # An unparsable length is the server's to refuse; here it only must not break the comparison.
        if declared is not None and declared.isascii() and declared.isdigit():
            digits = declared.lstrip("0")
            if len(digits) > 18 or int(digits or "0") > limit:
                raise _too_large(limit)
    message = await receive()
    if message["type"] == "http.disconnect":
        raise ClientDisconnectedError
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        if limit and len(body) > limit:
            raise _too_large(limit)
        return body
    buffer = bytearray(body)
    while True:
        if limit and len(buffer) > limit:
            raise _too_large(limit)
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnectedError
        buffer += message.get("body", b"")
        if not message.get("more_body", False):
            if limit and len(buffer) > limit:
                raise _too_large(limit)
            return bytes(buffer)


async def send_response(
    scope: Scope,
    send: Send,
    status: int,
    body: bytes = b"",
    content_type: bytes = b"",
    headers: tuple[Header, ...] = (),
) -> int:
    """Send a whole response and return its status. A HEAD request gets the headers alone."""
    lines: list[Header] = [(b"content-length", str(len(body)).encode())]
    if content_type:
        lines.append((b"content-type", content_type))
    lines.extend(headers)
    scope[CONTENT_LENGTH] = len(body)
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body, "more_body": False})
    return status


async def send_json(scope: Scope, send: Send, status: int, body: bytes, headers: tuple[Header, ...] = ()) -> int:
    """Send a whole JSON response and return its status."""
    return await send_response(scope, send, status, body, b"application/json", headers)


async def send_error(scope: Scope, send: Send, error: FastFrontError) -> int:
    """Send an error in OpenAI's shape and return its status."""
    headers: tuple[Header, ...] = ()
    if isinstance(error, PayloadTooLargeError) and str(scope.get("http_version", "1.1")).startswith("1"):
        # The rest of the body is not read: the connection cannot be used for another request.
        headers = ((b"connection", b"close"),)
    elif isinstance(error, ServiceUnavailableError):
        headers = ((b"retry-after", RETRY_AFTER),)
    return await send_json(scope, send, error.status, error.to_json(), headers)
