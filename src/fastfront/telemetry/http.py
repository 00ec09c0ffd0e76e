# SPDX-License-Identifier: Apache-2.0
"""Counters of the HTTP side, under the names that vLLM's instrumentator gives them. Fed on the loop thread only.

Plain dicts instead of prometheus_client's own counters: no lock and no label lookup per request. Labels take only
values of this module's or the route table's, never a client's.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric

DURATION_BUCKETS = (0.1, 0.5, 1.0)
DURATION_HIGHR_BUCKETS = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5),
    *(2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 7.5, 10.0, 30.0, 60.0),
)
EXCLUDED_HANDLERS = frozenset({"/metrics", "/health", "/load", "/ping", "/version"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "QUERY"})


class Histogram:
    """Observations per bucket, the last one being +Inf."""

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        """Take the upper bounds, ascending, without +Inf."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


def cumulated(bounds: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    """Return Prometheus' buckets: upper bound as text, observations up to it."""
    buckets: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip((*bounds, float("inf")), counts, strict=True):
        total += count
        buckets.append(("+Inf" if bound == float("inf") else str(float(bound)), total))
    return buckets


class HttpMetrics:
    """http_requests_total, http_request_duration_seconds and http_request_duration_highr_seconds."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._requests: dict[tuple[str, str, str], int] = {}
        self._durations: dict[tuple[str, str], Histogram] = {}
        self._highr = Histogram(DURATION_HIGHR_BUCKETS)

    def observe(self, handler: str, method: str, status: int, seconds: float) -> None:
        """Count one request. `handler` is a path of the route table, or "none"."""
        if handler in EXCLUDED_HANDLERS:
            return
        if method not in METHODS:
            method = "OTHER"
        key = (handler, method, f"{status // 100}xx")
        self._requests[key] = self._requests.get(key, 0) + 1
        duration = self._durations.get((handler, method))
        if duration is None:
            duration = self._durations[(handler, method)] = Histogram(DURATION_BUCKETS)
        duration.observe(seconds)
        self._highr.observe(seconds)

    def observer(self, handler: str, method: str) -> Callable[[int, float], None]:
        """Return `observe` for one route: called with the status and the seconds."""

        def observe(status: int, seconds: float) -> None:
            self.observe(handler, method, status, seconds)

        return observe

    def collect(self) -> Iterable[Metric]:
        """Yield the families, for a prometheus_client registry."""
        requests = CounterMetricFamily(
            "http_requests",
            "Total number of requests by method, status and handler.",
            labels=("handler", "method", "status"),
        )
        for key, count in self._requests.items():
            requests.add_metric(key, count)
        yield requests
        highr = HistogramMetricFamily(
            "http_request_duration_highr_seconds", "Latency with many buckets but no API specific labels."
        )
        highr.add_metric((), cumulated(self._highr.bounds, self._highr.counts), self._highr.sum)
        yield highr
        durations = HistogramMetricFamily(
            "http_request_duration_seconds", "Latency with only few buckets by handler.", labels=("handler", "method")
        )
        for labels, histogram in self._durations.items():
            durations.add_metric(labels, cumulated(histogram.bounds, histogram.counts), histogram.sum)
        yield durations
