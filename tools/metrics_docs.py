# SPDX-License-Identifier: Apache-2.0
"""Write docs/metrics.md from what /metrics shows with everything on; --print shows it instead.

Knows the telemetry package and Markdown, and nothing of who counts. Needs the built extensions (`make develop`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import msgspec

from fastfront._native.pump import Pump
from fastfront.telemetry import Metrics
from fastfront.telemetry.buckets import KV_CACHE_RESIDENCY
from fastfront.telemetry.connectors import CONNECTORS, ConnectorMetrics
from fastfront.telemetry.offloading_families import OFFLOADING, SIMPLE_OFFLOADING
from fastfront.telemetry.pump import watch_pump

if TYPE_CHECKING:
    from collections.abc import Iterable

    from prometheus_client import Metric

    from fastfront.telemetry.connector_families import Family

PAGE = Path(__file__).resolve().parent.parent / "docs" / "metrics.md"
HEAD = """\
# Metrics

<!-- Written by tools/metrics_docs.py from src/fastfront/telemetry: edit there, then run it. -->

`GET /metrics` answers in Prometheus' text format, from a registry of fastfront's own. Names, types, help texts, labels,
buckets and `_created` series are those of vLLM's Python server, so that its dashboards and alerts work; what vLLM does
not have is called `fastfront:`. [compatibility.md](compatibility.md) names what differs.

- Nothing is computed per token in Python: the pump's threads count into memory that a scrape adds up.
- It adds up: `fastfront:requests_started_total` is at any time the sum of `vllm:request_success_total` (all reasons)
  and `fastfront:requests_running`. One engine request is one choice.
- With `--disable-log-stats` there are no `vllm:` metrics. `--custom-histogram-buckets` changes buckets by family.
- Counters are listed with the `_total` that Prometheus shows; a histogram has `_bucket`, `_sum` and `_count`.
"""
GROUPS = {
    "vllm:": ("Engine and requests", "Per engine: `engine` is its index, `model_name` the first served name."),
    "http_": (
        "HTTP",
        "Probes, /metrics and /version are not counted. `handler` is a path of the route table or `none`.",
    ),
    "fastfront:": ("fastfront's own", "Where time goes in the frontend, and what waits for whom."),
    "": ("Process", "Of the frontend's process; where a host app embeds fastfront, the host's."),
}
SOMETIMES = {
    "vllm:corrupted_requests": "with `VLLM_COMPUTE_NANS_IN_LOGITS=1`",
    "vllm:num_requests_kv_fetch_by_stage": "once a KV connector loads",
    "vllm:spec_decode": "once an engine drafts",
    "vllm:diffusion": "with a diffusion model, instead of `vllm:spec_decode_*`",
    "vllm:kv_block": "with `--kv-cache-metrics`",
    "vllm:sleep_mode": "after the first operation",
    "vllm:rl_weight": "after the first operation",
    "vllm:tool_call_parser": "with `--tool-call-parser`",
    "vllm:lora_requests_info": "with `--enable-lora`",
    "vllm:nixl": "with that KV connector",
    "vllm:mooncake_store": "with that KV connector",
    "vllm:hf3fs": "with that KV connector",
    "vllm:hisparse_host_block": "with that KV connector and `--kv-cache-metrics`",
    "vllm:hisparse": "with that KV connector",
    "vllm:kv_offload_tiering": "with the offloading KV connector and further tiers",
    "vllm:kv_offload": "with the offloading KV connector",
    "vllm:simple_kv_offload": "with that KV connector",
}


def families() -> Iterable[Metric]:
    """Yield every family there is, as a server shows it that does everything."""
    pump = Pump()
    snapshot = pump.snapshot()
    snapshot[0]["scheduler"]["kv_fetch"]["in_progress"] = 1
    drafts = ("num_drafts", "num_draft_tokens", "num_accepted_tokens")
    snapshot[0]["scheduler"]["spec_decode"] = {**dict.fromkeys(drafts, 1), "accepted_per_position": [1]}
    metrics = Metrics(kv_cache_metrics=True, corrupted=True, tool_parser=True, connectors=all_connectors())
    metrics.add_counter("log_jobs_dropped", "Lines of logs left out for want of time.", lambda: 0)
    metrics.add_gauge("requests_open", "HTTP requests that generate.", lambda: 0)
    metrics.add_gauge("prompts_waiting", "Long prompts that no thread has begun yet.", lambda: 0)
    watch_pump(metrics, pump, SimpleNamespace(), SimpleNamespace())
    metrics.watch_engine(lambda: snapshot, "model", SimpleNamespace(supports_lora=True, max_loras=1))
    metrics.http.observe("/v1/completions", "POST", 200, 0.1)
    for operations in (metrics.frontend.sleep_mode, metrics.frontend.weight_updates):
        with operations.record("any"):
            pass
    diffusion = Metrics()
    diffusion.watch_engine(lambda: snapshot, "model", diffusion=True)
    more = (family for family in diffusion.registry.collect() if family.name.startswith("vllm:diffusion"))
    return [*metrics.registry.collect(), *more]


def all_connectors() -> ConnectorMetrics:
    """Return metrics of every KV connector there is, as if each had told something."""
    config = {"kv_connector_extra_config": {"connectors": [{"kv_connector": name} for name in CONNECTORS]}}
    metrics = ConnectorMetrics(config, residency_bounds=KV_CACHE_RESIDENCY)
    record = dict.fromkeys(("duration_seconds", "num_keys", "num_bytes", "num_failed_keys"), 1)
    told = {
        "MooncakeStoreConnector": {"save_put": [{**record, "status": "ok"}]},
        "OffloadingConnector": self_describing(OFFLOADING),
        "SimpleCPUOffloadConnector": self_describing(SIMPLE_OFFLOADING),
    }
    waiting = [(0, msgspec.msgpack.encode(told))]
    metrics.watch(lambda: [waiting.pop()] if waiting else [])
    return metrics


def self_describing(families: Iterable[Family]) -> dict[str, dict[str, Any]]:
    """Return what a connector tells that names its families itself, a value for each."""
    data = {
        f"vllm:{family.name}": {("x",) * len(family.labels): [1] if family.kind == "histogram" else 1}
        for family in families
    }
    return {"types": {f"vllm:{family.name}": family.kind for family in families}, "data": data}


def render() -> str:
    """Return the page."""
    sections = {prefix: [f"## {title}\n\n{text}\n\n{TABLE_HEAD}"] for prefix, (title, text) in GROUPS.items()}
    for family in sorted(families(), key=lambda family: family.name):
        prefix = next(prefix for prefix in GROUPS if family.name.startswith(prefix))
        sections[prefix].append(row(family))
    return HEAD + "".join("\n" + "\n".join(rows) + "\n" for rows in sections.values())


TABLE_HEAD = "| metric | type | labels | meaning |\n|---|---|---|---|"


def row(family: Metric) -> str:
    """Return a family's line."""
    name = family.name + ("_total" if family.type == "counter" else "")
    labels = {label: None for sample in family.samples for label in sample.labels if label != "le"}
    shown = ", ".join(f"`{label}`" for label in labels) if len(labels) < 8 else "the engine's cache configuration"
    when = next((text for prefix, text in SOMETIMES.items() if family.name.startswith(prefix)), "")
    meaning = family.documentation.strip() + (f" Shown {when}." if when else "")
    return f"| `{name}` | {family.type} | {shown} | {meaning} |"


def main() -> None:
    """Write the page, or print it."""
    if "--print" in sys.argv[1:]:
        sys.stdout.write(render())
    else:
        PAGE.write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
