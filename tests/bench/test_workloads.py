# SPDX-License-Identifier: Apache-2.0
"""Workloads: names stand for fixed things, with words for each."""

from __future__ import annotations

from fastfront.bench.workloads import CUSTOM, MEANING, NAMED, vary


def test_every_name_has_its_meaning():
    """The help lists what there is."""
    assert set(MEANING) == set(NAMED)


def test_names_say_how_many_clients():
    """stream1024 has 1,024 clients, and so on."""
    for name, workload in NAMED.items():
        assert name == workload.name
        assert name.endswith(str(workload.concurrency))


def test_what_is_compared():
    """Long streams are compared per token, one-token answers per request."""
    per_token = {"stream64", "stream256", "stream1024", "logprobs64", "parsed64"}
    assert {name for name, workload in NAMED.items() if workload.per_token} == per_token


def test_only_what_is_given_varies():
    """None is no change."""
    assert vary(CUSTOM, concurrency=None, rate=None) is CUSTOM
    varied = vary(CUSTOM, concurrency=1024, rate=2.5, name=None)
    assert (varied.name, varied.concurrency) == ("custom", 1024)
    assert varied.title == "custom, 1,024 clients, 2.5 requests/s"
