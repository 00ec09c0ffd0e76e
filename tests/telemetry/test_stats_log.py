# SPDX-License-Identifier: Apache-2.0
"""The log's line about the engines: vLLM's words and numbers, of the interval since the line before."""

from __future__ import annotations

import copy
import logging

import pytest

from fastfront.telemetry.stats_log import StatsLog
from tests.telemetry.snapshots import empty

QUIET = (
    "Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: 0.0 tokens/s, Running: 0 reqs, Waiting: 0 reqs, "
    "GPU KV cache usage: 0.0%"
)


class Engines:
    """A pump's snapshot to change, and a clock to turn."""

    def __init__(self, count=1, **options):
        self.now = 100.0
        self.state = empty(count)
        self.log = StatsLog(lambda: copy.deepcopy(self.state), clock=lambda: self.now, **options)

    def after(self, seconds):
        self.now += seconds
        self.log.log()


@pytest.fixture
def lines(caplog):
    """Return the lines logged, with their levels."""
    caplog.set_level(logging.DEBUG, "fastfront")
    return lambda: [(record.levelname, record.getMessage()) for record in caplog.records]


def test_rates_are_of_the_interval(lines):
    """Tokens since the line before, by the seconds since then; the prompt's without those that were cached."""
    engines = Engines()
    engines.state[0]["counters"].update(prompt_tokens=100, prompt_tokens_local_compute=50, generation_tokens=20)
    engines.state[0]["scheduler"].update(running=2, waiting=1, skipped_waiting=3, kv_cache_usage=0.256)
    engines.state[0]["scheduler"].update(prefix_recent=(200, 50))
    engines.after(10)
    engines.state[0]["counters"].update(generation_tokens=60)
    engines.after(5)
    state = (
        "Running: 2 reqs, Waiting: 4 reqs, Deferred: 3 reqs, GPU KV cache usage: 25.6%, Prefix cache hit rate: 25.0%"
    )
    assert lines() == [
        (
            "INFO",
            "Engine 000: Avg prompt throughput: 5.0 tokens/s, Avg generation throughput: 2.0 tokens/s, " + state,
        ),
        (
            "INFO",
            "Engine 000: Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: 8.0 tokens/s, " + state,
        ),
    ]


def test_an_idle_engine_is_quiet(lines):
    """The first idle interval is shown, later ones at debug level."""
    engines = Engines()
    engines.after(1)
    engines.state[0]["counters"].update(generation_tokens=1)
    engines.after(1)
    engines.after(1)
    engines.after(1)
    assert [level for level, _ in lines()] == ["DEBUG", "INFO", "INFO", "DEBUG"]
    assert lines()[-1][1] == "Engine 000: " + QUIET


def test_each_engine_has_a_line_or_all_together(lines):
    """--aggregate-engine-logging adds up; the cache usage is the mean."""
    apart, together = Engines(2), Engines(2, aggregate=True)
    for engines in (apart, together):
        for index in (0, 1):
            engines.state[index]["counters"].update(generation_tokens=10)
        engines.state[1]["scheduler"].update(kv_cache_usage=0.5, running=3)
        engines.after(10)
    texts = [text for _, text in lines()]
    assert [text.partition(":")[0] for text in texts] == ["Engine 000", "Engine 001", "2 Engines Aggregated"]
    assert "generation throughput: 2.0 tokens/s, Running: 3 reqs" in texts[2]
    assert "KV cache usage: 25.0%" in texts[2]


def test_what_only_some_engines_tell(lines):
    """Preemptions, KV fetches, connector hits, corrupted requests, speculative decoding and estimated work."""
    engines = Engines(corrupted=True)
    engines.state[0]["counters"].update(num_preemptions=2, corrupted_requests=1)
    engines.state[0]["scheduler"].update(
        kv_fetch={"waiting_to_start": 1, "in_progress": 2, "completed_waiting": 0},
        connector_recent=(10, 5),
        flops=3 * 10**13,
        read_bytes=10**10,
        write_bytes=10**10,
        spec_decode={
            "num_drafts": 10,
            "num_draft_tokens": 20,
            "num_accepted_tokens": 12,
            "accepted_per_position": [8, 4],
        },
    )
    engines.after(10)
    line, drafts, work = (text for _, text in lines())
    assert "KV fetch: 1 waiting to start, 2 in progress, 0 completed waiting, Preemptions: 2, GPU KV" in line
    assert line.endswith("Corrupted: 1 reqs, External prefix cache hit rate: 50.0%")
    assert drafts == (
        "SpecDecoding metrics: Mean acceptance length: 2.20, Accepted throughput: 1.20 tokens/s, "
        "Drafted throughput: 2.00 tokens/s, Accepted: 12 tokens, Drafted: 20 tokens, "
        "Per-position acceptance rate: 0.800, 0.400, Avg Draft acceptance rate: 60.0%"
    )
    assert work == "Engine 000: MFU: 3.0 TF/s/device 2.0 GB/s/device"
