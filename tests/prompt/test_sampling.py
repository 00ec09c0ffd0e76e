# SPDX-License-Identifier: Apache-2.0
"""What the engine is told. The golden files compare hundreds of cases with vLLM's; here are the rules one by one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fastfront.engine.types import SamplingParams
from fastfront.errors import BadRequestError
from fastfront.prompt import Model, get_max_tokens, lower_chat_sampling_params, params_of_sample
from fastfront.prompt.generation_config import GenerationDefaults
from fastfront.protocol import decode_chat_completion_request


def lower(model: Model, prompt_length: int = 10, **fields: Any) -> SamplingParams:
    body = {"messages": [{"role": "user", "content": "x"}], **fields}
    request = decode_chat_completion_request(json.dumps(body).encode())
    return lower_chat_sampling_params(request, model, prompt_length)


def test_the_request_wins_over_the_model_over_what_is_neutral(chatml: Model) -> None:
    """temperature .6, top_k 20 and top_p .95 are the model's; the request's own values count first."""
    params = lower(chatml, temperature=1, top_k=0)
    assert (params.temperature, params.top_k, params.top_p, params.min_p) == (1, 0, 0.95, 0.0)


def test_max_tokens_fits_the_rest_of_the_context(chatml: Model) -> None:
    """Asked for or not, an answer ends where the context ends; asking for more than fits is no error here."""
    assert lower(chatml, prompt_length=290).max_tokens == 10
    assert lower(chatml, prompt_length=290, max_tokens=100).max_tokens == 10
    assert lower(chatml, prompt_length=290, max_tokens=4).max_tokens == 4
    with pytest.raises(BadRequestError, match="max_tokens must be at least 1, got 0"):
        lower(chatml, prompt_length=300)
    with pytest.raises(BadRequestError, match=r"Input length \(301\) exceeds model's maximum context length \(300\)"):
        get_max_tokens(chatml, None, 301)


def test_min_tokens_may_not_exceed_what_is_left(chatml: Model) -> None:
    """The bound is the room in the context, not only what the request asks for."""
    with pytest.raises(BadRequestError, match="min_tokens must be less than or equal to max_tokens=10, got 11"):
        lower(chatml, prompt_length=290, min_tokens=11)


def test_defaults_bound_and_propose(chatml: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """max_new_tokens of the model counts where the request says nothing; the operator's bounds every request."""
    monkeypatch.setattr(chatml, "default_sampling", {"max_tokens": 20})
    assert get_max_tokens(chatml, None, 10) == 20
    assert get_max_tokens(chatml, 50, 10) == 50
    monkeypatch.setattr(chatml, "override_max_tokens", 30)
    assert get_max_tokens(chatml, 50, 10) == 30


def test_greedy_decoding_resets_what_samples(chatml: Model) -> None:
    """Temperature 0 leaves nothing to top_p, top_k and min_p; one just above is raised to .01."""
    params = lower(chatml, temperature=0, top_k=7, min_p=0.3)
    assert (params.temperature, params.top_p, params.top_k, params.min_p) == (0, 1.0, 0, 0.0)
    assert lower(chatml, temperature=0.001).temperature == 0.01


def test_several_answers_need_sampling(chatml: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """A greedy default is caught too: the request alone does not show it."""
    assert lower(chatml, n=2).n == 1
    monkeypatch.setattr(chatml, "default_sampling", {"temperature": 0.0})
    with pytest.raises(BadRequestError, match="n must be 1 when using greedy sampling, got 2"):
        lower(chatml, n=2)


def test_end_tokens(chatml: Model) -> None:
    """The tokenizer's end token, and the model's others as stop tokens; ignoring them keeps min_tokens informed."""
    (other,) = chatml.extra_eos_token_ids
    params = lower(chatml, stop_token_ids=[5, 5])
    assert params.eos_token_id == chatml.eos_token_id
    assert sorted(params.stop_token_ids or ()) == [5, other]
    assert params.all_stop_token_ids == {5, other, chatml.eos_token_id}
    ignoring = lower(chatml, stop_token_ids=[5], ignore_eos=True)
    assert ignoring.eos_token_id is None
    assert ignoring.stop_token_ids == [5]
    assert ignoring.all_stop_token_ids == {5, other, chatml.eos_token_id}


def test_each_answer_has_its_own_seed(chatml: Model) -> None:
    """Without a seed all answers share their params; with one, answer i has seed + i."""
    unseeded = lower(chatml, n=3)
    assert params_of_sample(unseeded, 2) is unseeded
    seeded = lower(chatml, n=3, seed=40)
    assert [params_of_sample(seeded, index).seed for index in range(3)] == [40, 41, 42]
    assert params_of_sample(seeded, 1).temperature == seeded.temperature
    assert lower(chatml, seed=-1).seed is None


def test_bad_words_are_token_sequences(chatml: Model) -> None:
    """At the start of a text and after a space, where that gives another sequence of the same length."""
    encode = chatml.tokenizer.encode
    found = lower(chatml, bad_words=["hello", " hello", "one"]).bad_words_token_ids
    assert found is not None
    assert encode("hello", add_special_tokens=False) in found
    with pytest.raises(BadRequestError, match="Too many bad words after tokenization: 129"):
        lower(chatml, bad_words=[f"w{number}" for number in range(129)])


def test_numbers_that_messagepack_cannot_carry(chatml: Model) -> None:
    """Whatever depth they stand in."""
    with pytest.raises(BadRequestError, match="extra_args integers must be between"):
        lower(chatml, kv_transfer_params={"a": [{"b": 2**64}]})


def test_what_the_model_has_no_logits_for(chatml: Model) -> None:
    """Ids beyond the vocabulary index nothing in the engine."""
    with pytest.raises(BadRequestError, match=r"token_id\(s\) \[512\] in stop_token_ids .* Vocabulary size: 512"):
        lower(chatml, stop_token_ids=[511, 512])
    with pytest.raises(BadRequestError, match=r"in logit_bias contain out-of-vocab"):
        lower(chatml, logit_bias={"-1": 1})


def test_routed_experts_start_within_the_prompt(chatml: Model) -> None:
    """The prompt's own length is the last place to start at."""
    assert lower(chatml, prompt_length=10, routed_experts_prompt_start=10).routed_experts_prompt_start == 10
    with pytest.raises(BadRequestError, match=r"between 0 and the prompt length \(10\), inclusive"):
        lower(chatml, prompt_length=10, routed_experts_prompt_start=11)


def test_thinking_budgets_need_a_reasoning_config(chatml: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is configured by default; -1 means no budget."""
    with pytest.raises(BadRequestError, match="reasoning_config is not configured"):
        lower(chatml, thinking_token_budget=5)
    assert lower(chatml, thinking_token_budget=-1).thinking_token_budget is None
    monkeypatch.setattr(chatml, "has_reasoning_config", True)
    assert lower(chatml, thinking_token_budget=0).thinking_token_budget == 0


def test_lowering_changes_no_defaults(chatml: Model) -> None:
    """Requests are lowered at once from several threads: the model's defaults are only read."""
    before = GenerationDefaults(dict(chatml.default_sampling), chatml.extra_eos_token_ids, chatml.override_max_tokens)
    first = lower(chatml, stop_token_ids=[5], temperature=0)
    second = lower(chatml)
    assert second.all_stop_token_ids is not first.all_stop_token_ids
    after = GenerationDefaults(chatml.default_sampling, chatml.extra_eos_token_ids, chatml.override_max_tokens)
    assert after == before
