# SPDX-License-Identifier: Apache-2.0
"""The metrics of KV connectors, from what engines tell of them (`kv_connector_stats` of their SchedulerStats).

Each kind of connector tells in a form of its own, which the payload shows; several at once (vLLM's MultiConnector) tell
under their classes' names. Sums are kept here, at most once per engine step and never per token. What has no known form
is passed over. Source: the `observe` methods of the classes that the tables name (vLLM 0.32). Must not know the pump.
"""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from prometheus_client.core import Metric

from fastfront.config import Config
from fastfront.telemetry.buckets import KV_CACHE_RESIDENCY
from fastfront.telemetry.connector_families import HF3FS, HISPARSE, MOONCAKE_STORE, NIXL, Family
from fastfront.telemetry.families import Counts, counter, gauge, histogram
from fastfront.telemetry.offloading_families import OFFLOADING, SIMPLE_OFFLOADING

logger = logging.getLogger(__name__)

CONNECTORS: Mapping[str, tuple[Family, ...]] = {
    "NixlConnector": NIXL,
    "NixlPullConnector": NIXL,
    "NixlPushConnector": NIXL,
    "MooncakeStoreConnector": MOONCAKE_STORE,
    "HF3FSKVConnector": HF3FS,
    "HiSparseConnector": HISPARSE,
    "OffloadingConnector": OFFLOADING,
    "SimpleCPUOffloadConnector": SIMPLE_OFFLOADING,
}
"""What is shown of a connector, by its name in --kv-transfer-config."""

_NAMED = {f"vllm:{family.name}": family for family in (*OFFLOADING, *SIMPLE_OFFLOADING)}
_SPLIT = {
    "kv_offload_load_bytes": ("kv_offload_total_bytes", "CPU_to_GPU"),
    "kv_offload_load_time": ("kv_offload_total_time", "CPU_to_GPU"),
    "kv_offload_load_size": ("kv_offload_size", "CPU_to_GPU"),
    "kv_offload_store_bytes": ("kv_offload_total_bytes", "GPU_to_CPU"),
    "kv_offload_store_time": ("kv_offload_total_time", "GPU_to_CPU"),
    "kv_offload_store_size": ("kv_offload_size", "GPU_to_CPU"),
}
"""vLLM's deprecated families, which are made of others and say in a label which way the bytes went."""
_WAYS = (("CPU_to_GPU",), ("GPU_to_CPU",))
_LABELS = ("model_name", "engine")
_MOST_LABEL_SETS = 1024
"""Of one family and engine: operations and tiers are a handful."""


class ConnectorMetrics:
    """The sums of all engines' connectors. Lives on the loop thread."""

    def __init__(
        self, kv_transfer_config: Mapping[str, Any] | None = None, *, residency_bounds: Sequence[float] = ()
    ) -> None:
        """Begin at zero. `kv_transfer_config`: whose connectors are shown before they have told anything.

        `residency_bounds`: of the histograms of KV blocks (--kv-cache-metrics); none: they are not shown.
        """
        hisparse = _with_residency(HISPARSE, tuple(residency_bounds))
        self._connectors = {**CONNECTORS, "HiSparseConnector": hisparse}
        # Forms whose members are numbers or lists of them, by a member that no other has.
        self._forms = (("post_duration", NIXL), ("num_transfer_task", HF3FS), ("host_cache_usage_perc", hisparse))
        self._take: Callable[[], Iterable[tuple[int, bytes]]] = tuple
        self._engines: dict[int, _Sums] = {}
        self._shown: dict[Family, None] = {}
        for name in _connectors_of(kv_transfer_config or {}):
            self._show(self._connectors.get(name, ()))

    @classmethod
    def of(cls, config: Config) -> ConnectorMetrics:
        """Return those of a server with these options."""
        custom = (config.custom_histogram_buckets or {}).get("kv_cache_residency")
        bounds = custom if isinstance(custom, list) else KV_CACHE_RESIDENCY  # what is no list is refused elsewhere
        return cls(config.kv_transfer_config, residency_bounds=bounds if config.kv_cache_metrics else ())

    def watch(self, take: Callable[[], Iterable[tuple[int, bytes]]]) -> None:
        """Take what engines tell from there: an engine's index, and the MessagePack of one step's map."""
        self._take = take

    def drain(self) -> None:
        """Take what has been told since the last call."""
        for engine, told in self._take():
            try:
                self._observe(self._engines.setdefault(engine, _Sums()), msgspec.msgpack.decode(told))
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError, OverflowError):
                logger.debug("engine %d: stats of a KV connector in an unknown form", engine, exc_info=True)

    def collect(self, model_name: str, engines: Iterable[int], created: float) -> Iterator[Metric]:
        """Yield the families of the connectors that there are. `created`: Unix time since which they count."""
        self.drain()
        engines = list(engines)
        for family in self._shown:
            values = {
                (model_name, str(engine), *labels): value
                for engine in engines
                for labels, value in self._engines.get(engine, _NOTHING).of(family)
            }
            if not values:
                continue  # vLLM's page has its help text all the same
            labels = (*_LABELS, *family.labels)
            name = f"vllm:{family.name.removesuffix('_total')}"
            if family.kind == "histogram":
                yield histogram(name, family.text, labels, values, created)
            elif family.kind == "counter":
                yield counter(name, family.text, labels, values, created)
            else:
                yield gauge(name, family.text, labels, values)

    def _show(self, families: Iterable[Family]) -> None:
        self._shown.update(dict.fromkeys(families))

    def _observe(self, sums: _Sums, told: dict[str, Any]) -> None:
        if "types" in told and "data" in told:
            self._observe_named(sums, told["types"], told["data"])
            return
        for mark, families in self._forms:
            if mark in told:
                self._show(families)
                sums.observe_members(families, told)
                return
        for name, value in told.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                self._show(MOONCAKE_STORE)
                for record in value:
                    sums.observe_record(name, record)
            elif isinstance(value, dict) and name in self._connectors:
                self._observe(sums, value)

    def _observe_named(self, sums: _Sums, types: Mapping[str, str], data: Mapping[str, Mapping[Any, Any]]) -> None:
        families = [_NAMED[name] for name in data if name in _NAMED]
        if families:
            self._show(SIMPLE_OFFLOADING if families[0] in SIMPLE_OFFLOADING else OFFLOADING)
        for family in families:
            kind = types.get(f"vllm:{family.name}")
            for labels, value in data[f"vllm:{family.name}"].items():
                if kind == family.kind and len(labels) == len(family.labels):
                    sums.add(family, tuple(map(str, labels)), value)
                    if family.name in _SPLIT:
                        name, way = _SPLIT[family.name]
                        sums.add(_NAMED[f"vllm:{name}"], (way,), value)


def _with_residency(families: tuple[Family, ...], bounds: tuple[float, ...]) -> tuple[Family, ...]:
    """Return the families with their histograms of blocks as the server shows those, or without them."""
    kept = (family for family in families if bounds or family.kind != "histogram")
    return tuple(family._replace(bounds=bounds) if family.kind == "histogram" else family for family in kept)


def _connectors_of(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the connectors that a --kv-transfer-config names, those of a MultiConnector among them."""
    if name := config.get("kv_connector"):
        yield str(name)
    for each in (config.get("kv_connector_extra_config") or {}).get("connectors") or ():
        yield from _connectors_of(each)


class _Sums:
    """What one engine's connectors have come to."""

    def __init__(self) -> None:
        self._numbers: dict[Family, dict[tuple[str, ...], float]] = {}
        self._counts: dict[Family, dict[tuple[str, ...], tuple[list[int], float]]] = {}

    def of(self, family: Family) -> Iterator[tuple[tuple[str, ...], Any]]:
        """Yield a family's values by its own labels; those that vLLM shows from the start are there."""
        if family.kind == "histogram":
            none: tuple[list[int], float] = [0] * (len(family.bounds) + 1), 0.0
            counts = dict.fromkeys(_from_the_start(family), none) | self._counts.get(family, {})
            for labels, (buckets, total) in counts.items():
                made: Counts = (family.bounds, buckets, total)
                yield labels, made
            return
        yield from (dict.fromkeys(_from_the_start(family), 0.0) | self._numbers.get(family, {})).items()

    def add(self, family: Family, labels: tuple[str, ...], value: Any) -> None:
        """Count a number, or each of a list."""
        values: Sequence[float] = value if isinstance(value, list) else (value,)
        if not all(isinstance(each, (int, float)) for each in values):
            raise TypeError("a number is expected")
        if family.kind == "histogram":
            by_labels = self._counts.setdefault(family, {})
            buckets, total = by_labels.get(labels, ([0] * (len(family.bounds) + 1), 0.0))
            for each in values:
                buckets[bisect_left(family.bounds, each)] += 1
            if labels in by_labels or len(by_labels) < _MOST_LABEL_SETS:
                by_labels[labels] = (buckets, total + sum(values))
            return
        numbers = self._numbers.setdefault(family, {})
        if not values or (labels not in numbers and len(numbers) >= _MOST_LABEL_SETS):
            return
        if family.kind == "gauge":
            numbers[labels] = values[-1]
        else:
            # Counters never go down, whatever an engine says.
            numbers[labels] = numbers.get(labels, 0.0) + sum(each for each in values if each > 0)

    def observe_members(self, families: Iterable[Family], told: Mapping[str, Any]) -> None:
        """Count what is told without labels, a family's members one after the other."""
        for family in families:
            for member in family.members:
                self.add(family, (), told.get(member, []))

    def observe_record(self, operation: str, record: Mapping[str, Any]) -> None:
        """Count one operation of Mooncake's store."""
        labels = (operation, str(record["status"]))
        for family in MOONCAKE_STORE:
            self.add(family, labels, record[family.members[0]] if family.members else 1)


def _from_the_start(family: Family) -> tuple[tuple[str, ...], ...]:
    """Return the label sets that a family has before anything was told: offloading's come with their first value."""
    if family.labels == ("transfer_type",):
        return _WAYS
    return () if family.labels or family in OFFLOADING or family in SIMPLE_OFFLOADING else ((),)


_NOTHING = _Sums()
