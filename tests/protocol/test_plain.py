# SPDX-License-Identifier: Apache-2.0
"""Ordinary requests: what the short decoders take, the complete ones take to the same values."""

from __future__ import annotations

import typing

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastfront.protocol import plain
from fastfront.protocol.chat import ChatCompletionRequest, decode_chat_completion_request
from fastfront.protocol.completions import CompletionRequest, decode_completion_request

PAIRS = [
    (plain.PlainChatRequest, ChatCompletionRequest, {"messages", "top_logprobs", *plain.TERMS, *plain.SAMPLING_JSON}),
    (plain.PlainCompletionRequest, CompletionRequest, {"prompt", *plain.SAMPLING_JSON}),
]


@pytest.mark.parametrize(("short", "complete", "narrower"), PAIRS)
def test_fields_are_those_of_the_complete_request(short, complete, narrower):
    """Same types, same defaults; only what a prompt may be is less, and JSON is not read."""
    types = typing.get_type_hints(complete, include_extras=True)
    theirs = {field.name: field for field in msgspec.structs.fields(complete)}
    for field in msgspec.structs.fields(short):
        if field.name in narrower:
            continue
        other = theirs[field.name]
        assert typing.get_type_hints(short, include_extras=True)[field.name] == types[field.name], field.name
        assert (field.default, field.default_factory) == (other.default, other.default_factory), field.name


texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
numbers = st.one_of(st.none(), st.floats(0.1, 1.0), st.just(1))
common = {
    "model": st.one_of(st.none(), st.just("m")),
    "stream": st.booleans(),
    "temperature": numbers,
    "top_p": numbers,
    "top_k": st.one_of(st.none(), st.integers(-1, 50)),
    "min_p": numbers,
    "frequency_penalty": numbers,
    "presence_penalty": numbers,
    "repetition_penalty": numbers,
    "seed": st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
    "stop": st.one_of(st.none(), st.just("x"), st.lists(st.just("yz"), max_size=4)),
    "ignore_eos": st.booleans(),
    "min_tokens": st.integers(0, 1),
    "n": st.just(1),
    "user": st.one_of(st.none(), texts),
}
messages = st.lists(st.fixed_dictionaries({"role": texts, "content": texts}), min_size=1, max_size=3)
tokens = st.integers(1, 100)


@given(
    st.fixed_dictionaries(
        {"messages": messages},
        optional={
            **common,
            "max_tokens": tokens,
            "logprobs": st.sampled_from([None, False]),
            "top_logprobs": st.sampled_from([None, 0]),
        },
    )
)
def test_chats_come_out_the_same(body):
    """Field by field, for any body that is taken."""
    raw = msgspec.json.encode(body)
    short, complete = plain.decode_plain_chat(raw), decode_chat_completion_request(raw)
    unread = {*plain.TERMS, *plain.SAMPLING_JSON}
    read = {name: value for name, value in msgspec.structs.asdict(short).items() if name not in unread}
    read["top_logprobs"] = read["top_logprobs"] or 0  # a null is none
    assert {name: getattr(complete, name) for name in read} == read
    assert plain.chat_terms_key(short) is None


def test_terms_are_keyed_as_they_are_written():
    """By the bytes of each; a member that is not there is no null."""
    body = b'{"messages": [], "tools": [ {"a": "\\u00e9"} ] , "tool_choice":null}'
    assert plain.chat_terms_key(plain.decode_plain_chat(body)) == (b'[ {"a": "\\u00e9"} ]', b"null", b"", b"", b"", b"")
    written = [plain.decode_plain_chat(b'{"messages": [], "%b": 1}' % name.encode()) for name in plain.TERMS]
    keys = {plain.chat_terms_key(request) for request in written}
    assert len(keys) == len(plain.TERMS)
    assert all(key is not None and sorted(key) == [b""] * 5 + [b"1"] for key in keys)


@given(
    st.fixed_dictionaries(
        {"prompt": texts.filter(bool)},
        optional={**common, "max_tokens": tokens, "logprobs": st.sampled_from([None, 0, 2]), "echo": st.booleans()},
    )
)
def test_completions_come_out_the_same(body):
    """Field by field, for any body that is taken."""
    raw = msgspec.json.encode(body)
    short, complete = plain.decode_plain_completion(raw), decode_completion_request(raw)
    read = {name: value for name, value in msgspec.structs.asdict(short).items() if name not in plain.SAMPLING_JSON}
    assert {name: getattr(complete, name) for name in read} == read
    assert plain.sampling_json_key(short) == (b"",) * len(plain.SAMPLING_JSON)


@pytest.mark.parametrize(
    "more",
    [
        {"logprobs": "yes"},
        {"prompt_logprobs": 1},
        {"guided_json": {}},
        {"temperature": "1"},
        {"max_tokens": 1.5},
        {"messages": ["a"]},
        {"messages": "x"},
        {"stop": ["a", "b", "c", "d", "e"]},
        {"seed": 2**63},
    ],
)
def test_what_is_rare_is_left(more):
    """An unknown member, another type, a bound that is passed: the complete decoder has the words."""
    body = {"messages": [{"role": "user", "content": "Hi"}], **more}
    with pytest.raises(msgspec.ValidationError):
        plain.decode_plain_chat(msgspec.json.encode(body))


def test_json_that_decides_sampling_is_keyed_as_it_is_written():
    """By the bytes of each; a member that is not there is no null."""
    body = b'{"prompt": "x", "stop_token_ids": [ 1,2 ] , "logit_bias":null}'
    assert plain.sampling_json_key(plain.decode_plain_completion(body)) == (b"[ 1,2 ]", b"null", b"", b"", b"")
    written = [plain.decode_plain_chat(b'{"messages": [], "%b": 1}' % name.encode()) for name in plain.SAMPLING_JSON]
    assert len({plain.sampling_json_key(request) for request in written}) == len(plain.SAMPLING_JSON)
    assert all(plain.chat_json(request) != plain.NO_CHAT_JSON for request in written)


def test_a_key_holds_all_that_decides_sampling():
    """Two requests that differ in one sampling field differ in their key; stop strings are keyed by the lane."""
    base = plain.PlainChatRequest(messages=[])
    unkeyed = {"messages", "model", "stream", "stream_options", "user", "stop", *plain.TERMS, *plain.SAMPLING_JSON}
    for name in base.__struct_fields__:
        other = msgspec.structs.replace(base, **{name: 77})
        differs = plain.chat_sampling_key(other) != plain.chat_sampling_key(base)
        assert differs == (name not in unkeyed), name
    completion = plain.PlainCompletionRequest(prompt="")
    for name in completion.__struct_fields__:
        other = msgspec.structs.replace(completion, **{name: 77})
        differs = plain.completion_sampling_key(other) != plain.completion_sampling_key(completion)
        assert differs == (name not in unkeyed | {"prompt"}), name
