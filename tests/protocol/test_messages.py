# SPDX-License-Identifier: Apache-2.0
"""Messages reach the template as they came, once their shape is known; what vLLM refuses is refused by its place."""

from __future__ import annotations

import copy
import json

import pytest

from fastfront.errors import BadRequestError, FastFrontError, SchemaError, UnsupportedFieldError
from fastfront.protocol import ChatCompletionRequest, decode_chat_completion_request
from fastfront.protocol.messages import are_plain_messages

CALL = {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def _decode(*messages: object) -> ChatCompletionRequest:
    return decode_chat_completion_request(json.dumps({"messages": messages}).encode())


PLAIN = [
    [{"role": "user", "content": "hi"}],
    [{"role": "system", "content": "s"}, {"role": "developer", "content": "d"}, {"role": "critic", "content": "c"}],
    [{"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]}],
    [{"role": "user", "content": []}],
    [{"role": "user"}],
    [{"role": "assistant", "content": None, "tool_calls": [CALL]}],
    [{"role": "assistant", "tool_calls": []}],
    [{"role": "assistant", "content": None, "tool_calls": None}],
    [{"role": "assistant", "content": "x", "reasoning": "hm", "refusal": None}],
    [{"role": "tool", "content": [{"type": "text", "text": "x"}], "tool_call_id": "a"}],
    [{"role": "user", "content": "x", "name": "bob", "tool_calls": 5, "extra": {"a": [1]}}],
]
ACCEPTED_SLOWLY = [
    [{"role": "user", "content": ["a", {"type": "text", "text": "b"}]}],
    [{"role": "user", "content": [{"type": "input_text", "text": "b"}]}],
    [{"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}, {"type": "thinking", "thinking": "hm"}]}],
    [{"role": "tool", "content": [{"type": "tool_reference", "name": "f"}], "tool_call_id": "a"}],
    [{"role": "tool", "content": "x", "tool_call_id": None}],
    [{"role": "function", "content": None, "name": "f"}],
]


@pytest.mark.parametrize("messages", PLAIN)
def test_plain_messages_take_the_fast_path(messages):
    """What chats usually hold is taken as it is, and quickly."""
    assert are_plain_messages(copy.deepcopy(messages))
    assert _decode(*messages).messages == messages


@pytest.mark.parametrize("messages", ACCEPTED_SLOWLY)
def test_other_messages_are_taken_unchanged(messages):
    """What is rare takes the slow path and comes out the same."""
    assert not are_plain_messages(copy.deepcopy(messages))
    assert _decode(*messages).messages == messages


@pytest.mark.parametrize("slow", [False, True])
def test_reasoning_content_becomes_reasoning(slow):
    """The deprecated name is moved, and does not replace the new one."""
    extra = {"n": "1"} if slow else {}
    body = {
        "messages": [
            {"role": "assistant", "content": "x", "reasoning_content": "old"},
            {"role": "assistant", "content": "x", "reasoning_content": "old", "reasoning": "new"},
            {"role": "assistant", "content": "x", "reasoning_content": None},
        ],
        **extra,
    }
    messages = decode_chat_completion_request(json.dumps(body).encode()).messages
    assert [message.get("reasoning") for message in messages] == ["old", "new", None]
    assert not any("reasoning_content" in message for message in messages)


def test_null_texts_are_dropped():
    """A text part without text does not reach the template, as in vLLM."""
    parts = [{"type": "text", "text": None}, {"type": "text", "text": "a"}, {"type": "refusal", "refusal": None}]
    assert _decode({"role": "user", "content": parts}).messages == [
        {"role": "user", "content": [{"type": "text", "text": "a"}]}
    ]


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"content": "x"}, "role"),
        ({"role": None, "content": "x"}, "role"),
        ({"role": "user", "content": None}, "content"),
        ({"role": "user", "content": {}}, "content"),
        ({"role": "tool", "content": True}, "content"),
        ({"role": "user", "content": "x", "name": None}, "name"),
        ({"role": "tool", "content": "x", "tool_call_id": 5}, "tool_call_id"),
        ({"role": "assistant", "tool_calls": {}}, "tool_calls"),
        ({"role": "assistant", "tool_calls": [5]}, "tool_calls.0"),
        ({"role": "assistant", "tool_calls": [CALL, {**CALL, "id": 5}]}, "tool_calls.1.id"),
        ({"role": "assistant", "tool_calls": [{**CALL, "type": "x"}]}, "tool_calls.0.type"),
        ({"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "f"}}]}, "tool_calls.0.function.arguments"),
    ],
)
def test_wrong_members_are_named(message, param):
    """A member of the wrong shape is a schema error at its path."""
    with pytest.raises(SchemaError) as caught:
        _decode({"role": "user", "content": "hi"}, message)
    assert caught.value.param == f"body.messages.1.{param}"


def test_wrong_messages_are_all_told():
    """Issues of several messages, and of other fields, are told together in the fields' order."""
    body = {"messages": [{"role": 5, "content": 5}, "x"], "n": "x"}
    with pytest.raises(SchemaError) as caught:
        decode_chat_completion_request(json.dumps(body).encode())
    paths = [line.split("'loc': '")[1].split("'")[0] for line in caught.value.message.splitlines()[1:]]
    assert paths == [
        "body.messages.0.role",
        "body.messages.0.content",
        "body.messages.0.content",
        "body.messages.1",
        "body.n",
    ]


@pytest.mark.parametrize(
    ("part", "param", "words"),
    [
        (5, "messages.0.content.1", "must be an object with a `type`, or a string"),
        ({"type": "text"}, "messages.0.content.1.text", "must be a string"),
        ({"type": "thinking", "thinking": None}, "messages.0.content.1.thinking", "must be a string"),
        ({"type": "tool_reference", "name": 5}, "messages.0.content.1.name", "must be a string"),
        ({"text": "x"}, "type", "Missing 'type' field in multimodal part `messages.0.content.1`"),
        ({"type": ["text"]}, "type", "Invalid 'type' field"),
        ({"type": "file", "file": {}}, "type", "Unsupported chat content part type: 'file'. Supported types: input_te"),
    ],
)
def test_wrong_parts_are_named(part, param, words):
    """A content part that cannot be read is refused with its place and what would be right."""
    with pytest.raises(BadRequestError, match=words.replace("(", r"\(")) as caught:
        _decode({"role": "user", "content": [{"type": "text", "text": "a"}, part]})
    assert caught.value.param == param


@pytest.mark.parametrize(
    "part",
    [
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"type": "input_audio", "input_audio": {}},
        {"image_url": "http://x"},
        {"video_url": None, "uuid": "x"},
    ],
)
def test_media_are_refused_by_name(part):
    """A part that is no text is refused with its type, never dropped."""
    kind = part.get("type") or next(iter(part))
    with pytest.raises(UnsupportedFieldError) as caught:
        _decode({"role": "user", "content": [part]})
    assert caught.value.param == f"messages.0.content.0.{kind}"


def test_embeddings_are_a_part() -> None:
    """Base64 of a tensor file goes to the renderer, which reads it; without it there is no such part."""
    part = {"type": "prompt_embeds", "data": "AAAA"}
    assert _decode({"role": "user", "content": [part]}).messages[0]["content"] == [part]
    for wrong in ({}, {"data": None}, {"data": ""}):
        with pytest.raises(BadRequestError, match="requires a non-empty `data` field") as caught:
            _decode({"role": "user", "content": [{"type": "prompt_embeds", **wrong}]})
        assert caught.value.param == "prompt_embeds"
    with pytest.raises(BadRequestError, match="must be a string"):
        _decode({"role": "user", "content": [{"type": "prompt_embeds", "data": 5}]})


def test_custom_tool_calls_are_refused():
    """Only function calls can stand in the history."""
    call = {"id": "a", "type": "custom", "custom": {"name": "f", "input": ""}}
    with pytest.raises(FastFrontError, match="only support assistant tool_calls of type 'function'") as caught:
        _decode({"role": "assistant", "tool_calls": [call]})
    assert caught.value.param == "tool_calls"


def test_no_messages_are_refused():
    """An empty conversation has nothing to answer."""
    with pytest.raises(BadRequestError, match="empty conversation"):
        _decode()
