# SPDX-License-Identifier: Apache-2.0
"""/metrics shows what vLLM's own server shows: the same names, types, help texts, labels and buckets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from tests.real_engine.conftest import Running

ENUMERATED = ("reason", "source", "finished_reason", "sleep_state", "model_name", "engine", "generation")
"""Labels whose values are the same everywhere; others depend on what was asked (handler), or on the machine."""


def described(text: str) -> dict[str, Any]:
    """Return what each family of a /metrics answer is, by its name: everything but the values."""
    return {family.name: _described(family) for family in text_string_to_metric_families(text)}


def _described(family: Metric) -> dict[str, Any]:
    return {
        "type": family.type,
        "help": family.documentation,
        "samples": sorted({sample.name for sample in family.samples}),
        "labels": sorted({tuple(sorted(sample.labels)) for sample in family.samples}),
        "buckets": _values(family, ("le",)),
        "values": _values(family, ENUMERATED),
    }


def _values(family: Metric, labels: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for sample in family.samples:
        for label in labels:
            if label in sample.labels:
                found.setdefault(label, set()).add(sample.labels[label])
    return found


@pytest.fixture(scope="module")
def families(running: Running) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return vLLM's families and fastfront's, each after chats, completions and a path that is not there."""
    running.client.post("/v1/completions", json={"prompt": "Hi", "max_tokens": 2})
    running.client.get("/nothing")
    return described(running.reference.pages["/metrics"]), described(running.client.get("/metrics").text)


def test_nothing_is_missing(families: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Every family of vLLM's server, the process's and the collector's included."""
    theirs, ours = families
    assert sorted(set(theirs) - set(ours)) == []


def test_nothing_of_vllms_is_invented(families: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """What vLLM does not have is called fastfront:."""
    theirs, ours = families
    assert [name for name in sorted(set(ours) - set(theirs)) if not name.startswith("fastfront:")] == []


def test_families_are_the_same(families: tuple[dict[str, Any], dict[str, Any]]) -> None:
    """Types, help texts, sample names, label names, the values of fixed labels, bucket bounds."""
    theirs, ours = families
    assert {name: ours[name] for name in theirs} == theirs


def test_counts_are_those_of_what_was_asked(running: Running) -> None:
    """One completion of two tokens adds to the counters what it adds to vLLM's."""

    def read() -> dict[str, float]:
        return {
            sample.name: sample.value
            for family in text_string_to_metric_families(running.client.get("/metrics").text)
            for sample in family.samples
            if family.name.startswith("vllm:") and sample.labels.get("finished_reason", "length") == "length"
        }

    before = read()
    answer = running.client.post("/v1/completions", json={"prompt": "count me", "max_tokens": 2, "ignore_eos": True})
    usage, after = answer.json()["usage"], read()
    change = {name: after[name] - before[name] for name in after if name in before}
    assert change["vllm:generation_tokens_total"] == usage["completion_tokens"] == 2
    assert change["vllm:prompt_tokens_total"] == usage["prompt_tokens"]
    assert change["vllm:request_success_total"] == 1
    for name in ("e2e_request_latency_seconds", "request_queue_time_seconds", "request_prompt_tokens"):
        assert change[f"vllm:{name}_count"] == 1
