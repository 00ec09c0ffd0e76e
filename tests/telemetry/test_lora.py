# SPDX-License-Identifier: Apache-2.0
"""Adapters with requests under way, in vLLM's gauge of labels."""

from __future__ import annotations

from fastfront.telemetry.lora import MAX_COMBINATIONS, LoraMetrics


def shown(metrics):
    """Return the adapters of each sample, the latest last."""
    (family,) = metrics.collect(4)
    assert all(sample.labels["max_lora"] == "4" for sample in family.samples)
    assert all(s.labels["waiting_lora_adapters"] == s.labels["running_lora_adapters"] for s in family.samples)
    latest_last = sorted(family.samples, key=lambda sample: sample.value)
    return [sample.labels["running_lora_adapters"] for sample in latest_last]


def test_the_latest_sample_names_the_adapters_under_way():
    """Each once, however many requests it has; none when all are over."""
    metrics = LoraMetrics()
    assert shown(metrics) == [""]
    metrics.begin("a")
    metrics.begin("b")
    metrics.begin("a")
    assert shown(metrics)[-1] == "a,b"
    metrics.end("a")
    assert set(shown(metrics)[-1].split(",")) == {"a", "b"}
    metrics.end("a")
    assert shown(metrics)[-1] == "b"
    metrics.end("b")
    assert shown(metrics)[-1] == ""


def test_combinations_are_bounded():
    """A label must not make the metrics grow without end."""
    metrics = LoraMetrics()
    for number in range(MAX_COMBINATIONS + 50):
        metrics.begin(f"a{number}")
        metrics.end(f"a{number}")
    assert len(shown(metrics)) <= MAX_COMBINATIONS
