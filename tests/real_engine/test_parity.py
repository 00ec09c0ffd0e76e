# SPDX-License-Identifier: Apache-2.0
"""Answers of fastfront over a real engine against those of vLLM's own Python server: the same, member by member."""

from __future__ import annotations

import pytest

from tests.real_engine.asking import Answer, ask, by_choice, merged, normalise
from tests.real_engine.cases import STATUS_ONLY, TOKENS, Case
from tests.real_engine.conftest import Running
from tests.real_engine.every_case import CASES, ERRORS

ATTEMPTS = 3
"""A busy machine may make a server join the events of two steps; it does not do so thrice in a row when idle."""


def named(cases: list[Case]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=[case.name for case in cases])


@named(CASES)
def test_answer_is_vllms(running: Running, case: Case) -> None:
    """A request gets the same body, or the same sequence of events, from fastfront as from vLLM."""
    expected = running.reference.answers[case.name]
    assert expected.status == 200, f"the reference refused a case: {expected.body}"
    for _ in range(ATTEMPTS):
        answer = ask(running.client, case.path, running.reference.bodies[case.name])
        assert (answer.status, answer.content_type) == (expected.status, expected.content_type), answer.body
        assert answer.body == expected.body
        assert merged(by_choice(answer.events)) == merged(by_choice(expected.events))
        if len(answer.events) >= len(expected.events):
            break
    assert is_as_fine(answer, expected), f"joined events {ATTEMPTS} times in a row"


def is_as_fine(answer: Answer, expected: Answer) -> bool:
    """Tell whether the answer has the reference's events, or more of them where the reference joined some."""
    return by_choice(answer.events) == by_choice(expected.events) or len(answer.events) > len(expected.events)


def test_cases_are_worth_comparing(running: Running) -> None:
    """The recorded answers hold what makes text hard: broken UTF-8, many scripts, every way to finish."""
    answers = running.reference.answers
    texts = {case.name: answers[case.name].text for case in CASES}
    assert len(set(texts.values())) > len(texts) / 4
    assert any("\ufffd" in text for text in texts.values())
    reasons = {answers[case.name].body["choices"][0]["finish_reason"] for case in CASES if answers[case.name].body}
    assert reasons == {"length", "stop", "repetition"}


@named(TOKENS)
def test_tokens_are_vllms(running: Running, case: Case) -> None:
    """Prompts become the same tokens, and tokens the same text, as vLLM's server makes of them."""
    expected = running.reference.answers[case.name]
    assert expected.status == 200, f"the reference refused a case: {expected.body}"
    answer = ask(running.client, case.path, running.reference.bodies[case.name])
    assert (answer.status, answer.body) == (expected.status, expected.body)


@named(ERRORS)
def test_refusal_is_vllms(running: Running, case: Case) -> None:
    """A bad request gets vLLM's status and vLLM's error, word for word."""
    expected = running.reference.answers[case.name]
    answer = ask(running.client, case.path, running.reference.bodies[case.name])
    assert (answer.status, answer.body) == (expected.status, expected.body)


@named(STATUS_ONLY)
def test_refusal_has_vllms_status(running: Running, case: Case) -> None:
    """A request that is not even of the right types gets vLLM's status and an error of OpenAI's shape."""
    expected = running.reference.answers[case.name]
    answer = ask(running.client, case.path, running.reference.bodies[case.name])
    assert 400 <= answer.status < 500
    assert answer.status == expected.status or expected.status >= 500
    error = answer.body["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["code"] == answer.status


@pytest.mark.parametrize("path", ["/v1/models", "/version"])
def test_page_is_vllms(running: Running, path: str) -> None:
    """GET endpoints answer what vLLM's server answers."""
    assert normalise(running.client.get(path).json()) == normalise(running.reference.pages[path])
