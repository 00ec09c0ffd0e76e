# SPDX-License-Identifier: Apache-2.0
"""Bodies, good and bad, are answered as a real vLLM server answered them (golden_errors.json, by make_golden.py).

Status, type, param and the beginning of the message are compared. What differs is listed here, with the reason; an
entry that no longer differs fails.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fastfront import protocol
from fastfront.errors import FastFrontError, UnsupportedFieldError

DECODERS = {
    "/v1/chat/completions": protocol.decode_chat_completion_request,
    "/v1/completions": protocol.decode_completion_request,
    "/tokenize": protocol.decode_tokenize_request,
    "/detokenize": protocol.decode_detokenize_request,
}
GOLDEN: list[dict[str, Any]] = json.loads(Path(__file__).with_name("golden_errors.json").read_text(encoding="utf-8"))
MESSAGE_CHARS = 400

DECODED = "decoded"

LATER = {
    # Refused by a later stage, which knows the model: here they decode.
    'model="abc"',
    "unknown model",
    "allowed_token_ids=[]",
    'chat_template="abc"',
    "max_tokens 5000",
    "logit_bias unknown id",
    "stop_token_ids unknown id",
    # ... or the server's flags.
    'prompt_embeds="abc"',
    "embeds",
    "tools",
    "tools choice named",
    "ids unknown",
    "id lists empty",
    'suffix="abc"',
    "mm_processor_kwargs",
    "media_io_kwargs",
    "media",
    "suffix",
    "texts empty",
}
DEVIATIONS = {
    # vLLM answers something else than an OpenAI error.
    "raw: not UTF-8": ("Bad Request", None),
    "raw: 5000 digits": ("Bad Request", None),
    # vLLM fails in the tokenizer, or lets what is no text through where nobody reads it.
    "raw: surrogate": ("Bad Request", None),
    "raw: surrogate in an ignored member": ("Bad Request", None),
    # vLLM answers 500.
    'structured_outputs="abc"': ("Bad Request", "body.structured_outputs"),
    "structured_outputs=[]": ("Bad Request", "body.structured_outputs"),
    "top_k 10**30": ("BadRequestError", "top_k"),
    "repetition_detection 2**70": ("BadRequestError", "repetition_detection.max_pattern_size"),
    "tools malformed and named": ("Bad Request", "body.tools.0.function"),
    # vLLM leaks a Python error: 'NoneType' object is not iterable.
    "messages=null": ("Bad Request", "body.messages"),
    "messages: tool calls number": ("Bad Request", "body.messages.1.tool_calls"),
    # vLLM looks at ranges after the model's name.
    "out of range and unknown model": ("BadRequestError", "temperature"),
    # vLLM drops keys with brackets from the path.
    "logit_bias bracketed key": ("Bad Request", "body.logit_bias.(a)"),
    # vLLM names the form that the client did not use.
    "chat form: tools wrong": ("Bad Request", "body.tools.0.function"),
    "chat form: messages number": ("Bad Request", "body.messages"),
    # vLLM names the first of eight message types, whatever the role, and tells the errors of all of them.
    "messages: no role": ("Bad Request", "body.messages.0.role"),
    "messages: role 5": ("Bad Request", "body.messages.0.role"),
    "messages: user null": ("Bad Request", "body.messages.0.content"),
    "messages: user number": ("Bad Request", "body.messages.1.content"),
    "messages: user name null": ("Bad Request", "body.messages.0.name"),
    "messages: system null": ("Bad Request", "body.messages.0.content"),
    "messages: no object": ("Bad Request", "body.messages.0"),
    "messages: tool id 5": ("Bad Request", "body.messages.1.tool_call_id"),
    "messages: tool null": ("Bad Request", "body.messages.1.content"),
    "messages: tool calls no id": ("Bad Request", "body.messages.1.tool_calls.0.id"),
    "messages: tool calls object arguments": ("Bad Request", "body.messages.1.tool_calls.0.function.arguments"),
    # vLLM leaks pydantic's ValidatorIterator or a TypeError, and names no field.
    "messages: part no text": ("BadRequestError", "messages.0.content.0.text"),
    "messages: part number": ("BadRequestError", "messages.0.content.1.text"),
    # The message says which part, and which types are served.
    "messages: part no type": ("BadRequestError", "type"),
    "messages: part type 5": ("BadRequestError", "type"),
    "messages: part unknown": ("BadRequestError", "type"),
    # vLLM refuses these only for what else is, or is not, in the same message.
    "messages: texts": DECODED,
    "messages: part input_text": DECODED,
    "messages: both null": DECODED,
}
UNSUPPORTED = {
    "messages: part image": "messages.0.content.0.image_url",
}


def _name(row: dict[str, Any]) -> str:
    return f"{row['path']} {row['name']}"


def _answer(row: dict[str, Any]) -> FastFrontError | None:
    try:
        DECODERS[row["path"]](row["body"].encode("latin-1"))
    except FastFrontError as error:
        return error
    return None


def _equals_golden(error: FastFrontError | None, row: dict[str, Any]) -> bool:
    if error is None or row["status"] == 200:
        return error is None and row["status"] == 200
    given = (error.status, error.type, error.param, error.message[:MESSAGE_CHARS])
    return given == (row["status"], row["type"], row["param"], row["message"])


@pytest.mark.parametrize("row", GOLDEN, ids=_name)
def test_answer_is_vllms(row):
    """The error, or its absence, is vLLM's; what differs is listed and differs as listed."""
    error, name = _answer(row), row["name"]
    if name in UNSUPPORTED:
        assert isinstance(error, UnsupportedFieldError)
        assert error.param == UNSUPPORTED[name]
    elif name in DEVIATIONS:
        assert not _equals_golden(error, row)
        assert DEVIATIONS[name] == (DECODED if error is None else (error.type, error.param))
    elif name in LATER:
        assert error is None
        assert row["status"] in {400, 404}
    else:
        assert _equals_golden(error, row), (error and error.to_dict(), row)


def test_lists_name_golden_rows():
    """Every name in the lists is a case."""
    names = {row["name"] for row in GOLDEN}
    assert (LATER | DEVIATIONS.keys() | UNSUPPORTED.keys()) <= names
