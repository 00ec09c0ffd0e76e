# SPDX-License-Identifier: Apache-2.0
"""The fast path and the slow path are one function: whatever body comes, they agree on the request or on the error."""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastfront.errors import FastFrontError
from fastfront.protocol import chat, completions, tokenize
from fastfront.protocol.decode import OutOfRangeError, RequestDecoder

_SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from([0, 1, -1, 2, 5, 100, 2**31, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**30]),
    st.sampled_from([0.0, -0.0, 0.5, 1.0, 1.5, -0.5, 2.0, 1e300]),
    st.sampled_from(["", "a", "5", " 7 ", "1.5", "true", "off", "none", "auto", "left", "tensors", "high", "token"]),
)
_TEXT_PART = st.fixed_dictionaries({"type": st.just("text"), "text": st.one_of(st.text(max_size=3), _SCALARS)})
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.dictionaries(st.sampled_from(["a", "5", "type", "name", "include_usage", "json"]), inner, max_size=3),
    ),
    max_leaves=6,
)
_TOOL_CALL = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", 5]),
        "type": st.sampled_from(["function", "function", "custom", None]),
        "function": st.fixed_dictionaries({"name": st.just("f"), "arguments": st.sampled_from(["{}", {}, None])}),
    }
)
_MESSAGE = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "system", "assistant", "tool", "developer", "critic", 5])},
    optional={
        "content": st.one_of(st.just("hi"), st.lists(st.one_of(_TEXT_PART, _VALUES), max_size=2), _VALUES),
        "name": st.one_of(st.just("bob"), _SCALARS),
        "tool_call_id": _SCALARS,
        "reasoning": _SCALARS,
        "reasoning_content": _SCALARS,
        "tool_calls": st.one_of(st.none(), st.lists(_TOOL_CALL, max_size=2), _VALUES),
    },
)
_PLAIN_MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "assistant"]), "content": st.text(max_size=3)},
        optional={"name": st.just("bob"), "reasoning_content": st.just("hm"), "tool_calls": st.just([])},
    ),
    min_size=1,
    max_size=2,
)
_MESSAGES = st.one_of(_PLAIN_MESSAGES, _PLAIN_MESSAGES, st.lists(_MESSAGE, max_size=3), _VALUES)
_PROMPTS = st.one_of(st.just("hi"), st.lists(st.integers(0, 9), min_size=1), st.lists(st.integers(-1, 9)), _VALUES)
_PLAUSIBLE = {
    "bool": st.one_of(st.booleans(), st.booleans(), st.sampled_from(["yes", 0])),
    "int": st.one_of(st.integers(-1, 9), st.integers(-1, 9), st.sampled_from(["5", 5.0])),
    "float": st.sampled_from([0, 0.5, 1, 0, 0.5, 1, "0.5"]),
    "str": st.sampled_from(["a", "low", "left", "none"]),
}


def _plausible(struct: type[msgspec.Struct], name: str) -> st.SearchStrategy[Any]:
    """Values that the field is likely to take, by the first type that its annotation names."""
    words = re.findall(r"\w+", str(struct.__annotations__[name]))
    return next((_PLAUSIBLE[word] for word in words if word in _PLAUSIBLE), _VALUES)


def _bodies(struct: type[msgspec.Struct], **usual: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    """Bodies with the usual members and a few others: of the right type, mostly of the right type, of any type."""
    names = [name for name in struct.__struct_fields__ if name not in usual]
    right = st.fixed_dictionaries({}, optional={name: _plausible(struct, name) for name in names})
    wrong = st.dictionaries(st.sampled_from([*names, "unknown"]), _VALUES, max_size=2)
    few = st.sets(st.sampled_from(names), max_size=4)

    def merge(first: dict[str, Any], second: dict[str, Any], kept: set[str], third: dict[str, Any]) -> bytes:
        members = {name: value for name, value in second.items() if name in kept}
        return json.dumps({**first, **members, **third}).encode()

    first = st.fixed_dictionaries(usual)
    return st.builds(merge, first, right, few, st.one_of(st.just({}), wrong))


def _outcome(decode: Any, body: bytes) -> Any:
    try:
        return decode(body)
    except FastFrontError as error:
        return error.to_dict()


def _check_agreement(decoder: RequestDecoder[Any], body: bytes) -> None:
    assert _outcome(decoder, body) == _outcome(decoder.decode_slowly, body)


@settings(max_examples=800, deadline=None, print_blob=True)
@given(_bodies(chat.ChatCompletionRequest, messages=_MESSAGES))
def test_chat_paths_agree(body):
    """Both paths make equal chat requests, or raise equal errors."""
    _check_agreement(chat._DECODER, body)


_FUNCTION = st.fixed_dictionaries(
    {"name": st.sampled_from(["f", "f", "", 5])},
    optional={
        "description": st.sampled_from(["", "what it does", None, 5]),
        "parameters": st.sampled_from([{}, {"type": "object", "properties": {"a": {"x": [1, 2.5, 2**70]}}}, None, []]),
        "strict": st.sampled_from([True, False, None, "yes"]),
        "defer_loading": st.sampled_from([True, None, 1]),
        "unknown": st.just(1),
    },
)
_TOOL = st.fixed_dictionaries(
    {"function": st.one_of(_FUNCTION, _FUNCTION, _FUNCTION, _VALUES)},
    optional={
        "type": st.sampled_from(["function", "function", "function", "other", None]),
        "defer_loading": st.sampled_from([True, None]),
        "unknown": st.just(1),
    },
)
_CHOICES = st.sampled_from(
    ["none", "auto", "required", "other", None, {"type": "function", "function": {"name": "f"}}, {"function": {}}, 5]
)


@settings(max_examples=800, deadline=None, print_blob=True)
@given(
    st.fixed_dictionaries(
        {"messages": _PLAIN_MESSAGES},
        optional={
            "tools": st.one_of(st.lists(_TOOL, max_size=2), st.lists(_TOOL, max_size=2), _VALUES),
            "tool_choice": _CHOICES,
        },
    )
)
def test_chat_paths_agree_about_tools(body):
    """Both paths make equal chat requests, or raise equal errors, whatever the tools."""
    _check_agreement(chat._DECODER, json.dumps(body).encode())


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (b"", "auto"),
        (b',"tool_choice":"none"', "none"),
        (b',"tool\\u005fchoice":"none"', "none"),
        (b',"tool_choice":null', None),
        (b',"tool_choice":"auto"', "auto"),
        (b',"tool_choice":"auto","tool_choice":"none"', "none"),
    ],
)
def test_tools_without_a_choice_may_be_called(monkeypatch, choice, expected):
    """A choice that is not there is told from "none", on the fast path, too."""
    tools = b'"tools":[{"type":"function","function":{"name":"f"}}]'
    body = b'{"messages":[{"role":"user","content":"tool_choice"}],%b%b}' % (tools, choice)
    assert chat._DECODER.decode_slowly(body).tool_choice == expected
    monkeypatch.setattr(chat._DECODER, "decode_slowly", None)
    assert chat._DECODER(body).tool_choice == expected


@settings(max_examples=600, deadline=None, print_blob=True)
@given(_bodies(completions.CompletionRequest, prompt=_PROMPTS))
def test_completion_paths_agree(body):
    """Both paths make equal completion requests, or raise equal errors."""
    _check_agreement(completions._DECODER, body)


@settings(max_examples=300, deadline=None, print_blob=True)
@given(_bodies(tokenize.DetokenizeRequest, tokens=_PROMPTS))
def test_detokenize_paths_agree(body):
    """Both paths make equal detokenize requests, or raise equal errors."""
    _check_agreement(tokenize._DETOKENIZE_DECODER, body)


@settings(max_examples=500, deadline=None, print_blob=True)
@given(st.binary(max_size=40) | st.text(max_size=40).map(str.encode))
def test_any_bytes_are_a_request_or_a_400(body):
    """Bytes that are no request are answered with a 400 by every decoder."""
    for decode in (
        chat.decode_chat_completion_request,
        completions.decode_completion_request,
        tokenize.decode_tokenize_request,
        tokenize.decode_detokenize_request,
    ):
        with pytest.raises(FastFrontError) as caught:
            decode(body)
        assert caught.value.status == 400


def test_request_with_a_value_out_of_range_is_known():
    """Whoever decodes can ask for its model and the engine's state first; the error is that of the value."""
    for decode in (chat._DECODER, chat._DECODER.decode_slowly):
        with pytest.raises(OutOfRangeError, match="temperature must be in") as caught:
            decode(b'{"messages": [{"role": "user", "content": "Hi"}], "model": "m", "temperature": 9}')
        assert (caught.value.request.model, caught.value.request.temperature) == ("m", 9)
        assert (caught.value.status, caught.value.param, caught.value.type) == (400, "temperature", "BadRequestError")
