# SPDX-License-Identifier: Apache-2.0
"""The operator's bounds on what waits: n counts as n, a full queue of tokens is one at its bound."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from fastfront.admission import Admission
from fastfront.config import Config
from fastfront.errors import BusyError


def admission(**options: int) -> tuple[Admission, dict[str, int]]:
    refusals = {"max_num_queued_reqs": 0, "max_num_queued_tokens": 0}
    return Admission(Config(**options), refusals), refusals


def queue(waiting: int = 0, queued_tokens: int = 0) -> SimpleNamespace:
    return SimpleNamespace(waiting=waiting, queued_tokens=queued_tokens)


def test_everything_is_admitted_by_default() -> None:
    """No bound, nothing to ask."""
    made, _ = admission()
    assert made.is_open
    made.check(queue(10**6, 10**9), 1)


@pytest.mark.parametrize(("waiting", "n", "admitted"), [(3, 1, True), (4, 1, False), (2, 2, True), (3, 2, False)])
def test_requests_under_way_are_bounded(waiting: int, n: int, admitted: bool) -> None:
    """With room for four, n answers need n places."""
    made, refusals = admission(max_num_queued_reqs=4)
    assert not made.is_open
    if admitted:
        made.check(queue(waiting), n)
    else:
        with pytest.raises(BusyError, match="The engine is currently busy") as caught:
            made.check(queue(waiting), n)
        assert (caught.value.status, caught.value.type) == (503, "Service Unavailable")
    assert refusals == {"max_num_queued_reqs": 0 if admitted else 1, "max_num_queued_tokens": 0}


def test_tokens_that_wait_are_bounded() -> None:
    """A request is admitted as long as fewer wait, however long its own prompt is."""
    made, refusals = admission(max_num_queued_tokens=100)
    made.check(queue(queued_tokens=99), 1)
    with pytest.raises(BusyError, match="prefill token backlog limit"):
        made.check(queue(queued_tokens=100), 1)
    assert refusals == {"max_num_queued_reqs": 0, "max_num_queued_tokens": 1}


@pytest.mark.parametrize(("prompts", "n", "admitted"), [(4, 1, True), (5, 1, False), (2, 2, True), (3, 2, False)])
def test_a_batch_needs_a_place_for_each_answer(prompts: int, n: int, admitted: bool) -> None:
    """Its prompts are admitted together or not at all."""
    made, refusals = admission(max_num_queued_reqs=5)
    if admitted:
        made.check_batch(queue(waiting=1), n, [7] * prompts)
    else:
        with pytest.raises(BusyError, match="The engine is currently busy"):
            made.check_batch(queue(waiting=1), n, [7] * prompts)
    assert refusals == {"max_num_queued_reqs": 0 if admitted else 1, "max_num_queued_tokens": 0}


@pytest.mark.parametrize(
    ("lengths", "n", "admitted"),
    [([89, 500], 1, True), ([90, 1], 1, False), ([40, 49, 9], 1, True), ([44, 500], 2, True), ([45, 1], 2, False)],
)
def test_prompts_of_a_batch_wait_behind_each_other(lengths: list[int], n: int, admitted: bool) -> None:
    """The last one has the tokens of the others before it, once for each answer."""
    made, _ = admission(max_num_queued_tokens=100)
    if admitted:
        made.check_batch(queue(queued_tokens=10), n, lengths)
    else:
        with pytest.raises(BusyError, match="prefill token backlog limit"):
            made.check_batch(queue(queued_tokens=10), n, lengths)
