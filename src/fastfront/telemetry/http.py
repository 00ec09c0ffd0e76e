# SPDX-License-Identifier: Apache-2.0
"""Counters of the HTTP side, under the names that vLLM's instrumentator gives them. Fed on the loop thread only.

Plain dicts instead of prometheus_client's own counters: no lock and no label lookup per request. Labels take only
values of this module's or the route table's, never a client's.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence

from prometheus_client.core import Metric

from fastfront.telemetry.families import counter, histogram, summary

DURATION_BUCKETS = (0.1, 0.5, 1.0)
DURATION_HIGHR_BUCKETS = (
    *(0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5),
    *(2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 7.5, 10.0, 30.0, 60.0),
)
EXCLUDED_HANDLERS = frozenset({"/metrics", "/health", "/load", "/ping", "/version", "/server_info"})
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT", "QUERY"})

Observe = Callable[..., None]
"""Counts a request of one route: status, seconds, and the content lengths of request and response if there are any."""


class Histogram:
    """Observations per bucket, the last one being +Inf."""

    __slots__ = ("bounds", "counts", "created", "sum")

    def __init__(self, bounds: Sequence[float]) -> None:
        """Take the upper bounds, ascending, without +Inf."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0
        self.created = time.time()

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value


class _Route:
    """What is counted of one handler and method."""

    __slots__ = ("by_status", "created", "duration")

    def __init__(self) -> None:
        self.by_status: dict[int, int] = {}  # by the status' first digit
        self.created: dict[int, float] = {}
        self.duration = Histogram(DURATION_BUCKETS)


class _Sizes:
    """Content lengths of one handler's requests and responses."""

    __slots__ = ("count", "created", "requests", "responses")

    def __init__(self) -> None:
        self.count = self.requests = self.responses = 0
        self.created = time.time()


class HttpMetrics:
    """Numbers of requests, their durations and content lengths, by route."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._routes: dict[tuple[str, str], _Route] = {}
        self._sizes: dict[str, _Sizes] = {}
        self._observers: dict[tuple[str, str], Observe] = {}
        self._highr = Histogram(DURATION_HIGHR_BUCKETS)

    def observe(
        self, handler: str, method: str, status: int, seconds: float, request_size: int = 0, response_size: int = 0
    ) -> None:
        """Count one request. `handler` is a path of the route table, or "none".

        Sizes are what the content-length headers say, 0 where there is none: streams have no such header.
        """
        if handler not in EXCLUDED_HANDLERS:
            self.observer(handler, method)(status, seconds, request_size, response_size)

    def observer(self, handler: str, method: str) -> Observe:
        """Return what counts the requests of one route; it may be kept."""
        if method not in METHODS:
            method = "OTHER"
        found = self._observers.get((handler, method))
        if found is None:
            route = self._routes[(handler, method)] = _Route()
            sizes = self._sizes.setdefault(handler, _Sizes())
            found = self._observers[(handler, method)] = _observer(route, sizes, self._highr)
        return found

    def collect(self) -> Iterable[Metric]:
        """Yield the families, for a prometheus_client registry."""
        routes = {labels: route for labels, route in self._routes.items() if route.by_status}
        groups = [(labels, f"{group}xx", route, group) for labels, route in routes.items() for group in route.by_status]
        yield counter(
            "http_requests",
            "Total number of requests by method, status and handler.",
            ("handler", "method", "status"),
            {(*labels, status): route.by_status[group] for labels, status, route, group in groups},
            {(*labels, status): route.created[group] for labels, status, route, group in groups},
        )
        yield self._size_family("http_request_size_bytes", "incoming requests", lambda sizes: sizes.requests)
        yield self._size_family("http_response_size_bytes", "outgoing responses", lambda sizes: sizes.responses)
        highr = self._highr
        yield histogram(
            "http_request_duration_highr_seconds",
            "Latency with many buckets but no API specific labels. Made for more accurate percentile calculations. ",
            (),
            {(): (highr.bounds, highr.counts, highr.sum)},
            highr.created,
        )
        durations = {labels: route.duration for labels, route in routes.items()}
        yield histogram(
            "http_request_duration_seconds",
            "Latency with only few buckets by handler. Made to be only used if aggregation by handler is important. ",
            ("handler", "method"),
            {labels: (found.bounds, found.counts, found.sum) for labels, found in durations.items()},
            {labels: found.created for labels, found in durations.items()},
        )

    def _size_family(self, name: str, what: str, read: Callable[[_Sizes], int]) -> Metric:
        used = {(handler,): sizes for handler, sizes in self._sizes.items() if sizes.count}
        return summary(
            name,
            f"Content length of {what} by handler. Only value of header is respected. Otherwise ignored. "
            "No percentile calculated. ",
            ("handler",),
            {labels: (sizes.count, read(sizes)) for labels, sizes in used.items()},
            {labels: sizes.created for labels, sizes in used.items()},
        )


def _observer(route: _Route, sizes: _Sizes, highr: Histogram) -> Observe:
    def observe(status: int, seconds: float, request_size: int = 0, response_size: int = 0) -> None:
        group = status // 100
        count = route.by_status.get(group, 0)
        if count == 0:
            route.created[group] = time.time()
        route.by_status[group] = count + 1
        route.duration.observe(seconds)
        highr.observe(seconds)
        sizes.count += 1
        sizes.requests += request_size
        sizes.responses += response_size

    return observe
