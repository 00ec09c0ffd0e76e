# SPDX-License-Identifier: Apache-2.0
"""`endpoint-load-metrics-format`: the engines' load in the header of an answer, for load balancers."""

from __future__ import annotations

import json

import pytest

from tests.e2e.ways import every_way

pytestmark = pytest.mark.e2e

CHAT, COMPLETION = "/v1/chat/completions", "/v1/completions"
BODIES = {CHAT: {"messages": [{"role": "user", "content": "the weather"}]}, COMPLETION: {"prompt": "the weather"}}


def ask(http, path, wanted, **fields):
    """Return the response to a request that asks for a report."""
    return http.post(path, json=BODIES[path] | fields, headers={"endpoint-load-metrics-format": wanted})


@every_way
@pytest.mark.parametrize("path", BODIES)
def test_a_whole_answer_has_the_report(http, path):
    """In both formats, beside an answer that is like any other."""
    text = ask(http, path, "TEXT", seed=1)
    assert text.headers["endpoint-load-metrics"].startswith("TEXT named_metrics.num_requests_waiting=0.0, ")
    report = ask(http, path, "JSON").headers["endpoint-load-metrics"]
    assert set(json.loads(report.removeprefix("JSON "))["named_metrics"]) == {
        "num_requests_waiting",
        "kv_cache_usage_perc",
    }
    plain = http.post(path, json=BODIES[path] | {"seed": 1})
    assert text.json()["choices"] == plain.json()["choices"]
    assert "endpoint-load-metrics" not in plain.headers


@every_way
def test_streams_and_errors_have_none(http):
    """A stream's headers leave first; what is refused, or fails in the engine, has nothing to say."""
    streamed = ask(http, CHAT, "TEXT", stream=True)
    refused = ask(http, CHAT, "TEXT", temperature=7)
    failed = ask(http, CHAT, "TEXT", messages=[{"role": "user", "content": "fail at once"}])
    unknown = ask(http, CHAT, "XML")
    assert [each.status_code for each in (streamed, refused, failed, unknown)] == [200, 400, 500, 200]
    assert not any("endpoint-load-metrics" in each.headers for each in (streamed, refused, failed, unknown))
