# SPDX-License-Identifier: Apache-2.0
"""The header that tells a load balancer of the engines. The expected headers are vLLM's (`create_orca_header`)."""

from __future__ import annotations

import logging

import pytest

from fastfront.routes.load_report import load_report

ONE = [("num_requests_waiting", 2.0), ("kv_cache_usage_perc", 0.4)]
TWO = [("num_requests_waiting", 0.0), ("num_requests_waiting", 3.0), ("kv_cache_usage_perc", 1e-05)]


@pytest.mark.parametrize(
    ("wanted", "metrics", "header"),
    [
        ("TEXT", ONE, "TEXT named_metrics.num_requests_waiting=2.0, named_metrics.kv_cache_usage_perc=0.4"),
        ("json", ONE, 'JSON {"named_metrics": {"num_requests_waiting": 2.0, "kv_cache_usage_perc": 0.4}}'),
        (
            "Text",
            TWO,
            (
                "TEXT named_metrics.num_requests_waiting=0.0, named_metrics.num_requests_waiting=3.0, "
                "named_metrics.kv_cache_usage_perc=1e-05"
            ),
        ),
        ("JSON", TWO, 'JSON {"named_metrics": {"num_requests_waiting": 3.0, "kv_cache_usage_perc": 1e-05}}'),
        ("TEXT", [], "TEXT"),
        ("JSON", [], 'JSON {"named_metrics": {}}'),
    ],
)
def test_both_formats(wanted, metrics, header):
    """As vLLM writes them, in any case of letters; without metrics there is still a header."""
    assert load_report(wanted, metrics) == header


def test_another_format(caplog):
    """There is no header for it, and a warning that does not repeat all of what a client sent."""
    with caplog.at_level(logging.WARNING):
        assert load_report("XML" * 100, ONE) is None
    assert "TEXT and JSON" in caplog.text
    assert len(caplog.text) < 300
