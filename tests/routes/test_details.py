# SPDX-License-Identifier: Apache-2.0
"""From a request's fields and the server's options to what its answer has to carry."""

from __future__ import annotations

from types import SimpleNamespace

import msgspec
import pytest

from fastfront._native.details import AnswerDetails
from fastfront._native.pump import WATERMARK_DECLINED, WATERMARK_SKIPPED, WATERMARKED
from fastfront.config import Config
from fastfront.engine.types import SamplingParams
from fastfront.protocol import decode_chat_completion_request, decode_completion_request
from fastfront.routes.details import are_plain, details_of, watermark_of

MODEL = SimpleNamespace(vocab="there is one")


def chat(config=None, model=MODEL, params=None, **more):
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Well"}]
    request = decode_chat_completion_request(msgspec.json.encode({"messages": messages, **more}))
    found = (config or Config(), model, request, [[1, 2]], ["text"], params or SamplingParams(), "assistant")
    return details_of(*found)


def completion(config=None, params=None, **more):
    request = decode_completion_request(msgspec.json.encode({"prompt": "Hi", **more}))
    return details_of(config or Config(), MODEL, request, [[1, 2]], ["Hi"], params or SamplingParams(), "")


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"stream": True},
        {"logprobs": False},
        {"return_token_ids": False},
        {"stream_interval": 5},  # of a whole answer
        {"return_tokens_as_token_ids": True},  # of no logprobs
        {"kv_transfer_params": {"do_remote_decode": True}},
    ],
)
def test_plain_answers_have_none(more):
    """What changes nothing costs nothing."""
    assert chat(**more) is None


def test_chat_logprobs():
    """As many are shown as asked for; vLLM keeps as many."""
    details = chat(params=SamplingParams(logprobs=3), logprobs=True, top_logprobs=3)
    assert details == AnswerDetails(logprobs=True, num_shown=3, num_kept=3)


def test_completion_logprobs_of_labels():
    """All that the engine was asked for is shown."""
    params = SamplingParams(logprob_token_ids=[4, 5])
    details = completion(params=params, logprobs=1, logprob_token_ids=[4, 5])
    assert details == AnswerDetails(logprobs=True, num_shown=1, num_kept=2, show_all=True)


def test_prompt_logprobs_are_no_streams():
    """Though the engine may make them, for an echo."""
    params = SamplingParams(prompt_logprobs=0)
    assert chat(params=params, echo=True) == AnswerDetails(prompt_logprobs=True, num_prompt_kept=0, echo_text="Well")
    assert not chat(params=params, echo=True, stream=True).prompt_logprobs


def test_an_echoed_prompt_brings_its_ids():
    """vLLM's streams show them even to who did not ask."""
    whole = completion(echo=True, max_tokens=0)
    assert (whole.echo, whole.echo_only, whole.prompts, whole.prompt_texts) == (True, True, [[1, 2]], ["Hi"])
    assert not whole.prompt_token_ids
    assert completion(echo=True, stream=True).prompt_token_ids


def test_the_servers_options():
    """Names by id, the least interval, cached tokens and timings of one answer."""
    config = Config(
        return_tokens_as_token_ids=True,
        stream_interval=4,
        enable_prompt_tokens_details=True,
        enable_per_request_metrics=True,
    )
    details = chat(config, logprobs=True, stream=True, stream_interval=2)
    assert (details.as_token_ids, details.stream_interval, details.cached_tokens, details.metrics) == (
        True,
        4,
        True,
        True,
    )
    details = chat(config, logprobs=True, return_tokens_as_token_ids=False, n=2, temperature=1)
    assert (details.as_token_ids, details.stream_interval, details.metrics) == (False, 1, False)
    assert are_plain(Config())
    assert not are_plain(config)


def test_hidden_tokens_are_told_by_nothing():
    """Neither ids nor logprobs of a reasoning that is not shown; the prompt's ids are no secret."""
    request = decode_chat_completion_request(
        msgspec.json.encode(
            {"messages": [{"role": "user", "content": "Hi"}], "logprobs": True, "return_token_ids": True}
        )
    )
    details = details_of(Config(), MODEL, request, [[1]], ["x"], SamplingParams(), "assistant", hides_tokens=True)
    assert (details.logprobs, details.token_ids, details.prompt_token_ids) == (False, False, True)


@pytest.mark.parametrize(
    ("transfer", "cached"),
    [
        ({"do_remote_prefill": True, "remote_prefill_cached_tokens": 7}, 7),
        ({"do_remote_prefill": True, "remote_prefill_cached_tokens": "7"}, -1),
        ({"do_remote_prefill": False, "remote_prefill_cached_tokens": 7}, -1),
    ],
)
def test_the_other_engines_cache_counts(transfer, cached):
    """Where it did the prefill, and says how much it had."""
    details = chat(Config(enable_prompt_tokens_details=True), kv_transfer_params=transfer)
    assert details.remote_cached_tokens == cached


@pytest.mark.parametrize(
    ("watermarking", "temperature", "beams", "status"),
    [
        (None, 1.0, False, WATERMARKED),
        (True, 0.5, False, WATERMARKED),
        (True, 0.0, False, WATERMARK_SKIPPED),
        (None, 0.0, False, WATERMARK_SKIPPED),
        (False, 1.0, True, WATERMARK_SKIPPED),
        (False, 0.0, False, WATERMARK_DECLINED),
    ],
)
def test_what_a_request_is_counted_as_where_engines_watermark(watermarking, temperature, beams, status):
    """Greedy sampling and beams cannot have a watermark; without --watermark-config there is nothing to count."""
    params = SamplingParams(temperature=temperature, watermarking=watermarking)
    assert watermark_of(Config(watermark_config={"key": 1}), params, beams=beams) == status
    assert watermark_of(Config(), params, beams=beams) == 0
