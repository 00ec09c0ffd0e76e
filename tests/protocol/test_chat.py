# SPDX-License-Identifier: Apache-2.0
"""Chat requests: defaults, typed values, and the rules between fields."""

from __future__ import annotations

import json

import pytest

from fastfront.errors import FastFrontError, SchemaError
from fastfront.protocol import ChatCompletionRequest, decode_chat_completion_request
from fastfront.protocol.common import RepetitionDetectionParams, StreamOptions

HI = [{"role": "user", "content": "hi"}]


def _decode(**members: object) -> ChatCompletionRequest:
    return decode_chat_completion_request(json.dumps({"messages": HI, **members}).encode())


def test_defaults():
    """A request of messages alone has vLLM's defaults, and no request id."""
    assert _decode() == ChatCompletionRequest(messages=HI)
    assert _decode().request_id == ""
    assert _decode().stop == []


def test_typed_values():
    """Numbers come out in their field's type, options as Structs."""
    request = _decode(
        temperature=1,
        stream=True,
        stream_options={"include_usage": True, "unknown": 1},
        logit_bias={"5": 1},
        chat_template_kwargs={"enable_thinking": False},
        repetition_detection={"max_pattern_size": "5", "min_count": 3},
        vllm_xargs={"a": [1, "b"]},
    )
    assert type(request.temperature) is float
    assert request.stream_options == StreamOptions(include_usage=True)
    assert request.logit_bias == {"5": 1.0}
    assert request.repetition_detection == RepetitionDetectionParams(max_pattern_size=5, min_count=3)
    assert request.vllm_xargs == {"a": [1, "b"]}


def test_defaults_are_nobody_elses():
    """Two requests share no list."""
    first = _decode()
    assert isinstance(first.stop, list)
    first.stop.append("x")
    assert _decode().stop == []


@pytest.mark.parametrize(
    ("members", "asked"),
    [({}, None), ({"max_tokens": 5}, 5), ({"max_tokens": 5, "max_completion_tokens": 7}, 7)],
)
def test_requested_max_tokens(members, asked):
    """The newer name wins; without either there is no limit of the client's."""
    assert _decode(**members).requested_max_tokens == asked


def test_tools_without_a_choice_mean_auto():
    """Tools alone set the choice."""
    assert _decode(tools=[{"type": "function", "function": {"name": "f"}}]).tool_choice == "auto"


def test_deprecated_alias_of_mm_payload():
    """`return_mm_kwargs: false` asks for no payload, unless mm_payload is there."""
    assert _decode(return_mm_kwargs=False).mm_payload == "none"
    assert _decode(return_mm_kwargs=False, mm_payload="tensors").mm_payload == "tensors"


def test_null_top_logprobs_are_none():
    """null is the same as leaving the field out."""
    assert _decode(top_logprobs=None).top_logprobs == 0


def test_thinking_token_budget_of_minus_one_is_unset():
    """-1 says unlimited, which is the default."""
    assert _decode(thinking_token_budget=-1).thinking_token_budget is None


@pytest.mark.parametrize("name", ["request_id", "priority", "ignore_eos", "min_tokens", "add_generation_prompt"])
def test_null_is_refused_where_a_value_must_be(name):
    """Fields that pydantic does not let be null are not nullable here."""
    with pytest.raises(SchemaError) as caught:
        _decode(**{name: None})
    assert caught.value.param == f"body.{name}"


@pytest.mark.parametrize("flags", [(True, True), ("true", 1), (1, "x")])
def test_both_generation_flags_are_refused(flags):
    """The flags contradict each other when both are given and true in Python's sense; alone each may be."""
    with pytest.raises(FastFrontError, match="Cannot set both"):
        _decode(continue_final_message=flags[0], add_generation_prompt=flags[1])
    assert _decode(continue_final_message=True).continue_final_message


def test_numbers_that_the_wire_cannot_carry_are_refused():
    """MessagePack's integers end at 64 bits; vLLM answers 500 past that."""
    for name in ("stream_interval", "top_k", "seed", "priority"):
        with pytest.raises(FastFrontError) as caught:
            _decode(**{name: 2**64})
        assert str(caught.value.param).endswith(name)


def test_client_fields_reach_the_request():
    """What the prompt and the engine need of a request is on it."""
    request = _decode(
        model="m", user="u", request_id="r", session_id="s", priority=-5, cache_salt="salt", reasoning_effort="high"
    )
    assert (request.model, request.user, request.request_id, request.session_id) == ("m", "u", "r", "s")
    assert (request.priority, request.cache_salt, request.reasoning_effort) == (-5, "salt", "high")
