# SPDX-License-Identifier: Apache-2.0
"""AnswerReader: what it says of an answer is what a slow obvious reader says, wherever the bytes were cut."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastfront._native.load import AnswerReader
from tests.reference.answer import BrokenAnswerError, UnfinishedAnswerError, read_answer


def chunk(**delta):
    return {"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta}]}


USAGE = {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 3, "total_tokens": 14}}
EVENTS = [chunk(role="assistant", content=""), chunk(content='Gr"ö\\ße\n'), chunk(content=" 你好"), USAGE]


def sse(events, end="\n"):
    lines = [f"data: {json.dumps(event, ensure_ascii=False)}{end}{end}" for event in events]
    return "".join([*lines, f"data: [DONE]{end}{end}"]).encode()


def chunked(body, size=17):
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def response(body, *headers, status="200 OK", length=True):
    lines = [f"HTTP/1.1 {status}", *headers, *([f"Content-Length: {len(body)}"] if length else [])]
    return "\r\n".join([*lines, "", ""]).encode() + body


SSE = "content-type: text/event-stream; charset=utf-8"
WHOLE = json.dumps({"choices": [{"message": {"content": "hi"}}], "usage": {"completion_tokens": 1}}).encode()
ERROR = json.dumps({"error": {"message": "no", "code": 400}}).encode()
CHUNKED = "transfer-encoding: chunked"

ANSWERS = {
    "stream": response(chunked(sse(EVENTS)), SSE, CHUNKED, length=False),
    "stream, a chunk an event": response(chunked(sse(EVENTS), 200), SSE, CHUNKED, length=False),
    "stream until close": response(sse(EVENTS, "\r\n"), SSE, "connection: close", length=False),
    "stream of a length": response(sse(EVENTS, "\r"), SSE),
    "stream with an error": response(sse([EVENTS[1], json.loads(ERROR)]), SSE),
    "tool call": response(sse([chunk(tool_calls=[{"index": 0}]), chunk(tool_calls=[])]), SSE),
    "completion": response(sse([{"choices": [{"text": ""}, {"text": "a"}]}]), SSE),
    "whole": response(WHOLE, "x: y"),
    "whole, chunked": response(chunked(WHOLE, 5), CHUNKED, length=False),
    "error": response(ERROR, status="400 Bad Request"),
    "error page": response(b"<html>", status="502 Bad Gateway"),
    "interim first": b"HTTP/1.1 100 Continue\r\n\r\n" + response(WHOLE),
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "empty": response(b""),
}


def feed(pieces):
    """Return what the reader says and how many bytes it took, of pieces behind which the connection ends."""
    reader = AnswerReader()
    taken = 0
    for piece in pieces:
        used = reader.feed(piece)
        taken += used
        if used < len(piece) or reader.done or reader.failed:
            break
    ended = reader.end_of_input()
    if reader.failed:
        raise BrokenAnswerError
    if not ended:
        raise UnfinishedAnswerError
    return reader.answer, taken


@pytest.mark.parametrize("name", ANSWERS)
def test_every_split(name):
    """Cut in two anywhere, and into single bytes, an answer is what the reference reads in the whole."""
    data = ANSWERS[name]
    expected = read_answer(data)
    assert feed([data]) == expected
    assert feed([data[at : at + 1] for at in range(len(data))]) == expected
    for at in range(1, len(data)):
        assert feed([data[:at], data[at:]]) == expected


@pytest.mark.parametrize("name", ANSWERS)
def test_every_beginning(name):
    """A connection that ends early is noticed exactly where the reference notices it."""
    data = ANSWERS[name]
    for at in range(len(data)):
        outcomes = []
        for read in (read_answer, lambda data: feed([data])):
            try:
                outcomes.append(read(data[:at]))
            except (UnfinishedAnswerError, BrokenAnswerError) as error:
                outcomes.append(type(error))
        assert outcomes[0] == outcomes[1], at


def test_the_next_answer_is_left_alone():
    """Bytes behind an answer are not its own."""
    data = ANSWERS["whole"]
    assert feed([data + ANSWERS["stream"]])[1] == len(data)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", max_size=2), inner, max_size=3),
    max_leaves=6,
)
_MESSAGE = st.dictionaries(st.sampled_from(["role", "content", "reasoning", "tool_calls", "x"]), _JSON, max_size=4)
_CHOICE = st.fixed_dictionaries(
    {}, optional={"delta": _MESSAGE | _JSON, "message": _MESSAGE, "text": _JSON, "x": _JSON}
)
_CHUNK = st.fixed_dictionaries(
    {},
    optional={
        "choices": st.lists(_CHOICE | _JSON, max_size=3) | _JSON,
        "usage": st.dictionaries(st.sampled_from(["prompt_tokens", "completion_tokens", "x"]), _JSON) | _JSON,
        "error": _JSON,
        "x": _JSON,
    },
)


@given(st.lists(_CHUNK, max_size=4), st.booleans(), st.integers(1, 40))
def test_any_json_in_any_place(chunks, escape, size):
    """Whatever members and values the chunks have, as long as they are JSON, both readers say the same."""
    body = "".join(f"data: {json.dumps(chunk, ensure_ascii=escape)}\n\n" for chunk in chunks).encode()
    data = response(chunked(body, size), SSE, CHUNKED, length=False)
    assert feed([data]) == read_answer(data)
    for one in chunks:
        data = response(json.dumps(one, ensure_ascii=escape).encode())
        assert feed([data]) == read_answer(data)
