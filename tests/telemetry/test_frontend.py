# SPDX-License-Identifier: Apache-2.0
"""What vLLM counts in its frontend, under its names."""

from __future__ import annotations

import pytest

from fastfront.telemetry.frontend import FrontendMetrics


def collected(metrics):
    """Return the samples by name and labels' values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in metrics.collect("tiny", [0, 1], 5.0)
        for sample in family.samples
    }


@pytest.mark.parametrize(
    ("said", "state"),
    [((0, 0), (1, 0, 0)), ((1, 0), (0, 0, 0)), ((1, 1), (0, 1, 0)), ((1, 2), (0, 0, 1))],
)
def test_sleep_state(said, state):
    """Awake, weights offloaded (level 1), all discarded (level 2); every engine was told the same."""
    metrics = FrontendMetrics()
    assert collected(metrics)[("vllm:engine_sleep_state", "tiny", "0", "awake")] == 1
    metrics.record_sleep_state(*said)
    found = collected(metrics)
    for engine in ("0", "1"):
        values = [
            found[("vllm:engine_sleep_state", "tiny", engine, name)]
            for name in ("awake", "weights_offloaded", "discard_all")
        ]
        assert tuple(values) == state


def test_rejections_by_reason():
    """Both reasons are there from the start."""
    metrics = FrontendMetrics()
    metrics.admission_rejections["max_num_queued_reqs"] += 2
    found = collected(metrics)
    assert found[("vllm:admission_rejections_total", "tiny", "max_num_queued_reqs")] == 2
    assert found[("vllm:admission_rejections_total", "tiny", "max_num_queued_tokens")] == 0


def test_operations_show_from_the_first_one_on():
    """As in vLLM, where the collectors are made lazily."""
    metrics = FrontendMetrics()
    assert not [name for name, *_ in collected(metrics) if "operation" in name]
    with metrics.sleep_mode.record("sleep"):
        assert collected(metrics)[("vllm:sleep_mode_operations_in_flight", "sleep")] == 1
    with pytest.raises(KeyError), metrics.weight_updates.record("update"):
        raise KeyError
    found = collected(metrics)
    assert found[("vllm:sleep_mode_operations_in_flight", "sleep")] == 0
    assert found[("vllm:sleep_mode_operation_duration_seconds_count", "sleep")] == 1
    assert found[("vllm:rl_weight_update_operations_in_flight", "update")] == 0
    assert found[("vllm:rl_weight_update_operation_duration_seconds_count", "update")] == 1
