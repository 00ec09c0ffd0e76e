# SPDX-License-Identifier: Apache-2.0
"""A pump's snapshot for the tests: two engines, of which the first has done something."""

from __future__ import annotations

from fastfront._native.pump import Pump


def empty(count=1):
    """Return what a pump that has counted nothing says."""
    pump = Pump()
    pump.set_engines(0, count)
    return pump.snapshot()


SNAPSHOT = empty(2)
SNAPSHOT[0]["counters"].update(
    prompt_tokens=7,
    prompt_tokens_cached=2,
    prompt_tokens_local_compute=5,
    generation_tokens=11,
    success_stop=3,
    success_abort=1,
    messages=9,
)
SNAPSHOT[0]["histograms"]["request_params_n"] = ((1.0, 2.0), (4, 0, 1), 14.0)
SNAPSHOT[0]["scheduler"].update(
    running=2, waiting=1, skipped_waiting=4, kv_cache_usage=0.5, prefix_queries=8, prefix_hits=6
)
SNAPSHOT[0]["scheduler"].update(connector_hits_by_source={"device": 1, "host": 4, "p2p": 0, "disk": 0, "other": 0})
SNAPSHOT[1]["scheduler"].update(running=1)
