# SPDX-License-Identifier: Apache-2.0
"""What is not served yet is refused by name when it would have an effect, and only then."""

from __future__ import annotations

import json

import pytest

from fastfront.errors import BadRequestError, UnsupportedFieldError
from fastfront.protocol import decode_chat_completion_request, decode_completion_request, decode_tokenize_request
from fastfront.protocol.unsupported import CHAT, COMPLETIONS

TOOL = {"type": "function", "function": {"name": "f"}}
MESSAGES = {"messages": [{"role": "user", "content": "hi"}]}
PROMPT = {"prompt": "hi"}

EFFECTIVE = {
    "use_beam_search": True,
}
CHAT_EFFECTIVE = EFFECTIVE
COMPLETION_EFFECTIVE = EFFECTIVE
HARMLESS = {
    "use_beam_search": False,
    "prompt_logprobs": None,
    "logprob_token_ids": [],
    "echo": False,
    "return_token_ids": False,
    "return_tokens_as_token_ids": True,
    "stream_interval": 5,
    "length_penalty": 2.0,
    "mm_payload": "none",
    "return_mm_kwargs": False,
    "return_token_offsets": True,
}
CHAT_HARMLESS = HARMLESS | {
    "logprobs": False,
    "top_logprobs": 0,
    "tools": None,
    "tool_choice": "none",
    "parallel_tool_calls": False,
    "include_reasoning": False,
    "return_prompt_text": False,
}
COMPLETION_HARMLESS = HARMLESS | {"logprobs": None, "prompt_embeds": []}


def _body(*parts: dict) -> bytes:
    return json.dumps({name: value for part in parts for name, value in part.items()}).encode()


@pytest.mark.parametrize("name", CHAT_EFFECTIVE)
def test_chat_field_is_refused_by_name(name):
    """A chat field that would change the answer is refused, and the error says which."""
    with pytest.raises(UnsupportedFieldError, match=f"`{name}` is not supported by fastfront yet") as caught:
        decode_chat_completion_request(_body(MESSAGES, {name: CHAT_EFFECTIVE[name]}))
    assert (caught.value.status, caught.value.param) == (400, name)


@pytest.mark.parametrize("name", COMPLETION_EFFECTIVE)
def test_completion_field_is_refused_by_name(name):
    """A completion field that would change the answer is refused, and the error says which."""
    with pytest.raises(UnsupportedFieldError) as caught:
        decode_completion_request(_body(PROMPT, {name: COMPLETION_EFFECTIVE[name]}))
    assert caught.value.param == name


@pytest.mark.parametrize(
    ("decode", "body", "message"),
    [
        (
            decode_completion_request,
            _body({"prompt_embeds": "x"}),
            "You must set `--enable-prompt-embeds` to input `prompt_embeds`. (parameter=prompt_embeds)",
        ),
    ],
)
def test_what_vllm_refuses_too_has_its_words(decode, body, message):
    """Where a vLLM server with default flags refuses as well, it is vLLM's message."""
    with pytest.raises(BadRequestError) as caught:
        decode(body)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize("name", CHAT_HARMLESS)
def test_chat_field_without_effect_is_taken(name):
    """Null, the default, and what does nothing are no reason to refuse a chat."""
    decode_chat_completion_request(_body(MESSAGES, {name: CHAT_HARMLESS[name]}))


@pytest.mark.parametrize("name", COMPLETION_HARMLESS)
def test_completion_field_without_effect_is_taken(name):
    """Null, the default, and what does nothing are no reason to refuse a completion."""
    decode_completion_request(_body(PROMPT, {name: COMPLETION_HARMLESS[name]}))


def test_every_refusal_is_tested():
    """Each line of the tables stands in a test above."""
    own_tests = {"prompt_embeds"}
    for table, tested in ((CHAT, CHAT_EFFECTIVE), (COMPLETIONS, COMPLETION_EFFECTIVE)):
        assert {refusal.field for refusal in table} <= set(tested) | own_tests
