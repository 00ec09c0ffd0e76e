# SPDX-License-Identifier: Apache-2.0
"""Every error has an OpenAI-shaped body of bounded size."""

from __future__ import annotations

import json

import pytest

from fastfront.errors import (
    MAX_BODY_BYTES,
    BadRequestError,
    FastFrontError,
    NotFoundError,
    SchemaError,
    UnsupportedFieldError,
    validation_error,
)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (SchemaError("m", param="body.x"), {"type": "Bad Request", "param": "body.x", "code": 400}),
        (BadRequestError("m"), {"type": "BadRequestError", "param": None, "code": 400}),
        (NotFoundError("m", param="model"), {"type": "NotFoundError", "param": "model", "code": 404}),
        (FastFrontError("m"), {"type": "InternalServerError", "param": None, "code": 500}),
    ],
)
def test_body(error, expected):
    """The members stand in vLLM's order: message, type, param, code."""
    body = json.loads(error.to_json())
    assert body == {"error": {"message": "m", **expected}}
    assert list(body["error"]) == ["message", "type", "param", "code"]


@pytest.mark.parametrize("character", ["x", "\x01", "é", "😀", "\ud800", '"'])
def test_body_is_bounded(character):
    """However a character is written in JSON, message and param stay below the limit together."""
    error = SchemaError(character * 1_000_000, param=character * 1_000_000)
    body = error.to_json()
    assert len(body) <= MAX_BODY_BYTES
    assert json.loads(body)["error"]["message"].endswith("…")


def test_short_messages_are_whole():
    """Nothing is cut that need not be."""
    assert json.loads(SchemaError("x" * 16_000).to_json())["error"]["message"] == "x" * 16_000


@pytest.mark.parametrize(
    ("extras", "message"),
    [
        ({}, "No."),
        ({"parameter": "n"}, "No. (parameter=n)"),
        ({"parameter": "n", "value": 0}, "No. (parameter=n, value=0)"),
        ({"value": 0}, "No. (value=0)"),
    ],
)
def test_validation_error_is_worded_as_vllms(extras, message):
    """The parameter and the value follow the message; the parameter is the error's."""
    error = validation_error("No.", **extras)
    assert (error.message, error.param, error.status) == (message, extras.get("parameter"), 400)


def test_unsupported_fields_are_named():
    """The field stands in the message and is the error's parameter."""
    error = UnsupportedFieldError("echo")
    assert (error.message, error.param) == ("`echo` is not supported by fastfront yet. Remove the field.", "echo")
