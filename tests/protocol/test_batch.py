# SPDX-License-Identifier: Apache-2.0
"""/v1/chat/completions/batch: conversations that are sampled alike."""

from __future__ import annotations

import json

import pytest

from fastfront.errors import BadRequestError, SchemaError
from fastfront.protocol.batch import decode_batch_request

HELLO = [{"role": "user", "content": "Hello"}]


def decode(**members):
    return decode_batch_request(json.dumps({"messages": [HELLO, [*HELLO, *HELLO]]} | members).encode())


def test_each_conversation_is_a_chat():
    """Equal but for the messages."""
    batch = decode(temperature=0.5, seed=7)
    assert [len(chat.messages) for chat in batch.chats] == [1, 2]
    assert [(chat.temperature, chat.seed) for chat in batch.chats] == [(0.5, 7)] * 2


def test_fields_that_batches_lack_are_ignored():
    """As vLLM ignores what its class does not have: stop_token_ids, ignore_eos, streams."""
    chat = decode(stop_token_ids=[5], ignore_eos=True, stream=True, tools=[]).first
    assert (chat.stop_token_ids, chat.ignore_eos, chat.stream, chat.tools) == ([], False, False, None)


@pytest.mark.parametrize(
    ("members", "error", "param"),
    [
        ({"messages": HELLO}, SchemaError, "body.messages.0"),
        ({"messages": None}, SchemaError, "body.messages"),
        ({"messages": [HELLO, [{"content": "x"}]]}, SchemaError, "body.messages.1.0.role"),
        ({"tool_choice": "required"}, SchemaError, "body.tool_choice"),
        ({"n": 2}, BadRequestError, "n"),
        ({"logprob_token_ids": [1]}, BadRequestError, "logprob_token_ids"),
        ({"kv_transfer_params": {"prompt_token_ids": [1]}}, BadRequestError, "kv_transfer_params.prompt_token_ids"),
    ],
)
def test_bad_batches_name_the_field(members, error, param):
    """Of the schema, or of vLLM's rules."""
    with pytest.raises(error) as caught:
        decode(**members)
    assert caught.value.param == param
