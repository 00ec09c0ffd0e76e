# SPDX-License-Identifier: Apache-2.0
"""Makes prometheus_client's families of plain numbers, with the `_created` series that vLLM's text has.

Names come without `_total`: prometheus_client appends it to counters. Must not know what is counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

LabelValues = tuple[str, ...]
Counts = tuple[Sequence[float], Sequence[int], float]
"""A histogram: upper bounds without +Inf, observations per bucket with +Inf last, their sum."""
Created = float | Mapping[LabelValues, float] | None
"""Unix time since which something is counted: for all label sets or for each; None: not told."""


def cumulated(bounds: Sequence[float], counts: Sequence[int]) -> list[tuple[str, float]]:
    """Return Prometheus' buckets: upper bound as text, observations up to it."""
    buckets: list[tuple[str, float]] = []
    total = 0
    for bound, count in zip((*bounds, float("inf")), counts, strict=True):
        total += count
        le = floatToGoString(bound)  # type: ignore[no-untyped-call]
        buckets.append((le, total))
    return buckets


def gauge(name: str, text: str, labels: Sequence[str], values: Mapping[LabelValues, float]) -> Metric:
    """Return a gauge, one sample per label set."""
    family = GaugeMetricFamily(name, text, labels=labels)
    for label_values, value in values.items():
        family.add_metric(label_values, value)
    return family


def counter(
    name: str, text: str, labels: Sequence[str], values: Mapping[LabelValues, float], created: Created = None
) -> Metric:
    """Return a counter, one sample per label set."""
    family = CounterMetricFamily(name, text, labels=labels)
    for label_values, value in values.items():
        family.add_metric(label_values, value, created=_created_of(label_values, created))
    return family


def histogram(
    name: str, text: str, labels: Sequence[str], values: Mapping[LabelValues, Counts], created: Created = None
) -> Metric:
    """Return a histogram, one set of buckets per label set."""
    family = HistogramMetricFamily(name, text, labels=labels)
    for label_values, (bounds, counts, total) in values.items():
        family.add_metric(label_values, cumulated(bounds, counts), total)
    _add_created(family, labels, values, created)
    return family


def summary(
    name: str,
    text: str,
    labels: Sequence[str],
    values: Mapping[LabelValues, tuple[int, float]],
    created: Created = None,
) -> Metric:
    """Return a summary without quantiles: count and sum per label set."""
    family = SummaryMetricFamily(name, text, labels=labels)
    for label_values, (count, total) in values.items():
        family.add_metric(label_values, count, total)
    _add_created(family, labels, values, created)
    return family


def _created_of(label_values: LabelValues, created: Created) -> float | None:
    return created[label_values] if isinstance(created, Mapping) else created


def _add_created(family: Metric, labels: Sequence[str], values: Iterable[LabelValues], created: Created) -> None:
    for label_values in values if created is not None else ():
        since = _created_of(label_values, created)
        if since is not None:
            family.samples.append(Sample(family.name + "_created", dict(zip(labels, label_values, strict=True)), since))
