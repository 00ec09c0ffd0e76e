# SPDX-License-Identifier: Apache-2.0
"""/metrics: vLLM's names and shapes, made of plain numbers, in a registry of its own."""

from __future__ import annotations

import prometheus_client
from prometheus_client.parser import text_string_to_metric_families

from fastfront.telemetry import Metrics
from fastfront.telemetry.buckets import histogram_buckets, one_two_five
from fastfront.telemetry.http import Histogram, HttpMetrics, cumulated

SNAPSHOT = {
    "counters": {
        "prompt_tokens": 7,
        "prompt_tokens_cached": 2,
        "prompt_tokens_local_compute": 5,
        "generation_tokens": 11,
        "success_stop": 3,
        "success_abort": 1,
        "messages": 9,
    },
    "histograms": {"request_params_n": ((1.0, 2.0), (4, 0, 1), 14.0)},
    "engines": {
        0: {
            "running": 2,
            "waiting": 1,
            "skipped_waiting": 4,
            "kv_cache_usage": 0.5,
            "prefix_queries": 8,
            "prefix_hits": 6,
        },
        1: {
            "running": 1,
            "waiting": 0,
            "skipped_waiting": 0,
            "kv_cache_usage": 0.0,
            "prefix_queries": 0,
            "prefix_hits": 0,
        },
    },
}


def samples(metrics):
    """Return every sample that Prometheus would read, by name and labels."""
    _, text = metrics.render()
    found = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            key = (sample.name, *sorted(sample.labels.items()))
            assert key not in found, "a sample appears twice"
            found[key] = sample.value
    return found


def watched():
    """Return metrics of an engine whose numbers are SNAPSHOT."""
    metrics = Metrics()
    metrics.watch_engine(lambda: SNAPSHOT, "tiny", 0)
    return metrics


ENGINE_0 = (("engine", "0"), ("model_name", "tiny"))


def test_frontends_counters_have_vllms_names():
    """One label set, the first engine's."""
    found = samples(watched())
    assert found[("vllm:prompt_tokens_total", *ENGINE_0)] == 7
    assert found[("vllm:prompt_tokens_cached_total", *ENGINE_0)] == 2
    assert found[("vllm:generation_tokens_total", *ENGINE_0)] == 11
    assert found[("vllm:prompt_tokens_by_source_total", *ENGINE_0, ("source", "local_compute"))] == 5


def test_finished_requests_are_split_by_reason():
    """All five reasons are there from the start, so that rates work."""
    found = samples(watched())
    reasons = {key[2][1]: value for key, value in found.items() if key[0] == "vllm:request_success_total"}
    assert reasons == {"stop": 3, "length": 0, "abort": 1, "error": 0, "repetition": 0}


def test_gauges_are_per_engine():
    """Each engine reports its own state; waiting requests include the deferred ones, as in vLLM."""
    found = samples(watched())
    assert found[("vllm:num_requests_running", *ENGINE_0)] == 2
    assert found[("vllm:num_requests_running", ("engine", "1"), ("model_name", "tiny"))] == 1
    assert found[("vllm:num_requests_waiting", *ENGINE_0)] == 5
    assert found[("vllm:num_requests_waiting_by_reason", *ENGINE_0, ("reason", "capacity"))] == 1
    assert found[("vllm:num_requests_waiting_by_reason", *ENGINE_0, ("reason", "deferred"))] == 4
    assert found[("vllm:kv_cache_usage_perc", *ENGINE_0)] == 0.5
    assert found[("vllm:prefix_cache_queries_total", *ENGINE_0)] == 8
    assert found[("vllm:prefix_cache_hits_total", *ENGINE_0)] == 6


def test_histograms_are_cumulated():
    """The pump counts per bucket, Prometheus wants sums."""
    found = samples(watched())
    buckets = [
        found[("vllm:request_params_n_bucket", ENGINE_0[0], ("le", le), ENGINE_0[1])] for le in ("1.0", "2.0", "+Inf")
    ]
    assert buckets == [4, 4, 5]
    assert found[("vllm:request_params_n_count", *ENGINE_0)] == 5
    assert found[("vllm:request_params_n_sum", *ENGINE_0)] == 14


def test_metrics_answer_without_an_engine():
    """While the engine loads there are still the process's and the HTTP side's numbers."""
    found = samples(Metrics())
    assert any(name == "process_cpu_seconds_total" for name, *_ in found)
    assert not any(name.startswith("vllm:") for name, *_ in found)


def test_default_registry_is_left_alone():
    """A host that exposes prometheus_client's own registry sees nothing of ours, and can make two of us."""
    before = {metric.name for metric in prometheus_client.REGISTRY.collect()}
    watched()
    watched()
    assert {metric.name for metric in prometheus_client.REGISTRY.collect()} == before


def test_gauges_of_the_frontend_are_read_when_asked():
    """A gauge shows the value at the time of the scrape."""
    metrics, value = Metrics(), [1]
    metrics.add_gauge("requests_open", "Open.", lambda: value[0])
    value[0] = 5
    assert samples(metrics)[("fastfront:requests_open",)] == 5


def test_http_requests_are_counted_by_class_of_status():
    """vLLM's labels: handler, method, status class."""
    http = HttpMetrics()
    http.observe("/v1/models", "GET", 200, 0.01)
    http.observe("/v1/models", "GET", 200, 0.3)
    http.observe("none", "GET", 404, 0.01)
    families = {family.name: family for family in http.collect()}
    counts = {tuple(sorted(s.labels.items())): s.value for s in families["http_requests"].samples}
    assert counts == {
        (("handler", "/v1/models"), ("method", "GET"), ("status", "2xx")): 2,
        (("handler", "none"), ("method", "GET"), ("status", "4xx")): 1,
    }
    buckets = [
        s.value
        for s in families["http_request_duration_seconds"].samples
        if s.name.endswith("_bucket") and s.labels["handler"] == "/v1/models"
    ]
    assert buckets == [1, 2, 2, 2]


def test_probes_are_not_counted():
    """As in vLLM: they would drown the rest."""
    http = HttpMetrics()
    for path in ("/health", "/metrics", "/load", "/ping", "/version"):
        http.observe(path, "GET", 200, 0.01)
    assert all(not s.value for family in http.collect() for s in family.samples)


def test_methods_of_clients_do_not_become_labels():
    """A client that invents methods must not make the metrics grow."""
    http = HttpMetrics()
    for number in range(100):
        http.observe("none", f"BREW{number}", 405, 0.01)
    requests = next(iter(http.collect()))
    assert [(s.labels["method"], s.value) for s in requests.samples] == [("OTHER", 100)]


def test_bounds_belong_to_their_bucket():
    """Prometheus' `le` means less or equal."""
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 2.5):
        histogram.observe(value)
    assert cumulated(histogram.bounds, histogram.counts) == [("1.0", 2), ("2.0", 4), ("+Inf", 5)]


def test_token_buckets_end_at_the_context_length():
    """1, 2, 5 and their multiples of ten."""
    assert one_two_five(100) == (1, 2, 5, 10, 20, 50, 100)
    assert one_two_five(99) == (1, 2, 5, 10, 20, 50)
    assert histogram_buckets(4096)["request_prompt_tokens"][-1] == 2000


def test_iteration_buckets():
    """Powers of two, as vLLM has them."""
    assert histogram_buckets(1)["iteration_tokens_total"][:3] == (1, 8, 16)
    assert histogram_buckets(1)["iteration_tokens_total"][-1] == 16384
