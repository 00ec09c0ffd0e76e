# SPDX-License-Identifier: Apache-2.0
"""Reading bounded bodies and sending whole responses over ASGI."""

from __future__ import annotations

import json

import pytest

from fastfront.errors import BadRequestError, PayloadTooLargeError, SchemaError, ServiceUnavailableError
from fastfront.output import ClientDisconnectedError
from fastfront.routes.http import check_json_content_type, get_header, read_body, send_error, send_json


def scope(method="POST", **headers):
    """Return an HTTP scope with these headers (underscores become dashes)."""
    lines = [(name.replace("_", "-").encode(), value.encode("latin-1")) for name, value in headers.items()]
    return {"type": "http", "method": method, "path": "/", "headers": lines, "http_version": "1.1"}


class Body:
    """A receive() that gives these pieces, and counts how many were asked for."""

    def __init__(self, *pieces, leaves=False):
        self.messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
        if leaves:
            self.messages.append({"type": "http.disconnect"})
        else:
            self.messages[-1]["more_body"] = False
        self.asked = 0

    async def __call__(self):
        self.asked += 1
        return self.messages.pop(0)


async def sent(call, *arguments):
    """Return what an ASGI server would have seen."""
    messages = []

    async def send(message):
        messages.append(message)

    await call(arguments[0], send, *arguments[1:])
    start, body = messages
    return start["status"], dict(start["headers"]), body["body"]


async def test_body_in_one_piece():
    """The ordinary case: everything in the first message."""
    assert await read_body(scope(), Body(b"abc"), 10) == b"abc"


async def test_body_in_pieces():
    """Pieces are put together in their order."""
    assert await read_body(scope(), Body(b"a", b"", b"bc"), 10) == b"abc"


async def test_body_of_exactly_the_limit_is_taken():
    """The limit itself is allowed, whole or in pieces."""
    assert await read_body(scope(content_length="3"), Body(b"abc"), 3) == b"abc"
    assert await read_body(scope(), Body(b"ab", b"c"), 3) == b"abc"


@pytest.mark.parametrize("length", ["11", "2147483648", "9" * 4000])
async def test_declared_length_above_the_limit_is_refused_unread(length):
    """A client that announces 2 GB is answered before a byte of it is read."""
    body = Body(b"abc")
    with pytest.raises(PayloadTooLargeError):
        await read_body(scope(content_length=length), body, 10)
    assert body.asked == 0


async def test_leading_zeros_do_not_make_a_length_long():
    """RFC 9110 allows them."""
    assert await read_body(scope(content_length="0" * 30 + "3"), Body(b"abc"), 10) == b"abc"


async def test_chunked_body_is_refused_when_it_passes_the_limit():
    """Without a declared length, reading stops at the piece that is too much."""
    body = Body(b"aaaa", b"bbbb", b"cccc", b"dddd")
    with pytest.raises(PayloadTooLargeError):
        await read_body(scope(), body, 10)
    assert body.asked == 3


@pytest.mark.parametrize("pieces", [(b"x" * 11,), (b"x" * 5, b"x" * 6)])
async def test_last_piece_counts_too(pieces):
    """A body is not longer than the limit by its last piece either."""
    with pytest.raises(PayloadTooLargeError):
        await read_body(scope(), Body(*pieces), 10)


async def test_limit_zero_is_no_limit():
    """0 switches the bound off."""
    assert len(await read_body(scope(content_length="100"), Body(b"x" * 100), 0)) == 100


@pytest.mark.parametrize("pieces", [(), (b"ab",)])
async def test_client_that_leaves_mid_body(pieces):
    """There is nobody to answer."""
    with pytest.raises(ClientDisconnectedError):
        await read_body(scope(), Body(*pieces, leaves=True), 10)


@pytest.mark.parametrize("value", ["application/json", "Application/JSON", "application/json; charset=utf-8"])
def test_json_content_types(value):
    """Case and parameters do not matter."""
    check_json_content_type(scope(content_type=value))


@pytest.mark.parametrize(
    "headers", [{}, {"content_type": ""}, {"content_type": "text/plain"}, {"content_type": "\xff"}]
)
def test_other_content_types_are_refused_in_vllms_words(headers):
    """A missing Content-Type is refused as well: browsers' forms must not reach the engine."""
    with pytest.raises(SchemaError) as caught:
        check_json_content_type(scope(**headers))
    assert caught.value.message == "1 validation error:\n  Unsupported Media Type: Only 'application/json' is allowed"
    assert caught.value.status == 400


def test_first_of_several_headers_counts():
    """A header sent twice is the first one."""
    twice = {"headers": [(b"x", b"1"), (b"x", b"2")]}
    assert get_header(twice, b"x") == "1"
    assert get_header(twice, b"y") is None


async def test_json_response_says_its_length_and_type():
    """Whole responses are not chunked."""
    status, headers, body = await sent(send_json, scope(), 200, b'{"a":1}')
    assert (status, body) == (200, b'{"a":1}')
    assert headers == {b"content-length": b"7", b"content-type": b"application/json"}


async def test_head_gets_the_headers_of_get():
    """The length is that of the body which is not sent."""
    _, headers, body = await sent(send_json, scope("HEAD"), 200, b'{"a":1}')
    assert (headers[b"content-length"], body) == (b"7", b"")


async def test_error_is_openai_shaped():
    """Message, type, param and code, in an object of their own."""
    status, _, body = await sent(send_error, scope(), BadRequestError("no", param="n"))
    assert status == 400
    assert json.loads(body) == {"error": {"message": "no", "type": "BadRequestError", "param": "n", "code": 400}}


async def test_refused_body_ends_the_connection():
    """What is left of a body that was not read must not be taken for the next request."""
    _, headers, _ = await sent(send_error, scope(), PayloadTooLargeError("big"))
    assert headers[b"connection"] == b"close"
    _, headers, _ = await sent(send_error, {**scope(), "http_version": "2"}, PayloadTooLargeError("big"))
    assert b"connection" not in headers


async def test_unavailable_says_when_to_come_back():
    """A client that honours Retry-After does not hammer a server that starts or drains."""
    _, headers, _ = await sent(send_error, scope(), ServiceUnavailableError("later"))
    assert headers[b"retry-after"] == b"1"
