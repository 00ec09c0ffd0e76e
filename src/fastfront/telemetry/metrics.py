# SPDX-License-Identifier: Apache-2.0
"""The registry behind /metrics: the engine's numbers, the HTTP side's, the frontend's own and the process's.

A registry of its own, never prometheus_client's default one: an application that embeds fastfront keeps its metrics to
itself. Everything is read when /metrics is asked for; nothing is computed before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from fastfront.telemetry.engine import engine_metrics
from fastfront.telemetry.http import HttpMetrics


class Metrics:
    """All metrics of one Frontend. `http` is fed by the app, the public counters by the frontend."""

    def __init__(self) -> None:
        """Begin at zero, without an engine."""
        self.http = HttpMetrics()
        self.requests_started = 0
        """Engine requests submitted, one per choice: always the sum of request_success and requests_running."""
        self.requests_rejected = 0
        """HTTP requests refused because the server was starting, draining or full."""
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self._engine: tuple[Callable[[], Mapping[str, Any]], str, int] | None = None
        self.registry = CollectorRegistry(auto_describe=False)
        # These three add themselves to the registry they are given.
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.registry.register(_Collector(self._collect))

    def watch_engine(self, snapshot: Callable[[], Mapping[str, Any]], model_name: str, first_engine: int) -> None:
        """Read the engine's numbers from `snapshot` from now on."""
        self._engine = (snapshot, model_name, first_engine)

    def add_gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Show a value of the frontend's as `fastfront:<name>`."""
        self._gauges[name] = (text, read)

    def render(self) -> tuple[bytes, bytes]:
        """Return the Content-Type and the body of /metrics."""
        return CONTENT_TYPE_LATEST.encode(), generate_latest(self.registry)

    def _collect(self) -> Iterable[Metric]:
        if self._engine is not None:
            snapshot, model_name, first_engine = self._engine
            yield from engine_metrics(snapshot(), model_name, first_engine)
        started = CounterMetricFamily("fastfront:requests_started", "Requests submitted to engines, one per choice.")
        started.add_metric((), self.requests_started)
        yield started
        rejected = CounterMetricFamily(
            "fastfront:requests_rejected", "Requests refused while starting, draining or full."
        )
        rejected.add_metric((), self.requests_rejected)
        yield rejected
        for name, (text, read) in self._gauges.items():
            yield GaugeMetricFamily(f"fastfront:{name}", text, value=read())
        yield from self.http.collect()


class _Collector(Collector):
    """What a registry wants: an object with collect(), and describe() so that registering reads nothing."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()

    def describe(self) -> Iterable[Metric]:
        return ()
