# SPDX-License-Identifier: Apache-2.0
"""Turns the pump's snapshot into Prometheus families under vLLM's names (vllm/v1/metrics/loggers.py).

The numbers are counted natively; here they only get their names, help texts and labels. Must not know the pump: it is
handed a snapshot, a mapping of plain numbers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from fastfront.telemetry.http import cumulated

COUNTERS = {
    "num_preemptions": "Cumulative number of preemption from the engine.",
    "prompt_tokens": "Number of prefill tokens processed.",
    "prompt_tokens_cached": "Number of cached prompt tokens (local + external).",
    "generation_tokens": "Number of generation tokens processed.",
}
OWN_COUNTERS = {
    "messages": ("engine_messages", "Messages received from engines, one per engine step."),
    "unknown_outputs": ("unknown_outputs", "Engine outputs for requests that nobody waits for (any more)."),
    "bad_messages": ("bad_messages", "Engine messages that could not be decoded."),
    "overflows": ("slow_readers", "Responses given up because their client did not read."),
}
FINISHED_REASONS = ("stop", "length", "abort", "error", "repetition")
PROMPT_SOURCES = ("local_compute", "local_cache_hit", "external_kv_transfer")
HISTOGRAMS = {
    "time_to_first_token_seconds": "Histogram of time to first token in seconds.",
    "inter_token_latency_seconds": "Histogram of inter-token latency in seconds.",
    "request_time_per_output_token_seconds": "Histogram of time_per_output_token_seconds per request.",
    "e2e_request_latency_seconds": "Histogram of e2e request latency in seconds.",
    "request_queue_time_seconds": "Histogram of time spent in WAITING phase for request.",
    "request_inference_time_seconds": "Histogram of time spent in RUNNING phase for request.",
    "request_prefill_time_seconds": "Histogram of time spent in PREFILL phase for request.",
    "request_decode_time_seconds": "Histogram of time spent in DECODE phase for request.",
    "request_prompt_tokens": "Number of prefill tokens processed.",
    "request_generation_tokens": "Number of generation tokens processed.",
    "request_max_num_generation_tokens": "Histogram of maximum number of requested generation tokens.",
    "request_params_n": "Histogram of the n request parameter.",
    "request_params_max_tokens": "Histogram of the max_tokens request parameter.",
    "request_prefill_kv_computed_tokens": "Histogram of new KV tokens computed during prefill (without cached ones).",
    "request_num_preemptions": "Histogram of the number of times a request was preempted.",
    "iteration_tokens_total": "Histogram of number of tokens per engine_step.",
}
GAUGES = {
    "num_requests_running": ("running", "Number of requests in model execution batches."),
    "kv_cache_usage_perc": ("kv_cache_usage", "KV-cache usage. 1 means 100 percent usage."),
}
WAITING = "Number of requests waiting to be processed."
WAITING_BY_REASON = "Number of waiting requests by reason: capacity, or deferred by a transient constraint."
ENGINE_COUNTERS = {
    "prefix_cache_queries": ("prefix_queries", "Prefix cache queries, in terms of number of queried tokens."),
    "prefix_cache_hits": ("prefix_hits", "Prefix cache hits, in terms of number of cached tokens."),
}
LABELS = ("model_name", "engine")


def engine_metrics(snapshot: Mapping[str, Any], model_name: str, first_engine: int = 0) -> Iterable[Metric]:
    """Yield every family of one snapshot.

    What the frontend itself counts is not kept per engine: it carries the first engine's label.
    """
    labels = (model_name, str(first_engine))
    engines: Mapping[int, Mapping[str, float]] = snapshot.get("engines") or {first_engine: {}}
    for name, (member, text) in GAUGES.items():
        gauge = GaugeMetricFamily(f"vllm:{name}", text, labels=LABELS)
        for index, state in engines.items():
            gauge.add_metric((model_name, str(index)), state.get(member, 0))
        yield gauge
    waiting = GaugeMetricFamily("vllm:num_requests_waiting", WAITING, labels=LABELS)
    by_reason = GaugeMetricFamily("vllm:num_requests_waiting_by_reason", WAITING_BY_REASON, labels=(*LABELS, "reason"))
    for index, state in engines.items():
        capacity, deferred = state.get("waiting", 0), state.get("skipped_waiting", 0)
        waiting.add_metric((model_name, str(index)), capacity + deferred)
        by_reason.add_metric((model_name, str(index), "capacity"), capacity)
        by_reason.add_metric((model_name, str(index), "deferred"), deferred)
    yield waiting
    yield by_reason
    for name, (member, text) in ENGINE_COUNTERS.items():
        counter = CounterMetricFamily(f"vllm:{name}", text, labels=LABELS)
        for index, state in engines.items():
            counter.add_metric((model_name, str(index)), state.get(member, 0))
        yield counter

    counters: Mapping[str, int] = snapshot.get("counters", {})
    for name, text in COUNTERS.items():
        yield _counter(f"vllm:{name}", text, labels, counters.get(name, 0))
    yield _split(
        "vllm:request_success",
        "Count of successfully processed requests.",
        "finished_reason",
        labels,
        {reason: counters.get(f"success_{reason}", 0) for reason in FINISHED_REASONS},
    )
    yield _split(
        "vllm:prompt_tokens_by_source",
        "Number of prompt tokens by source.",
        "source",
        labels,
        {source: counters.get(f"prompt_tokens_{source}", 0) for source in PROMPT_SOURCES},
    )
    for member, (name, text) in OWN_COUNTERS.items():
        yield _counter(f"fastfront:{name}", text, labels, counters.get(member, 0))

    for name, (bounds, counts, total) in snapshot.get("histograms", {}).items():
        histogram = HistogramMetricFamily(f"vllm:{name}", HISTOGRAMS.get(name, name), labels=LABELS)
        histogram.add_metric(labels, cumulated(bounds, counts), total)
        yield histogram


def _counter(name: str, text: str, labels: tuple[str, str], value: float) -> CounterMetricFamily:
    counter = CounterMetricFamily(name, text, labels=LABELS)
    counter.add_metric(labels, value)
    return counter


def _split(name: str, text: str, label: str, labels: tuple[str, str], values: Mapping[str, float]) -> Metric:
    counter = CounterMetricFamily(name, text, labels=(*LABELS, label))
    for value, count in values.items():
        counter.add_metric((*labels, value), count)
    return counter
