# SPDX-License-Identifier: Apache-2.0
"""docs/metrics.md says what /metrics shows."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

DASHBOARD = (
    *("e2e_request_latency_seconds", "time_to_first_token_seconds", "inter_token_latency_seconds"),
    *("num_requests_running", "num_requests_waiting", "kv_cache_usage_perc", "prompt_tokens", "generation_tokens"),
    *("request_prompt_tokens", "request_generation_tokens", "request_success", "request_queue_time_seconds"),
    *("request_prefill_time_seconds", "request_decode_time_seconds", "request_max_num_generation_tokens"),
    *("prefix_cache_hits", "prefix_cache_queries"),
)
"""What the Grafana dashboards of vLLM's examples ask for (examples/observability in its repository)."""


@pytest.fixture(scope="module")
def tool():
    """Return tools/metrics_docs.py."""
    spec = importlib.util.spec_from_file_location("metrics_docs", ROOT / "tools" / "metrics_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_of_this_tree(tool):
    """After a change of the metrics, `python tools/metrics_docs.py` has been run."""
    assert tool.PAGE.read_text(encoding="utf-8") == tool.render()


def test_vllms_dashboards_find_their_metrics(tool):
    """Every metric that they ask for is there."""
    names = {family.name for family in tool.families()}
    assert {f"vllm:{name}" for name in DASHBOARD} - names == set()


def test_every_metric_says_what_it_is(tool):
    """A help text for each."""
    assert [family.name for family in tool.families() if not family.documentation.strip()] == []
