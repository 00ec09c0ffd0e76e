# SPDX-License-Identifier: Apache-2.0
"""Make golden_connectors.json: what vLLM's own classes show of KV connectors. Run by hand, with a Python that has vLLM:

    PYTHONPATH=src:. VLLM_NO_USAGE_STATS=1 /path/to/vllm/env/bin/python tests/telemetry/make_connectors_golden.py

Per case: `config` (--kv-transfer-config), `messages` (EngineCoreOutputs of two engines as vLLM's encoder makes them, in
base64), `samples` (what /metrics has then: name, labels, value) and `families` (name, type, help text).
"""

from __future__ import annotations

import base64
import json
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from vllm.config import KVTransferConfig
from vllm.distributed.kv_transfer.kv_connector.v1.hf3fs import hf3fs_connector as hf3fs
from vllm.distributed.kv_transfer.kv_connector.v1.hisparse.stats import HiSparseKVConnectorStats, HiSparsePromMetrics
from vllm.distributed.kv_transfer.kv_connector.v1.mooncake.store.metrics import (
    MooncakeStoreConnectorStats,
    MooncakeStorePromMetrics,
)
from vllm.distributed.kv_transfer.kv_connector.v1.multi_connector import (
    MultiKVConnectorPromMetrics,
    MultiKVConnectorStats,
)
from vllm.distributed.kv_transfer.kv_connector.v1.nixl.stats import NixlKVConnectorStats, NixlPromMetrics
from vllm.distributed.kv_transfer.kv_connector.v1.offloading.metrics import OffloadingConnectorStats, OffloadPromMetrics
from vllm.v1.engine import EngineCoreOutputs
from vllm.v1.metrics.stats import KVCacheEvictionEvent, SchedulerStats
from vllm.v1.serial_utils import MsgpackDecoder, MsgpackEncoder
from vllm.v1.simple_kv_offload.metrics import SimpleCPUOffloadPromMetrics, SimpleCPUOffloadStats

LABELS = ["model_name", "engine"]
ENGINES: dict[int, list[object]] = {0: ["tiny", "0"], 1: ["tiny", "1"]}
TIERING = {"spec_name": "TieringOffloadingSpec", "store_threshold": 2, "secondary_tiers": []}


def nixl() -> NixlKVConnectorStats:
    stats = NixlKVConnectorStats()
    for duration, size, descriptors in ((1500, 4096, 3), (90_000, 1 << 20, 50), (7e6, 1 << 34, 100_000)):
        stats.record_transfer(
            SimpleNamespace(xferDuration=duration, postDuration=duration / 7, totalBytes=size, descCount=descriptors)
        )
    for record in (stats.record_failed_transfer, stats.record_failed_notification, stats.record_failed_notification):
        record()
    stats.record_failed_handshake()
    stats.record_kv_expired_req()
    stats.record_notification_after_expiry()
    return stats


def mooncake_store() -> MooncakeStoreConnectorStats:
    stats = MooncakeStoreConnectorStats()
    stats.record_operation("save_put", 0.03, 4, num_bytes=4096)
    stats.record_operation("save_put", 0.3, 2, num_bytes=2048, status="error", num_failed_keys=2)
    stats.record_operation("load_get", 9.0, 1, num_bytes=1)
    return stats


def hf3fs_stats() -> hf3fs.HF3FSKVConnectorStats:
    stats = hf3fs.HF3FSKVConnectorStats()
    stats.record_success_task_duration("Saved", 0.02)
    stats.record_success_task_duration("Loaded", 0.4)
    stats.record_failed_task_count("Saved")
    return stats


def hisparse() -> HiSparseKVConnectorStats:
    stats = HiSparseKVConnectorStats()
    stats.record_snapshot(10, 3, 4096)
    stats.record_snapshot(1, 0, 0)
    stats.record_host_usage(0.25, 7)
    stats.record_host_usage(0.75, 2)
    stats.record_host_evictions([KVCacheEvictionEvent(12.5, 3.0, (0.1, 0.4))])
    return stats


def offloading() -> OffloadingConnectorStats:
    stats = OffloadingConnectorStats()
    stats.increase_counter("vllm:kv_offload_load_bytes", 3_000_000)
    stats.increase_counter("vllm:kv_offload_load_time", 0.5)
    stats.increase_counter("vllm:kv_offload_store_bytes", 70_000_000)
    stats.increase_counter("vllm:kv_offload_stores_skipped", 2)
    for size in (3_000_000, 250_000_000):
        stats.observe_histogram("vllm:kv_offload_store_size", size)
    stats.observe_histogram("vllm:kv_offload_cpu_allocation_size", 16)
    stats.set_gauge("vllm:kv_offload_cpu_cache_usage_perc", 0.5)
    for tier in ("disk", "p2p"):
        stats.increase_counter("vllm:kv_offload_tiering_chunk_queries", 5, (tier,))
        stats.observe_histogram("vllm:kv_offload_tiering_lookup_sync_delay_seconds", 0.002, (tier,))
        stats.set_gauge("vllm:kv_offload_tiering_active_promotion_jobs", 1, (tier,))
    return stats


def simple() -> SimpleCPUOffloadStats:
    stats = SimpleCPUOffloadStats()
    stats.increase_counter("vllm:simple_kv_offload_save_outcomes_total", 4, ("stored",))
    stats.increase_counter("vllm:simple_kv_offload_load_blocks_total", 8)
    stats.set_gauge("vllm:simple_kv_offload_used_blocks", 3)
    stats.set_gauge("vllm:simple_kv_offload_info", 1, ("cpu", "false", "true", "1024"))
    return stats


def several() -> MultiKVConnectorStats:
    return MultiKVConnectorStats(data={"NixlConnector": nixl(), "OffloadingConnector": offloading()})


def config_of(connector: str, extra: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"kv_connector": connector, "kv_role": "kv_both", "kv_connector_extra_config": extra or {}}


CASES: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "nixl": (config_of("NixlConnector"), NixlPromMetrics, nixl),
    "mooncake_store": (config_of("MooncakeStoreConnector"), MooncakeStorePromMetrics, mooncake_store),
    "hf3fs": (config_of("HF3FSKVConnector"), hf3fs.HF3FSPromMetrics, hf3fs_stats),
    "hisparse": (config_of("HiSparseConnector"), HiSparsePromMetrics, hisparse),
    "offloading": (config_of("OffloadingConnector", TIERING), OffloadPromMetrics, offloading),
    "simple_offloading": (config_of("SimpleCPUOffloadConnector"), SimpleCPUOffloadPromMetrics, simple),
    "several": (
        config_of(
            "MultiConnector", {"connectors": [config_of("NixlConnector"), config_of("OffloadingConnector", TIERING)]}
        ),
        None,
        several,
    ),
}


def prom_of(registry: CollectorRegistry, config: dict[str, Any], prom_class: Any) -> Any:
    """Return vLLM's metrics of a connector, in a registry of their own."""
    types = {kind: partial(kind, registry=registry) for kind in (Gauge, Counter, Histogram)}
    observability = SimpleNamespace(kv_cache_metrics=True, custom_histogram_buckets=None)
    vllm_config = SimpleNamespace(kv_transfer_config=KVTransferConfig(**config), observability_config=observability)
    if prom_class is not None:
        return prom_class(vllm_config, types, LABELS, ENGINES)
    parts = {
        each["kv_connector"]: prom_of(
            registry, each, {"NixlConnector": NixlPromMetrics, "OffloadingConnector": OffloadPromMetrics}[name]
        )
        for each in config["kv_connector_extra_config"]["connectors"]
        for name in [each["kv_connector"]]
    }
    return MultiKVConnectorPromMetrics(vllm_config, types, LABELS, ENGINES, parts)


def case_of(config: dict[str, Any], prom_class: Any, make: Any) -> dict[str, Any]:
    """Return one case; the engines tell twice and once."""
    registry = CollectorRegistry()
    prom = prom_of(registry, config, prom_class)
    messages = []
    for engine in (0, 0, 1):
        stats = SchedulerStats(kv_connector_stats=make().to_dict())
        (frame,) = MsgpackEncoder().encode(EngineCoreOutputs(engine_index=engine, scheduler_stats=stats, timestamp=1.0))
        messages.append(base64.b64encode(bytes(frame)).decode())
        told = MsgpackDecoder(EngineCoreOutputs).decode(bytes(frame)).scheduler_stats.kv_connector_stats
        prom.observe(told, engine)
    families = [family for family in registry.collect() if family.samples]
    return {
        "config": config,
        "messages": messages,
        "families": sorted([family.name, family.type, family.documentation] for family in families),
        "samples": [
            [sample.name, dict(sample.labels), sample.value]
            for family in families
            for sample in family.samples
            if not sample.name.endswith("_created")
        ],
    }


def main() -> None:
    golden = {name: case_of(*case) for name, case in CASES.items()}
    path = Path(__file__).with_name("golden_connectors.json")
    lines = [json.dumps(name) + ": " + json.dumps(case) for name, case in golden.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
