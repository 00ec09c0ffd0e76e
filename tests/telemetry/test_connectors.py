# SPDX-License-Identifier: Apache-2.0
"""What /metrics shows of KV connectors is what vLLM's own classes make of the same messages of engines."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import msgspec
import pytest

from fastfront._native.pump import EVENT_CONNECTOR_STATS, Pump
from fastfront.config import Config
from fastfront.engine.types import EngineCoreOutputs, SchedulerStats
from fastfront.telemetry.buckets import KV_CACHE_RESIDENCY
from fastfront.telemetry.connectors import ConnectorMetrics

GOLDEN = json.loads(Path(__file__).with_name("golden_connectors.json").read_bytes())


def families_of(metrics, engines=(0, 1)):
    return list(metrics.collect("tiny", engines, 1.0))


def samples_of(families):
    """Return every sample by name and labels."""
    found = {}
    for family in families:
        for sample in family.samples:
            if not sample.name.endswith("_created"):
                key = (sample.name, *sorted(sample.labels.items()))
                assert key not in found, "a sample appears twice"
                found[key] = sample.value
    return found


def expected_samples(case):
    return {(name, *sorted(labels.items())): pytest.approx(value) for name, labels, value in case["samples"]}


def told(case, **options):
    """Return the metrics after the messages of a case have passed the pump."""
    pump = Pump()
    pump.set_engines(0, 2)
    for message in case["messages"]:
        pump.process(base64.b64decode(message))
    metrics = ConnectorMetrics(residency_bounds=KV_CACHE_RESIDENCY, **options)
    metrics.watch(pump.take_connector_stats)
    return metrics


@pytest.mark.parametrize("name", GOLDEN)
def test_what_engines_tell_is_shown_as_by_vllm(name):
    """Names, labels, values and buckets of every sample; the kind of connector is seen by what it tells."""
    case = GOLDEN[name]
    families = families_of(told(case))
    assert samples_of(families) == expected_samples(case)
    texts = sorted([family.name, family.type, family.documentation] for family in families)
    assert texts == case["families"]


@pytest.mark.parametrize("name", GOLDEN)
def test_a_configured_connector_is_there_from_the_start(name):
    """With --kv-transfer-config, families without labels of their own begin at zero, as in vLLM."""
    case = GOLDEN[name]
    metrics = ConnectorMetrics(case["config"], residency_bounds=KV_CACHE_RESIDENCY)
    found = samples_of(families_of(metrics))
    assert set(found) <= set(expected_samples(case))
    assert not any(found.values())
    assert found or name in ("mooncake_store", "simple_offloading")


def test_without_a_connector_there_is_nothing():
    """A server without one shows none of it."""
    assert families_of(ConnectorMetrics.of(Config())) == []


def test_residency_of_blocks_needs_its_switch():
    """--kv-cache-metrics shows it, with the bounds of --custom-histogram-buckets."""
    hisparse = {"kv_connector": "HiSparseConnector"}
    without = ConnectorMetrics.of(Config(kv_transfer_config=hisparse))
    assert not any("host_block" in family.name for family in families_of(without))
    custom = {"kv_cache_residency": [1, 2]}
    shown = ConnectorMetrics.of(
        Config(kv_transfer_config=hisparse, kv_cache_metrics=True, custom_histogram_buckets=custom)
    )
    bounds = {
        sample.labels["le"]
        for family in families_of(shown)
        for sample in family.samples
        if sample.name == "vllm:hisparse_host_block_reuse_gap_seconds_bucket"
    }
    assert bounds == {"1.0", "2.0", "+Inf"}


def message_of(payload):
    return msgspec.msgpack.encode(EngineCoreOutputs(scheduler_stats=SchedulerStats(kv_connector_stats=payload)))


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"anything": 1},
        {"types": 5, "data": 6},
        {"types": {"vllm:kv_offload_load_bytes": "gauge"}, "data": {"vllm:kv_offload_load_bytes": {"x": 1}}},
        {"types": {"vllm:unknown": "counter"}, "data": {"vllm:unknown": {}}},
        {"post_duration": ["x"], "transfer_duration": [None]},
        {"save_put": [{"status": "ok"}]},
        {"NixlConnector": {"NixlConnector": {}}},
    ],
)
def test_other_forms_are_passed_over(payload):
    """Whatever an engine of another make tells, the page is made, and nothing is counted."""
    pump = Pump()
    pump.process(message_of(payload))
    metrics = ConnectorMetrics()
    metrics.watch(pump.take_connector_stats)
    assert not any(samples_of(families_of(metrics)).values())


def test_label_sets_are_bounded():
    """An engine that invents operations without end fills no memory."""
    metrics = ConnectorMetrics()
    record = {"duration_seconds": 1, "num_keys": 1, "num_bytes": 1, "status": "ok", "num_failed_keys": 0}
    many = {f"operation{number}": [record] for number in range(3000)}
    metrics.watch(lambda: [(0, msgspec.msgpack.encode(many))])
    calls = [key for key in samples_of(families_of(metrics)) if key[0] == "vllm:mooncake_store_operation_total"]
    assert len(calls) == 1024


def test_the_loop_hears_when_much_has_gathered():
    """Once, until it takes what there is; a reading of /metrics takes it, too."""
    pump = Pump()
    message = message_of({"post_duration": [0.25] * 4000})
    for _ in range(4):
        pump.process(message)
    assert [kind for kind, _ in pump.dispatch()] == [EVENT_CONNECTOR_STATS]
    assert len(pump.take_connector_stats()) == 4
    pump.process(message)
    assert pump.dispatch() == []
    assert len(pump.take_connector_stats()) == 1
    assert pump.take_connector_stats() == []
