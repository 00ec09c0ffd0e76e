# SPDX-License-Identifier: Apache-2.0
"""Balancer: which engine gets the next request."""

from __future__ import annotations

import pytest

from fastfront.engine.balance import Balancer
from fastfront.errors import BadRequestError


def choices(balancer: Balancer, count: int) -> list[int]:
    return [balancer.choose() for _ in range(count)]


def test_one_engine_gets_everything() -> None:
    """With one engine there is nothing to choose."""
    assert choices(Balancer(1), 3) == [0, 0, 0]


def test_idle_engines_take_turns() -> None:
    """A burst is spread evenly."""
    assert sorted(choices(Balancer(3), 6)) == [0, 0, 1, 1, 2, 2]


def test_frontends_start_at_different_engines() -> None:
    """Several frontends do not all fill the first engine first."""
    assert Balancer(4, client_index=0, client_count=2).choose() == 0
    assert Balancer(4, client_index=1, client_count=2).choose() == 2


def test_requests_in_flight_count() -> None:
    """An engine that still works gets less than one that has finished."""
    balancer = Balancer(2)
    first, second = choices(balancer, 2)
    balancer.release(second)
    assert balancer.choose() == second
    assert balancer.in_flight[first] == 1


def test_snapshot_of_a_loaded_engine() -> None:
    """What the coordinator says of other frontends' requests counts too."""
    balancer = Balancer(2)
    balancer.update([[0, 9, 0.1], [0, 1, 0.1]])
    assert choices(balancer, 3) == [1, 1, 1]


def test_choices_count_until_the_next_snapshot() -> None:
    """Between two snapshots a burst does not all go to the engine that was least loaded in the last one."""
    balancer = Balancer(2)
    balancer.update([[0, 2, 0.0], [0, 0, 0.0]])
    assert sorted(choices(balancer, 6)) == [0, 0, 1, 1, 1, 1]


def test_waiting_weighs_more_when_the_cache_is_full() -> None:
    """Two waiting behind a full cache are worse than four running; behind an empty one they are not."""
    full, empty = Balancer(2), Balancer(2)
    full.update([[2, 0, 1.0], [0, 4, 1.0]])
    empty.update([[2, 0, 0.2], [0, 4, 0.2]])
    assert (full.choose(), empty.choose()) == (1, 0)


def test_snapshot_of_older_releases() -> None:
    """Where the coordinator sends two numbers, waiting counts four times."""
    balancer = Balancer(2)
    balancer.update([[1, 0], [0, 3]])
    assert balancer.choose() == 1


@pytest.mark.parametrize("counts", [[[1, 2, 0.0]], [], [[1], [2]]])
def test_snapshot_that_does_not_fit_is_ignored(counts: list[list[float]]) -> None:
    """A snapshot of another number of engines, or of another shape, changes nothing."""
    balancer = Balancer(2)
    balancer.update(counts)
    assert sorted(choices(balancer, 2)) == [0, 1]


def test_rank_pins() -> None:
    """A pinned request goes where it says, and counts there."""
    balancer = Balancer(3)
    assert [balancer.choose(2) for _ in range(2)] == [2, 2]
    assert balancer.in_flight == [0, 0, 2]


@pytest.mark.parametrize("rank", [-1, 3])
def test_rank_out_of_range(rank: int) -> None:
    """vLLM's message, and nothing counted."""
    balancer = Balancer(3)
    with pytest.raises(BadRequestError, match=rf"^data_parallel_rank {rank} is out of range \[0, 3\)\.$"):
        balancer.choose(rank)
    assert balancer.in_flight == [0, 0, 0]
