# SPDX-License-Identifier: Apache-2.0
"""Requests that two servers in a row might read differently: refused, with whatever follows them, at every cut."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.echo_server import echo, exchange, server, statuses, trickle

CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"

AMBIGUOUS = {
    "content-length and transfer-encoding": b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "transfer-encoding and content-length": b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
    "two content-lengths": b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "two equal content-lengths": b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
    "a list as content-length": b"Content-Length: 3, 3\r\n\r\nabc",
    "a signed content-length": b"Content-Length: +3\r\n\r\nabc",
    "a negative content-length": b"Content-Length: -1\r\n\r\n",
    "a hexadecimal content-length": b"Content-Length: 0x3\r\n\r\nabc",
    "a content-length with an underscore": b"Content-Length: 1_0\r\n\r\n0123456789",
    "a content-length with a space inside": b"Content-Length: 3 3\r\n\r\nabc",
    "an empty content-length": b"Content-Length:\r\n\r\n",
    "an overflowing content-length": b"Content-Length: 99999999999999999999\r\n\r\n",
    "a space before the colon": b"Content-Length : 3\r\n\r\nabc",
    "a folded header": b"X: a\r\n b\r\n\r\n",
    "a folded content-length": b"Content-Length:\r\n 3\r\n\r\nabc",
    "a folded transfer-encoding": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a null byte in a value": b"X: a\x00b\r\n\r\n",
    "a control character in a value": b"X: a\x01b\r\n\r\n",
    "a null byte in a name": b"X\x00: a\r\n\r\n",
    "a control character in a name": b"X\x01: a\r\n\r\n",
    "an empty name": b": a\r\n\r\n",
    "a line without a colon": b"X\r\n\r\n",
    "a bare line feed after a header": b"X: a\nContent-Length: 3\r\n\r\nabc",
    "a bare line feed at the end": b"X: a\r\n\n",
    "a bare carriage return": b"X: a\rContent-Length: 3\r\n\r\nabc",
    "two carriage returns": b"X: a\r\r\n\r\n",
    "an unknown transfer-encoding": b"Transfer-Encoding: xchunked\r\n\r\n",
    "a transfer-encoding that is not undone": b"Transfer-Encoding: gzip, chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
    "the identity transfer-encoding": b"Transfer-Encoding: identity\r\n\r\n",
    "two transfer-encodings": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a transfer-encoding behind a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunked not last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a signed chunk size": CHUNKED + b"+3\r\nabc\r\n0\r\n\r\n",
    "a negative chunk size": CHUNKED + b"-1\r\na\r\n0\r\n\r\n",
    "a prefixed chunk size": CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n",
    "no chunk size": CHUNKED + b"\r\na\r\n0\r\n\r\n",
    "a space before the chunk size": CHUNKED + b" 1\r\na\r\n0\r\n\r\n",
    "a space behind the chunk size": CHUNKED + b"1 \r\na\r\n0\r\n\r\n",
    "a chunk longer than its size": CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n",
    "a chunk shorter than its size": CHUNKED + b"3\r\na\r\n0\r\n\r\n",
    "an overflowing chunk size": CHUNKED + b"fffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    "a chunk with a bare line feed": CHUNKED + b"3\nabc\n0\n\n",
    "a bare line feed in a chunk extension": CHUNKED + b"1;a\nb\r\na\r\n0\r\n\r\n",
    "a bare carriage return behind a chunk size": CHUNKED + b"1\ra\r\n0\r\n\r\n",
    "a content-length as trailer": CHUNKED + b"1\r\na\r\n0\r\nContent-Length: 5\r\n\r\n",
    "a transfer-encoding as trailer": CHUNKED + b"1\r\na\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
    "two hosts": b"Host: other\r\n\r\n",
}
SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("step", [1, None])
@pytest.mark.parametrize("name", AMBIGUOUS)
async def test_ambiguous_framing_is_refused_and_nothing_behind_it_is_answered(name: str, step: int | None) -> None:
    """A 4xx or 501 (or, once a response is under way, a cut connection); the smuggled request never runs."""
    seen: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["path"])
        await echo(scope, receive, send)

    data = b"POST / HTTP/1.1\r\nHost: h\r\n" + AMBIGUOUS[name] + SMUGGLED
    async with server(app) as (connections, port):
        answer = await (exchange(port, data) if step is None else trickle(connections, data, step))
    assert "/smuggled" not in seen
    assert statuses(answer) in ([400], [501], [])


@pytest.mark.parametrize("step", [1, None])
@pytest.mark.parametrize(
    "line",
    [
        b"GET\t/\tHTTP/1.1",
        b"GET /a b HTTP/1.1",
        b"GET /a\x00b HTTP/1.1",
        b"GET /a\x7fb HTTP/1.1",
        b"GET /\xc3\xa9 HTTP/1.1",
        b"get / HTTP/1.1",
        b"FOO / HTTP/1.1",
        b"G" * 10_000 + b" / HTTP/1.1",
        b"GET /",
        b"GET / HTTP/1.1 ",
        b"GET / HTTP/1.10",
        b"GET / http/1.1",
        b"GET / HTTP/2.0",
        b"GET / HTTP/1.1\r\n Host: h",
        b"GET / HTTP/1.1\r\r",
    ],
)
async def test_request_line_that_is_none_is_refused(line: bytes, step: int | None) -> None:
    """One 400, and the connection ends."""
    data = line + b"\r\nHost: h\r\n\r\n" + SMUGGLED
    async with server() as (connections, port):
        answer = await (exchange(port, data) if step is None else trickle(connections, data, step))
    assert statuses(answer) == [400]


@pytest.mark.parametrize("step", [1, None])
async def test_chunked_in_http_1_0_is_refused(step: int | None) -> None:
    """HTTP/1.0 has no transfer-encoding: a proxy of that age would take the body for something else."""
    data = b"POST / HTTP/1.0\r\n" + CHUNKED + b"1\r\na\r\n0\r\n\r\n" + SMUGGLED
    async with server() as (connections, port):
        answer = await (exchange(port, data) if step is None else trickle(connections, data, step))
    assert statuses(answer) == [400]
