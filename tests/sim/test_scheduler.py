# SPDX-License-Identifier: Apache-2.0
"""Queues and pace, with a clock of the test's own."""

from __future__ import annotations

from itertools import repeat

import pytest

from fastfront.engine.types import FinishReason
from fastfront.sim.request import Request
from fastfront.sim.scheduler import Scheduler
from fastfront.sim.script import Piece
from tests.sim.peer import add


def request(request_id, num_tokens=3, client_index=0, **params):
    """Return a request that gets so many tokens; None: without end."""
    end = [] if num_tokens is None else [Piece([1] * num_tokens, FinishReason.LENGTH)]
    answer = iter(end) if end else repeat(Piece([1]))
    return Request(add([7] * 20, request_id, client_index, **params), answer, 1, now=0.0)


def scheduler(max_num_seqs=10, ttft_s=0.0, token_s=0.0, **options):
    return Scheduler(max_num_seqs=max_num_seqs, ttft_s=ttft_s, token_s=token_s, **options)


def test_nothing_to_do_means_waiting_for_ever():
    """An idle engine sleeps."""
    idle = scheduler()
    assert idle.seconds_until_step(5.0) is None
    assert idle.step(5.0) is None


def test_the_first_token_comes_after_the_prefill_and_others_a_step_apart():
    """At --ttft-ms, then every --token-ms."""
    s = scheduler(ttft_s=0.5, token_s=0.1)
    s.add(request("a"))
    assert s.seconds_until_step(1.0) == 0
    assert s.step(1.0) is None
    assert s.seconds_until_step(1.0) == pytest.approx(0.5)
    assert s.step(1.4) is None
    assert list(s.step(1.5)) == [0]
    assert s.seconds_until_step(1.5) == pytest.approx(0.1)
    assert s.step(1.55) is None
    assert list(s.step(1.61)) == [0]
    assert s.seconds_until_step(1.61) == pytest.approx(0.09), "lateness must not add up"


def test_lateness_of_more_than_a_step_is_forgiven():
    """After a pause there is no burst of steps."""
    s = scheduler(token_s=0.1)
    s.add(request("a", None))
    s.step(1.0)
    s.step(9.0)
    assert s.seconds_until_step(9.0) == pytest.approx(0.1)


def test_the_batch_is_bounded_and_filled_in_order():
    """A finished request makes room for the one that has waited longest."""
    s = scheduler(max_num_seqs=2)
    for name in "abc":
        s.add(request(name, {"a": 1, "b": 3, "c": 1}[name]))
    assert len(s.step(1.0)[0]) == 2
    assert (s.num_running, s.num_waiting) == (1, 1)
    outputs = s.step(2.0)[0]
    assert any(b"c" in output for output in outputs)
    assert (s.num_running, s.num_waiting) == (1, 0)


def test_outputs_are_sorted_by_frontend():
    """Each gets those of its own requests."""
    s = scheduler()
    s.add(request("a", client_index=0))
    s.add(request("b", client_index=2))
    outputs = s.step(1.0)
    assert {client: len(mine) for client, mine in outputs.items()} == {0: 1, 2: 1}


@pytest.mark.parametrize("moment", ["waiting", "prefilling", "decoding", "silent"])
def test_a_request_can_be_aborted_wherever_it_is(moment):
    """Afterwards nothing of it is left, and one step tells the statistics."""
    s = scheduler(max_num_seqs=1, ttft_s=1.0)
    if moment == "waiting":
        s.add(request("other", None))
    answer = iter([Piece([1])]) if moment == "silent" else repeat(Piece([1]))
    s.add(Request(add([7] * 20, "a"), answer, 1, now=0.0))
    s.step(0.0)
    for now in {"decoding": (1.0,), "silent": (1.0, 2.0)}.get(moment, ()):
        s.step(now)
    assert s.abort(["a", "unknown"]) == 1
    assert s.abort(["a"]) == 0
    assert s.num_aborted == 1
    if moment == "waiting":
        s.abort(["other"])
    assert (s.num_running, s.num_waiting) == (0, 0)
    assert s.seconds_until_step(5.0) == 0
    assert s.step(5.0) == {}
    stats = s.take_stats()
    assert (stats.num_running_reqs, stats.kv_cache_usage) == (0, 0.0)
    assert s.seconds_until_step(5.0) is None


def test_a_silent_request_takes_a_place_and_no_time():
    """It counts as running, and the engine does not spin for it."""
    s = scheduler()
    s.add(Request(add([7], "a"), iter([Piece([1])]), 1, now=0.0))
    assert len(s.step(1.0)[0]) == 1
    assert s.step(2.0) == {}
    assert s.num_running == 1
    assert s.seconds_until_step(2.0) is None


def test_an_id_that_is_under_way_is_not_taken_twice():
    """The first request goes on."""
    s = scheduler()
    assert s.add(request("a"))
    assert not s.add(request("a"))
    assert s.num_requests == 1


def test_cache_usage_grows_with_tokens_and_goes_back_to_nothing():
    """Prompt and generated tokens of running requests are held."""
    s = scheduler()
    s.add(request("a", 4))
    usage = []
    for now in (1.0, 2.0, 3.0, 4.0):
        s.step(now)
        usage.append(s.take_stats().kv_cache_usage)
    assert usage[0] < usage[1] < usage[2]
    assert usage[3] == 0.0


def test_answers_of_one_request_are_numbered_while_they_run():
    """The number falls back when they have finished."""
    s = scheduler()
    assert s.variation(0, None) == s.variation(0, "x") == 0
    s.add(request("a", 1, external_req_id="x"))
    s.add(request("b", 2, external_req_id="x"))
    assert (s.variation(0, "x"), s.variation(1, "x")) == (2, 0)
    s.step(1.0)
    assert s.variation(0, "x") == 1
    s.step(2.0)
    assert s.variation(0, "x") == 0


def test_finished_requests_are_told_only_where_somebody_asks():
    """With several engines: each once, aborted ones too."""
    for tell in (False, True):
        s = scheduler(tell_finished=tell)
        s.add(request("a", 1))
        s.add(request("b", None, client_index=1))
        s.step(1.0)
        s.abort(["b"])
        assert s.take_finished() == ({0: ["a"], 1: ["b"]} if tell else {})
        assert s.take_finished() == {}


def test_a_paused_engine_admits_nothing_and_one_that_is_stopped_does_not_step():
    """pause_scheduler's two degrees."""
    s = scheduler()
    s.add(request("a", None))
    s.step(1.0)
    s.admitting = False
    s.add(request("b"))
    assert len(s.step(2.0)[0]) == 1
    s.stepping = False
    assert s.seconds_until_step(3.0) is None
    assert s.step(3.0) is None
    s.admitting = s.stepping = True
    assert len(s.step(4.0)[0]) == 2
