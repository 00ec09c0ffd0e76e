# SPDX-License-Identifier: Apache-2.0
"""`metrics.speculative_decoding`: how well the engine drafted an answer, wherever vLLM's server tells it."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.server.processes import DEADLINE, serving_sim

pytestmark = pytest.mark.e2e

TOLD = {"num_spec_tokens": 2, "histogram": [1, 2, 3], "num_draft_tokens": 12, "per_step_accepted": [2, 0]}
TOLD["per_step_drafted"] = [2, 1]
SHOWN = {
    "mean_acceptance_length": 2.333333333333333,
    "draft_acceptance_rate": 0.6666666666666666,
    "acceptance_histogram": [1, 2, 3],
    "num_spec_steps": 6,
    "num_accepted_draft_tokens": 8,
    "num_draft_tokens": 12,
    "num_spec_tokens": 2,
    "per_step_accepted": [2, 0],
    "per_step_drafted": [2, 1],
}
"""What vLLM's RequestSpecDecodeMetrics.to_dict() makes of it."""
TIMINGS = ("time_to_first_token_ms", "generation_time_ms", "queue_time_ms", "mean_itl_ms", "tokens_per_second")
BODIES = {
    "/v1/chat/completions": {"messages": [{"role": "user", "content": "draft"}]},
    "/v1/completions": {"prompt": "draft"},
    "/inference/v1/generate": {"token_ids": [5, 6, 7], "sampling_params": {"max_tokens": 20}},
}


@pytest.fixture(scope="module")
def http(tmp_path_factory):
    """Return a client of a server whose engine drafts every answer."""
    script = tmp_path_factory.mktemp("script") / "script.json"
    script.write_text(json.dumps({"sequences": [{"match": "", "text": "So be it.", "spec_decode": TOLD}]}))
    engine = ("--script", str(script), "--ttft-ms", "1", "--token-ms", "1")
    with (
        serving_sim(*engine, "--enable-scale-out") as server,
        httpx.Client(base_url=server.url, timeout=DEADLINE) as client,
    ):
        yield client


def last_event(answer):
    return [json.loads(line[6:]) for line in answer.text.split("\n\n") if line.startswith("data: {")][-1]


@pytest.mark.parametrize("path", BODIES)
def test_a_whole_answer_tells_it(http, path):
    """Nobody has to ask; the timings that nobody asked for are null."""
    metrics = http.post(path, json=BODIES[path]).json()["metrics"]
    assert metrics == dict.fromkeys(TIMINGS) | {"speculative_decoding": SHOWN}
    assert list(metrics["speculative_decoding"]) == list(SHOWN)


@pytest.mark.parametrize("path", BODIES)
def test_a_stream_tells_it_with_its_usage(http, path):
    """In the last event, and only where usage was asked for."""
    body = BODIES[path] | {"stream": True}
    asked = last_event(http.post(path, json=body | {"stream_options": {"include_usage": True}}))
    assert asked["metrics"] == {"speculative_decoding": SHOWN}
    assert asked["choices"] == []
    assert "metrics" not in last_event(http.post(path, json=body))


def test_several_answers_have_none(http):
    """The numbers of one sequence are not those of the answer."""
    body = {"prompt": "draft", "n": 2, "temperature": 1}
    assert http.post("/v1/completions", json=body).json()["metrics"] is None
    assert http.post("/v1/completions", json={"prompt": ["draft", "draft"]}).json()["metrics"] is None
