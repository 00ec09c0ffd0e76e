# SPDX-License-Identifier: Apache-2.0
"""The pretended prefix cache."""

from __future__ import annotations

from fastfront.sim.prefix_cache import PrefixCache


def test_whole_blocks_of_a_known_prefix_are_hits():
    """Up to the block in which the prompts differ."""
    cache = PrefixCache(num_blocks=100, block_size=4)
    assert cache.enter(list(range(10))) == 0
    assert cache.enter(list(range(10))) == 8
    assert cache.enter([0, 1, 2, 3, 99, 5, 6, 7, 8, 9]) == 4
    assert cache.enter([99, *range(1, 10)]) == 0


def test_the_last_token_is_always_computed():
    """A prompt of whole blocks misses its last one."""
    cache = PrefixCache(num_blocks=100, block_size=4)
    cache.enter(list(range(8)))
    assert cache.enter(list(range(8))) == 4
    assert cache.enter(list(range(9))) == 8


def test_a_salt_parts_caches():
    """cache_salt: prompts of one tenant are not hits of another."""
    cache = PrefixCache(num_blocks=100, block_size=4)
    cache.enter(list(range(9)), "a")
    assert cache.enter(list(range(9)), "b") == 0
    assert cache.enter(list(range(9)), "a") == 8


def test_a_full_cache_forgets_what_was_used_longest_ago():
    """Its size is bounded."""
    cache = PrefixCache(num_blocks=2, block_size=4)
    cache.enter([1] * 5)
    cache.enter([2] * 5)
    cache.enter([1] * 5)
    cache.enter([3] * 5)
    assert cache.enter([1] * 5) == 4
    assert cache.enter([2] * 5) == 0


def test_statistics_are_taken_once():
    """Requests, queried tokens and hits since the last time, and whether there was a reset."""
    cache = PrefixCache(num_blocks=10, block_size=4)
    cache.enter(list(range(9)))
    cache.enter(list(range(9)))
    stats = cache.take_stats()
    assert (stats.requests, stats.queries, stats.hits, stats.reset) == (2, 18, 8, False)
    cache.reset()
    assert cache.enter(list(range(9))) == 0
    stats = cache.take_stats()
    assert (stats.requests, stats.queries, stats.hits, stats.reset) == (1, 9, 0, True)
    assert cache.take_stats().queries == 0
