# SPDX-License-Identifier: Apache-2.0
"""Messages as a template sees them. The golden files compare the result; here is what must hold of the way there."""

from __future__ import annotations

import copy

import pytest

from fastfront.errors import BadRequestError
from fastfront.prompt.content_format import ContentFormat
from fastfront.prompt.conversation import parse_messages

CALL = {"type": "function", "function": {"name": "f", "arguments": '{"b": 1, "a": 2}', "z": 0}, "index": 0, "id": "x"}
HISTORY = [
    {"role": "system", "content": "x-anthropic-billing-header: 1\nreal"},
    {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {}}, "b"]},
    {"role": "assistant", "content": None, "reasoning": "r", "tool_calls": [CALL]},
    {"role": "tool", "content": [{"type": "text", "text": "c"}], "tool_call_id": "x"},
    {"role": "developer", "content": "d", "tools": [{"type": "function", "function": {"strict": True, "name": "f"}}]},
]


@pytest.mark.parametrize("content_format", ["string", "openai"])
def test_the_request_is_not_changed(content_format: ContentFormat) -> None:
    """Parsing the same request twice gives the same conversation: arguments stay text in the request."""
    messages = copy.deepcopy(HISTORY)
    first = parse_messages(messages, content_format)
    assert messages == HISTORY
    assert parse_messages(messages, content_format) == first


def test_members_come_in_the_schemas_order() -> None:
    """Templates print tool calls and tools with tojson: their members' order is part of the prompt."""
    conversation = parse_messages(HISTORY, "string")
    call = conversation[2]["tool_calls"][0]
    assert list(call) == ["id", "function", "type", "index"]
    assert list(call["function"]) == ["arguments", "name", "z"]
    assert list(call["function"]["arguments"]) == ["b", "a"]
    tool = conversation[4]["tools"][0]
    assert list(tool) == ["function", "type"]
    assert list(tool["function"]) == ["name", "strict"]


def test_both_forms_of_content() -> None:
    """Text parts become lines of one string, or stay parts with the members that the schema does not know."""
    assert [message["content"] for message in parse_messages(HISTORY, "string")] == ["real", "a\nb", "", "c", "d"]
    parts = parse_messages(HISTORY, "openai")
    assert parts[0]["content"] == [{"type": "text", "text": "real"}]
    assert parts[1]["content"] == [{"type": "text", "text": "a", "cache_control": {}}, {"type": "text", "text": "b"}]
    assert parts[2]["content"] == []
    assert parts[3]["content"] == "c"


def test_reasoning_has_both_its_names() -> None:
    """Older templates read reasoning_content."""
    message = parse_messages(HISTORY, "string")[2]
    assert message["reasoning"] == message["reasoning_content"] == "r"


@pytest.mark.parametrize("arguments", ["", "not JSON", "[1]", "42", "null"])
def test_arguments_that_are_no_object_become_an_empty_one(arguments: str) -> None:
    """They stand in the history: refusing them would end the conversation for good."""
    call = {**CALL, "function": {"name": "f", "arguments": arguments}}
    message = parse_messages([{"role": "assistant", "content": "x", "tool_calls": [call]}], "string")[0]
    assert message["tool_calls"][0]["function"]["arguments"] == {}


def test_arguments_nested_without_end_are_refused() -> None:
    """Python's JSON reader gives up at a depth; that is the request's fault, not the server's."""
    call = {**CALL, "function": {"name": "f", "arguments": '{"a":' * 100_000}}
    with pytest.raises(BadRequestError, match="nested too deeply"):
        parse_messages([{"role": "assistant", "content": "x", "tool_calls": [call]}], "string")
