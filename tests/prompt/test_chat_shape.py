# SPDX-License-Identifier: Apache-2.0
"""A shape and its texts make the conversation that parse_messages makes of the messages they were read from."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastfront._native.template import RecipeBook
from fastfront.prompt import chat_shape
from fastfront.prompt.content_format import ContentFormat
from fastfront.prompt.conversation import parse_messages

texts = st.text(max_size=9)
arguments = st.one_of(
    st.sampled_from(
        ["", "{}", "null", "[1]", "not JSON", '{"a": 1.50, "a": 2e400}', '{"b":[1,{"c":"\\u00e9\\ud800"}]}', " {}"]
    ),
    st.dictionaries(texts, st.one_of(texts, st.integers(), st.floats(), st.lists(st.none()))).map(json.dumps),
)
calls = st.lists(
    st.fixed_dictionaries(
        {
            "id": texts,
            "type": st.just("function"),
            "function": st.fixed_dictionaries({"name": texts, "arguments": arguments}),
        }
    ),
    max_size=3,
)
parts = st.fixed_dictionaries({"type": st.just("text"), "text": texts}).map(lambda part: [part])
contents = st.one_of(texts, parts)
unseen: dict[Any, Any] = dict.fromkeys(("refusal", "audio", "function_call"), st.none())
unseen["annotations"] = st.sampled_from([None, []])
messages = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["user", "system"]), "content": contents}),
    st.fixed_dictionaries({"role": st.just("tool"), "content": contents}, optional={"tool_call_id": texts}),
    st.fixed_dictionaries(
        {"role": st.just("assistant")},
        optional={
            "content": st.one_of(st.none(), contents),
            "tool_calls": st.one_of(st.none(), calls),
            "reasoning": st.one_of(st.none(), texts),
            "reasoning_content": st.one_of(st.none(), texts),
            **unseen,
        },
    ),
)


def renamed(message: dict[str, Any]) -> dict[str, Any]:
    """Return the message as the schema leaves it."""
    copy = dict(message)
    deprecated = copy.pop("reasoning_content", None)
    if deprecated is not None and copy.get("reasoning") is None:
        copy["reasoning"] = deprecated
    return copy


@pytest.mark.parametrize("content_format", ["string", "openai"])
@given(conversation=st.lists(messages, min_size=1, max_size=5))
def test_what_is_read_is_what_is_parsed(content_format: ContentFormat, conversation: list[dict[str, Any]]) -> None:
    """Member for member; a template gets the same, and each of these messages is read."""
    read = RecipeBook(printer=chat_shape.ARGUMENTS).read(conversation, content_format == "openai")
    assert read is not None
    shape, found = read
    parsed = parse_messages([renamed(message) for message in conversation], content_format)
    # By JSON: nan is not itself, and what an object holds twice is there once.
    assert json.dumps(chat_shape.conversation(shape, found), sort_keys=True) == json.dumps(parsed, sort_keys=True)


def test_which_texts_are_what() -> None:
    """System contents, and arguments; calls with theirs are not plain."""
    shape = b"suhaiirSN"
    assert chat_shape.system_texts(shape) == [0, 12]
    assert chat_shape.arguments_texts(shape) == {6, 9}
    assert not chat_shape.is_plain(shape)
    assert chat_shape.is_plain(b"suatSUAT")
    assert not chat_shape.is_plain(b"ur")


def test_arguments_that_are_nested_too_deeply_are_not_printed() -> None:
    """The request is refused for them."""
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": "[" * 100_000}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    assert RecipeBook(printer=chat_shape.ARGUMENTS).read([message], False) is None
