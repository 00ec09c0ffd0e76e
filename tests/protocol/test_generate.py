# SPDX-License-Identifier: Apache-2.0
"""/inference/v1/generate: a request becomes the completion that samples the same tokens."""

from __future__ import annotations

import json

import pytest

from fastfront.errors import BadRequestError, SchemaError
from fastfront.protocol.generate import completion_of, decode_generate_request


def decode(**members):
    return decode_generate_request(json.dumps({"token_ids": [1, 2], "sampling_params": {}} | members).encode())


def test_defaults_are_those_of_sampling_params():
    """The model's own defaults find every field given: only the number of tokens is theirs to say."""
    completion = completion_of(decode())
    assert completion.prompt == [1, 2]
    assert (completion.temperature, completion.top_p, completion.top_k, completion.min_p) == (1.0, 1.0, 0, 0.0)
    assert completion.max_tokens is None
    assert completion_of(decode(sampling_params={"max_tokens": 5})).max_tokens == 5


def test_values_are_coerced_as_pydantic_does():
    """The slow path makes the same request."""
    request = decode(sampling_params={"temperature": "0.5", "max_tokens": 5.0}, stream="yes")
    assert (request.sampling_params.temperature, request.sampling_params.max_tokens) == (0.5, 5)
    assert request.stream is True


def test_both_transfer_params_reach_the_engine_as_extra_args():
    """Beside extra_args of the request's own."""
    completion = completion_of(decode(sampling_params={"extra_args": {"a": 1}}, kv_transfer_params={"b": 2}))
    assert completion.vllm_xargs == {"a": 1}
    assert completion.kv_transfer_params == {"b": 2}


@pytest.mark.parametrize(
    ("members", "error", "param"),
    [
        ({"token_ids": []}, SchemaError, "body.token_ids"),
        ({"token_ids": ["x"]}, SchemaError, "body.token_ids.0"),
        ({"token_ids": 5}, SchemaError, "body.token_ids"),
        ({"sampling_params": 5}, SchemaError, "body.sampling_params"),
        ({"sampling_params": {"max_tokens": "x"}}, SchemaError, "body.sampling_params.max_tokens"),
        ({"sampling_params": {"logprobs": -2}}, BadRequestError, "logprobs"),
        ({"sampling_params": {"prompt_logprobs": -2}}, BadRequestError, "prompt_logprobs"),
        ({"features": {}}, SchemaError, "body.features.mm_hashes"),
        ({"content_parts": 5}, SchemaError, "body.content_parts"),
        ({"output_mode": "text", "sampling_params": {"detokenize": False}}, SchemaError, "body"),
        ({"reasoning_parser_kwargs": {"x": 1}}, SchemaError, "body.reasoning_parser_kwargs.x"),
        (
            {"reasoning_parser_kwargs": {"chat_template_kwargs": 1}},
            SchemaError,
            "body.reasoning_parser_kwargs.chat_template_kwargs",
        ),
        ({"cache_salt": "a/b"}, BadRequestError, "cache_salt"),
    ],
)
def test_bad_requests_name_the_field(members, error, param):
    """Of the schema, or of vLLM's rules."""
    with pytest.raises(error) as caught:
        decode(**members)
    assert caught.value.param == param


def test_logprobs_are_a_completions():
    """Numbers and ids go with it; -1 is all."""
    completion = completion_of(decode(sampling_params={"logprobs": -1, "prompt_logprobs": 2, "logprob_token_ids": [5]}))
    assert (completion.logprobs, completion.prompt_logprobs, completion.logprob_token_ids) == (-1, 2, [5])


@pytest.mark.parametrize("params", [{"n": 0}, {"temperature": 3}, {"top_p": 0}, {"stop": [""]}, {"max_tokens": 0}])
def test_ranges_are_those_of_a_completion(params):
    """Checked where a completion's are."""
    with pytest.raises(BadRequestError):
        completion_of(decode(sampling_params=params))
