# SPDX-License-Identifier: Apache-2.0
"""Completion requests: the forms of a prompt, defaults, and the rules between fields."""

from __future__ import annotations

import json

import pytest

from fastfront.errors import FastFrontError
from fastfront.protocol import CompletionRequest, decode_completion_request


def _decode(**members: object) -> CompletionRequest:
    return decode_completion_request(json.dumps(members).encode())


@pytest.mark.parametrize(
    ("prompt", "prompts"),
    [
        ("hi", ["hi"]),
        (["hi"], ["hi"]),
        (["a", "b"], ["a", "b"]),
        (["1", "2"], ["1", "2"]),
        ([1, 2], [[1, 2]]),
        ([[1], [2, 3]], [[1], [2, 3]]),
        ([[]], [[]]),
        ([1.0, True, "3"], [[1, 1, 3]]),
    ],
)
def test_forms_of_a_prompt(prompt, prompts):
    """A text, ids, or a list of either, as a list of prompts; ids are integers even where the client sent text."""
    request = _decode(prompt=prompt)
    assert request.prompts == prompts
    assert all(type(item) is int for ids in request.prompts if isinstance(ids, list) for item in ids)


def test_defaults():
    """A prompt alone asks for sixteen tokens, special tokens added."""
    request = _decode(prompt="hi")
    assert request == CompletionRequest(prompt="hi")
    assert (request.max_tokens, request.n, request.add_special_tokens) == (16, 1, True)


def test_null_max_tokens_is_the_default():
    """null does not mean unlimited here, as in vLLM."""
    assert _decode(prompt="hi", max_tokens=None).max_tokens == 16


@pytest.mark.parametrize("members", [{}, {"prompt": None}, {"prompt": ""}, {"prompt": "", "prompt_embeds": []}])
def test_no_prompt_is_refused(members):
    """A request without a prompt is refused before anything else of it is looked at."""
    with pytest.raises(FastFrontError, match="Either prompt or prompt_embeds must be provided") as caught:
        _decode(temperature="x", **members)
    assert caught.value.param == "prompt"


def test_an_empty_list_is_refused():
    """An empty list holds no prompt."""
    with pytest.raises(FastFrontError, match="You must pass at least one prompt"):
        _decode(prompt=[])


@pytest.mark.parametrize("item", ["a", [1]])
def test_too_many_prompts_are_refused(item):
    """The number of prompts is bounded; the number of ids in one prompt is not bounded here."""
    with pytest.raises(FastFrontError, match="prompt list length 1025 exceeds the maximum allowed count of 1024"):
        _decode(prompt=[item] * 1025)
    assert len(_decode(prompt=[item] * 1024).prompts) == 1024
    assert _decode(prompt=[1] * 1025).prompts == [[1] * 1025]


@pytest.mark.parametrize(
    ("prompt", "param"),
    [
        (5, "body.prompt"),
        ({}, "body.prompt"),
        ([-1], "body.prompt.0"),
        ([1, "a"], "body.prompt.1"),
        ([1] * 20_000 + [-1], "body.prompt.20000"),
        ([[1], ["x"]], "body.prompt.0"),
        (["a", None], "body.prompt.0"),
    ],
)
def test_wrong_prompts_are_named(prompt, param):
    """The first place that does not fit, for the first form of a prompt that vLLM tries, is the parameter."""
    with pytest.raises(FastFrontError) as caught:
        _decode(prompt=prompt)
    assert (caught.value.type, caught.value.param) == ("Bad Request", param)
