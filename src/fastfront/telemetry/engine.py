# SPDX-License-Identifier: Apache-2.0
"""Turns the pump's snapshot into Prometheus families under vLLM's names (vllm/v1/metrics/loggers.py).

The numbers are counted natively; here they only get their names, help texts and labels. Must not know the pump: it is
handed a snapshot, a mapping of plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from prometheus_client.core import Metric

from fastfront.telemetry.families import Counts, counter, gauge, histogram
from fastfront.telemetry.names import COUNTERS, DIFFUSION, HISTOGRAMS, KV_BLOCKS, SCHEDULER_COUNTERS, SPEC_DECODE, TEXTS

FINISHED_REASONS = ("stop", "length", "abort", "error", "repetition")
PROMPT_SOURCES = ("local_compute", "local_cache_hit", "external_kv_transfer")
LABELS = ("model_name", "engine")

Snapshot = Mapping[int, Mapping[str, Any]]
Reading = Callable[[Mapping[str, Any]], float]


def engine_metrics(
    snapshot: Snapshot,
    model_name: str,
    created: float,
    *,
    kv_cache_metrics: bool = False,
    corrupted: bool = False,
    diffusion: bool = False,
) -> Iterator[Metric]:
    """Yield every family of one snapshot.

    `created`: Unix time since which it counts. `kv_cache_metrics`: show the histograms of KV blocks before the first of
    them has left the cache; `corrupted`: count requests with NaNs in their logits; `diffusion`: the model is one.
    """
    engines = _Engines(snapshot, model_name, created)
    yield engines.gauge("num_requests_running", lambda of: of["scheduler"]["running"])
    yield engines.gauge(
        "num_requests_waiting", lambda of: of["scheduler"]["waiting"] + of["scheduler"]["skipped_waiting"]
    )
    yield engines.gauge_by(
        "num_requests_waiting_by_reason",
        "reason",
        lambda of: {"capacity": of["scheduler"]["waiting"], "deferred": of["scheduler"]["skipped_waiting"]},
    )
    yield engines.gauge("kv_cache_usage_perc", lambda of: of["scheduler"]["kv_cache_usage"])
    for name, member in SCHEDULER_COUNTERS.items():
        yield engines.counter(name, _member("scheduler", member))
    for name in COUNTERS:
        yield engines.counter(name, _member("counters", name))
    if corrupted:
        yield engines.counter("corrupted_requests", _member("counters", "corrupted_requests"))
    yield engines.counter_by(
        "prompt_tokens_by_source",
        "source",
        lambda of: {source: of["counters"][f"prompt_tokens_{source}"] for source in PROMPT_SOURCES},
    )
    yield engines.counter_by(
        "prompt_tokens_cached_by_source",
        "source",
        # What the engine's own cache had is the device's.
        lambda of: {
            **of["scheduler"]["connector_hits_by_source"],
            "device": of["scheduler"]["prefix_hits"] + of["scheduler"]["connector_hits_by_source"]["device"],
        },
    )
    yield engines.counter_by(
        "request_success",
        "finished_reason",
        lambda of: {reason: of["counters"][f"success_{reason}"] for reason in FINISHED_REASONS},
    )
    for name in HISTOGRAMS:
        yield engines.histogram(name, _histogram(name))
    yield from _kv_fetch(engines)
    yield from _diffusion(engines) if diffusion else _spec_decode(engines)
    yield from _kv_blocks(engines, always=kv_cache_metrics)


def load_of(snapshot: Snapshot) -> list[tuple[str, float]]:
    """Return the gauges that tell a load balancer of the engines, in the order of /metrics."""
    schedulers = [of["scheduler"] for of in snapshot.values()]
    waiting = [("num_requests_waiting", float(of["waiting"] + of["skipped_waiting"])) for of in schedulers]
    return [*waiting, *(("kv_cache_usage_perc", float(of["kv_cache_usage"])) for of in schedulers)]


def _member(part: str, name: str) -> Reading:
    def read(of: Mapping[str, Any]) -> float:
        return float(of[part][name])

    return read


def _histogram(name: str) -> Callable[[Mapping[str, Any]], Counts]:
    def read(of: Mapping[str, Any]) -> Counts:
        counts: Counts = of["histograms"][name]
        return counts

    return read


def _drafted(member: str) -> Reading:
    def read(of: Mapping[str, Any]) -> float:
        return float((of["scheduler"]["spec_decode"] or {}).get(member, 0))

    return read


def _kv_fetch(engines: _Engines) -> Iterator[Metric]:
    """Yield the stages of loading from a KV connector, once there was something to load."""
    if any(any(of["scheduler"]["kv_fetch"].values()) for of in engines.snapshot.values()):
        yield engines.gauge_by("num_requests_kv_fetch_by_stage", "stage", lambda of: of["scheduler"]["kv_fetch"])


def _spec_decode(engines: _Engines) -> Iterator[Metric]:
    """Yield what speculative decoding has come to, once an engine has drafted."""
    drafts = {index: of["scheduler"]["spec_decode"] for index, of in engines.snapshot.items()}
    if not any(drafts.values()):
        return
    for name, member in SPEC_DECODE.items():
        yield engines.counter(name, _drafted(member))
    yield engines.counter_by(
        "spec_decode_num_accepted_tokens_per_pos",
        "position",
        lambda of: {
            str(position): count
            for position, count in enumerate((of["scheduler"]["spec_decode"] or {}).get("accepted_per_position", ()))
        },
    )


def _diffusion(engines: _Engines) -> Iterator[Metric]:
    """Yield what a diffusion model has denoised: from the start, as in vLLM."""
    for name, member in DIFFUSION.items():
        yield engines.counter(name, _drafted(member))


def _kv_blocks(engines: _Engines, *, always: bool) -> Iterator[Metric]:
    """Yield how long blocks stayed in the KV cache, once the engine tells of them."""
    if always or any(of["scheduler"]["has_evictions"] for of in engines.snapshot.values()):
        for name in KV_BLOCKS:
            yield engines.histogram(name, _kv_block(name))


def _kv_block(name: str) -> Callable[[Mapping[str, Any]], Counts]:
    def read(of: Mapping[str, Any]) -> Counts:
        counts: Counts = of["scheduler"]["kv_blocks"][name]
        return counts

    return read


def tool_parser_metrics(snapshot: Snapshot, model_name: str, created: float) -> Metric:
    """Return how often tool parsers were asked, and whether they found a call; chats ask them, and nobody else yet."""
    values: dict[tuple[str, ...], float] = {
        (model_name, mode, outcome, request_type): 0
        for mode in ("streaming", "non_streaming")
        for outcome in ("tool_call", "no_tool_call")
        for request_type in ("chat_completions", "responses", "other")
    }
    for mode, prefix in (("streaming", "tool_parser_streaming"), ("non_streaming", "tool_parser")):
        for outcome, suffix in (("tool_call", "called"), ("no_tool_call", "plain")):
            count = sum(of["counters"][f"{prefix}_{suffix}"] for of in snapshot.values())
            values[(model_name, mode, outcome, "chat_completions")] = count
    labels = ("model_name", "mode", "outcome", "request_type")
    text = TEXTS["tool_call_parser_invocations"]
    return counter("vllm:tool_call_parser_invocations", text, labels, values, created)


class _Engines:
    """Families of all engines: vLLM's names, help texts and labels around what is read from each."""

    def __init__(self, snapshot: Snapshot, model_name: str, created: float) -> None:
        self.snapshot = snapshot
        self._created = created
        self._labels: dict[int, tuple[str, ...]] = {index: (model_name, str(index)) for index in snapshot}

    def gauge(self, name: str, read: Reading) -> Metric:
        return gauge(f"vllm:{name}", TEXTS[name], LABELS, self._each(read))

    def gauge_by(self, name: str, label: str, read: Callable[[Mapping[str, Any]], Mapping[str, float]]) -> Metric:
        return gauge(f"vllm:{name}", TEXTS[name], (*LABELS, label), self._split(read))

    def counter(self, name: str, read: Reading) -> Metric:
        return counter(f"vllm:{name}", TEXTS[name], LABELS, self._each(read), self._created)

    def counter_by(self, name: str, label: str, read: Callable[[Mapping[str, Any]], Mapping[str, float]]) -> Metric:
        return counter(f"vllm:{name}", TEXTS[name], (*LABELS, label), self._split(read), self._created)

    def histogram(self, name: str, read: Callable[[Mapping[str, Any]], Counts]) -> Metric:
        values = {self._labels[index]: read(of) for index, of in self.snapshot.items()}
        return histogram(f"vllm:{name}", TEXTS[name], LABELS, values, self._created)

    def _each(self, read: Reading) -> dict[tuple[str, ...], float]:
        return {self._labels[index]: read(of) for index, of in self.snapshot.items()}

    def _split(self, read: Callable[[Mapping[str, Any]], Mapping[str, float]]) -> dict[tuple[str, ...], float]:
        return {
            (*self._labels[index], value): number
            for index, of in self.snapshot.items()
            for value, number in read(of).items()
        }
