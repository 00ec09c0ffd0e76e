# SPDX-License-Identifier: Apache-2.0
"""The registry behind /metrics: the engine's numbers, the HTTP side's, the frontend's own and the process's.

A registry of its own, never prometheus_client's default one: an application that embeds fastfront keeps its metrics to
itself. Everything is read when /metrics is asked for; nothing is computed before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from fastfront.telemetry.cache_config import cache_config_info
from fastfront.telemetry.connectors import ConnectorMetrics
from fastfront.telemetry.engine import Snapshot, engine_metrics, load_of, tool_parser_metrics
from fastfront.telemetry.families import counter, gauge
from fastfront.telemetry.frontend import FrontendMetrics
from fastfront.telemetry.http import HttpMetrics
from fastfront.telemetry.lora import LoraMetrics
from fastfront.telemetry.own import pump_metrics


class Metrics:
    """All metrics of one Frontend. `http` is fed by the app, the rest by the frontend."""

    def __init__(
        self,
        *,
        log_stats: bool = True,
        kv_cache_metrics: bool = False,
        corrupted: bool = False,
        tool_parser: bool = False,
        connectors: ConnectorMetrics | None = None,
    ) -> None:
        """Begin at zero, without an engine.

        `log_stats`: show vLLM's metrics; `kv_cache_metrics`, `corrupted`: see engine_metrics; `tool_parser`: there is
        a --tool-call-parser. `connectors`: what is known of KV connectors.
        """
        self.http = HttpMetrics()
        self.frontend = FrontendMetrics()
        self.lora = LoraMetrics()
        self.connectors = connectors or ConnectorMetrics()
        self.requests_started = 0
        """Engine requests submitted, one per choice: always the sum of request_success and requests_running."""
        self.requests_rejected = 0
        """HTTP requests refused because the server was starting, draining or full."""
        self.corrupted = corrupted
        self._log_stats = log_stats
        self._kv_cache_metrics = kv_cache_metrics
        self._tool_parser = tool_parser
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}
        self._counters: dict[str, tuple[str, Callable[[], float]]] = {}
        self.add_counter(
            "requests_started", "Requests submitted to engines, one per choice.", lambda: self.requests_started
        )
        self.add_counter(
            "requests_rejected", "Requests refused while starting, draining or full.", lambda: self.requests_rejected
        )
        self._snapshot: Callable[[], Snapshot] | None = None
        self._model_name = ""
        self._ready: Any = None
        self._diffusion = False
        self._created = time.time()
        self.registry = CollectorRegistry(auto_describe=False)
        # These three add themselves to the registry they are given.
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.registry.register(_Collector(self._collect))

    def watch_engine(
        self, snapshot: Callable[[], Snapshot], model_name: str, ready: Any = None, *, diffusion: bool = False
    ) -> None:
        """Read the engines' numbers from `snapshot` from now on.

        `ready`: what the first said when it was ready; `diffusion`: it is a diffusion model.
        """
        self._snapshot, self._model_name, self._ready, self._diffusion = snapshot, model_name, ready, diffusion
        self._created = time.time()

    def load(self) -> list[tuple[str, float]]:
        """Return what vLLM reports to load balancers: a name and a value for each engine."""
        if self._snapshot is None or not self._log_stats:
            return []
        return load_of(self._snapshot())

    def add_gauge(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Show a value of the frontend's as `fastfront:<name>`."""
        self._gauges[name] = (text, read)

    def add_counter(self, name: str, text: str, read: Callable[[], float]) -> None:
        """Show a number that only grows as `fastfront:<name>_total`."""
        self._counters[name] = (text, read)

    def render(self) -> tuple[bytes, bytes]:
        """Return the Content-Type and the body of /metrics."""
        return CONTENT_TYPE_LATEST.encode(), generate_latest(self.registry)

    def _collect(self) -> Iterable[Metric]:
        if self._snapshot is not None:
            snapshot = self._snapshot()
            if self._log_stats:
                yield from engine_metrics(
                    snapshot,
                    self._model_name,
                    self._created,
                    kv_cache_metrics=self._kv_cache_metrics,
                    corrupted=self.corrupted,
                    diffusion=self._diffusion,
                )
                yield from self.frontend.collect(self._model_name, list(snapshot), self._created)
                yield cache_config_info(self._ready, snapshot)
                if getattr(self._ready, "supports_lora", False):
                    yield from self.lora.collect(self._ready.max_loras)
                yield from self.connectors.collect(self._model_name, list(snapshot), self._created)
            if self._tool_parser:
                yield tool_parser_metrics(snapshot, self._model_name, self._created)
            yield from pump_metrics(snapshot)
        for name, (text, read) in self._counters.items():
            yield counter(f"fastfront:{name}", text, (), {(): read()})
        for name, (text, read) in self._gauges.items():
            yield gauge(f"fastfront:{name}", text, (), {(): read()})
        yield from self.http.collect()


class _Collector(Collector):
    """What a registry wants: an object with collect(), and describe() so that registering reads nothing."""

    def __init__(self, collect: Callable[[], Iterable[Metric]]) -> None:
        self._collect = collect

    def collect(self) -> Iterable[Metric]:
        return self._collect()

    def describe(self) -> Iterable[Metric]:
        return ()
