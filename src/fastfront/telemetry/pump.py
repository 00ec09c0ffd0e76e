# SPDX-License-Identifier: Apache-2.0
"""Connects the pump to /metrics: what it knows beside its snapshot, and the stages before it that it counts."""

from __future__ import annotations

import functools
from typing import Any

from fastfront._native.pump import STAGE_PROMPT_QUEUE, STAGE_TOKENIZE, Pump
from fastfront.telemetry.metrics import Metrics


def watch_pump(metrics: Metrics, pump: Pump, pool: Any, tokenizer: Any) -> None:
    """Read what the pump knows beside its snapshot, and have it told how long prompts wait and take."""
    metrics.add_gauge(
        "requests_running", "Requests that engines have not ended yet, one per choice.", lambda: pump.waiting
    )
    metrics.add_gauge("clients_blocked", "Streams whose client's socket is full at the moment.", lambda: pump.blocked)
    metrics.add_counter("loop_wakeups", "Times that the event loop was told of news.", lambda: pump.wakeups)
    metrics.add_counter("responses_woken", "Responses that had news then, added up.", lambda: pump.woken)
    pool.on_begun = functools.partial(pump.observe, STAGE_PROMPT_QUEUE)
    tokenizer.on_encoded = functools.partial(pump.observe, STAGE_TOKENIZE)
