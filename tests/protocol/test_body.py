# SPDX-License-Identifier: Apache-2.0
"""Whatever bytes come as a body, the answer is a request or a 400, in bounded time, memory and size."""

from __future__ import annotations

import json
import logging

import pytest

from fastfront import protocol
from fastfront.errors import MAX_BODY_BYTES, FastFrontError, SchemaError
from fastfront.protocol import body as body_module

DECODERS = [
    protocol.decode_chat_completion_request,
    protocol.decode_completion_request,
    protocol.decode_tokenize_request,
    protocol.decode_detokenize_request,
]
HI = b'"messages":[{"role":"user","content":"hi"}],"prompt":"hi","tokens":[1]'

HOSTILE = {
    "open arrays": b"[" * 1_000_000,
    "open objects": b'{"a":' * 200_000,
    "deep value": b"{" + HI + b',"chat_template_kwargs":{"a":' + b"[" * 100_000,
    "deep content": b'{"messages":[{"role":"user","content":' + b"[" * 5000 + b"]" * 5000 + b"}]}",
    "many digits": b"{" + HI + b',"max_tokens":' + b"1" * 1_000_000 + b"}",
    "digits in a text": b"{" + HI + b',"seed":"' + b"1_" * 500_000 + b'1"}',
    "many wrong ids": json.dumps({"prompt": [1] + ["a"] * 200_000, "tokens": ["a"] * 200_000}).encode(),
    "many wrong messages": json.dumps({"messages": [{"role": 5}] * 50_000}).encode(),
    "long key": b"{" + HI + b',"logit_bias":{"' + b"k" * 1_000_000 + b'":"x"}}',
    "many wrong keys": b"{" + HI + b',"logit_bias":{' + b",".join(b'"k%d":1' % i for i in range(50_000)) + b"}}",
    "control characters": b"{" + HI + b',"tools":[1],"tool_choice":"' + b"\\u0001" * 100_000 + b'"}',
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("decode", DECODERS, ids=lambda decode: decode.__name__)
def test_hostile_bodies_are_answered_briefly(decode, body):
    """Depth, length and numbers beyond measure end in a bounded 400, or do not matter to the endpoint."""
    try:
        decode(body)
    except FastFrontError as error:
        caught = error
    else:
        assert body.startswith(b"{" + HI)  # complete without the member at fault, which this endpoint does not know
        return
    assert caught.status == 400
    assert len(caught.to_json()) <= MAX_BODY_BYTES


@pytest.mark.parametrize("decode", DECODERS, ids=lambda decode: decode.__name__)
@pytest.mark.parametrize("text", [b"\\ud800", b"\xed\xa0\x80", b"\\udc00\\ud800", b"\xff", b"\xc3"])
def test_no_text_is_refused(decode, text):
    """Unpaired surrogates, escaped or raw, and bytes that are no UTF-8 are refused in any member that is read."""
    with pytest.raises(SchemaError, match="There was an error parsing the body: it"):
        decode(b'{"model":"' + text + b'",' + HI + b"}")


def test_surrogate_pairs_are_text():
    """A paired surrogate escape is one character, on the slow path too."""
    raw = b'{"messages":[{"role":"user","content":"\\ud83d\\ude00"}],"n":"1"}'
    assert protocol.decode_chat_completion_request(raw).messages[0]["content"] == "😀"


def test_numbers_that_json_does_not_know():
    """NaN, Infinity and 1e999 are read as vLLM reads them: numbers, and out of range."""
    for text, name in ((b"NaN", "nan"), (b"Infinity", "inf"), (b"-1e999", "-inf")):
        with pytest.raises(FastFrontError) as caught:
            protocol.decode_chat_completion_request(b'{"temperature":' + text + b"," + HI + b"}")
        assert caught.value.message.startswith(f"temperature must be a finite number, got {name}.")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32-be"])
def test_other_encodings_are_read(encoding):
    """A byte order mark, UTF-16 and UTF-32 are read as Python's json module reads them."""
    raw = '{"messages":[{"role":"user","content":"grüße"}]}'.encode(encoding)
    assert protocol.decode_chat_completion_request(raw).messages[0]["content"] == "grüße"


def test_the_last_of_equal_members_counts():
    """Of two members with one name the second is taken."""
    request = protocol.decode_chat_completion_request(b'{"max_tokens":1,"max_tokens":2,' + HI + b"}")
    assert request.max_tokens == 2


def test_ignored_fields_are_logged_at_debug_level(caplog):
    """Fields that nobody knows are ignored, and named in the log for who wants to see."""
    with caplog.at_level(logging.DEBUG, logger="fastfront.protocol.body"):
        protocol.decode_chat_completion_request(b'{"best_of":3,' + HI + b"}")
    assert "['best_of', 'prompt', 'tokens']" in caplog.text


def test_removed_guided_fields_are_warned_of_once(caplog):
    """A client that counts on guided decoding of old is ignored loudly, and once."""
    body_module._warn_of_removed_fields.cache_clear()
    for _ in range(2):
        protocol.decode_chat_completion_request(b'{"guided_json":{},' + HI + b"}")
    assert caplog.text.count("guided_json") == 1
