# SPDX-License-Identifier: Apache-2.0
"""The HTTP side's counters: vLLM's names and labels, bounded whatever clients send."""

from __future__ import annotations

from fastfront.telemetry.families import cumulated
from fastfront.telemetry.http import Histogram, HttpMetrics


def test_http_requests_are_counted_by_class_of_status():
    """vLLM's labels: handler, method, status class."""
    http = HttpMetrics()
    http.observe("/v1/models", "GET", 200, 0.01)
    http.observe("/v1/models", "GET", 200, 0.3)
    http.observe("none", "GET", 404, 0.01)
    families = {family.name: family for family in http.collect()}
    counts = {
        tuple(sorted(s.labels.items())): s.value
        for s in families["http_requests"].samples
        if s.name == "http_requests_total"
    }
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
    samples = [s for family in http.collect() for s in family.samples if not s.name.endswith("_created")]
    assert all(not s.value for s in samples)


def test_methods_of_clients_do_not_become_labels():
    """A client that invents methods must not make the metrics grow."""
    http = HttpMetrics()
    for number in range(100):
        http.observe("none", f"BREW{number}", 405, 0.01)
    requests = next(iter(http.collect()))
    counts = [(s.labels["method"], s.value) for s in requests.samples if s.name == "http_requests_total"]
    assert counts == [("OTHER", 100)]


def test_bounds_belong_to_their_bucket():
    """Prometheus' `le` means less or equal."""
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 2.5):
        histogram.observe(value)
    assert cumulated(histogram.bounds, histogram.counts) == [("1.0", 2), ("2.0", 4), ("+Inf", 5)]


def test_content_lengths_are_summed_by_handler():
    """Of requests and of responses, as their headers tell them."""
    http = HttpMetrics()
    http.observe("/v1/completions", "POST", 200, 0.1, 40, 300)
    http.observe("/v1/completions", "POST", 200, 0.1, 60, 0)
    families = {family.name: family for family in http.collect()}
    for name, total in (("http_request_size_bytes", 100), ("http_response_size_bytes", 300)):
        assert families[name].type == "summary"
        values = {s.name: s.value for s in families[name].samples if s.labels == {"handler": "/v1/completions"}}
        assert values[f"{name}_count"] == 2
        assert values[f"{name}_sum"] == total


def test_an_observer_is_kept():
    """A route asks for it once; both ways count the same."""
    http = HttpMetrics()
    observe = http.observer("/v1/completions", "POST")
    observe(200, 0.1)
    http.observe("/v1/completions", "POST", 200, 0.1)
    assert http.observer("/v1/completions", "POST") is observe
    requests = next(iter(http.collect()))
    assert [s.value for s in requests.samples if s.name == "http_requests_total"] == [2]


def test_each_series_tells_since_when_it_counts():
    """The _created series are there, as in vLLM's text."""
    http = HttpMetrics()
    http.observe("none", "GET", 404, 0.01)
    created = [s.name for family in http.collect() for s in family.samples if s.name.endswith("_created")]
    assert sorted(created) == [
        "http_request_duration_highr_seconds_created",
        "http_request_duration_seconds_created",
        "http_request_size_bytes_created",
        "http_requests_created",
        "http_response_size_bytes_created",
    ]
