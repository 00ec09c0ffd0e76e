# SPDX-License-Identifier: Apache-2.0
"""What is not served yet is refused by name when it would have an effect, and only then."""

from __future__ import annotations

import json

import pytest

from fastfront.errors import BadRequestError
from fastfront.protocol import decode_chat_completion_request, decode_completion_request
from fastfront.protocol.unsupported import CHAT, COMPLETIONS

TOOL = {"type": "function", "function": {"name": "f"}}
MESSAGES = {"messages": [{"role": "user", "content": "hi"}]}
PROMPT = {"prompt": "hi"}

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


@pytest.mark.parametrize(
    ("decode", "body", "logprobs"),
    [(decode_chat_completion_request, MESSAGES, True), (decode_completion_request, PROMPT, 0)],
)
def test_logprobs_of_beams_are_refused(decode, body, logprobs):
    """Beam search tells no logprobs; without either, the other is served."""
    with pytest.raises(BadRequestError, match="`logprobs` are not supported together with `use_beam_search`") as caught:
        decode(_body(body, {"use_beam_search": True, "logprobs": logprobs}))
    assert caught.value.param == "logprobs"
    assert decode(_body(body, {"use_beam_search": True})).use_beam_search
    assert decode(_body(body, {"logprobs": logprobs})).logprobs == logprobs


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
    assert {refusal.field for refusal in (*CHAT, *COMPLETIONS)} == {"prompt_embeds", "logprobs"}
