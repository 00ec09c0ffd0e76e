# SPDX-License-Identifier: Apache-2.0
"""/metrics adds up: what began has ended, in one of the ways there are, or still runs."""

from __future__ import annotations

import contextlib
import os
import signal

import httpx
import openai
import pytest

from tests.e2e.metrics import read_metrics
from tests.e2e.ways import every_way
from tests.server.processes import DEADLINE, serving_sim, wait_until

pytestmark = pytest.mark.e2e

WEATHER = [{"role": "user", "content": "the weather"}]


def finished(samples, reason):
    """Return how many requests ended so."""
    return samples.sum("vllm:request_success_total", finished_reason=reason)


def check_balance(samples):
    """Whatever has been submitted has ended or runs."""
    started = samples.sum("fastfront:requests_started_total")
    assert started == samples.sum("vllm:request_success_total") + samples.sum("fastfront:requests_running")


@pytest.fixture
def change(metrics, engine):
    """Return a function that gives the change of a sample's sum since the test began."""
    before = metrics()

    def since(name, **labels):
        return metrics().sum(name, **labels) - before.sum(name, **labels)

    return since


@every_way
def test_finished_requests(client, metrics, change):
    """By reason, with their tokens."""
    usage = [
        client.chat.completions.create(model="tester", messages=WEATHER).usage,
        client.chat.completions.create(model="tester", messages=WEATHER, max_tokens=3).usage,
        client.completions.create(model="tester", prompt="the weather", stop=".", max_tokens=50).usage,
    ]
    assert change("vllm:request_success_total", finished_reason="stop") == 2
    assert change("vllm:request_success_total", finished_reason="length") == 1
    assert change("vllm:prompt_tokens_total") == sum(u.prompt_tokens for u in usage)
    assert change("vllm:request_generation_tokens_sum") == sum(u.completion_tokens for u in usage)
    for name in ("time_to_first_token_seconds", "e2e_request_latency_seconds", "request_params_n"):
        assert change(f"vllm:{name}_count") == 3
    check_balance(metrics())


@every_way
def test_each_choice_counts(client, metrics, change):
    """n answers to m prompts are n*m requests, and m observations of n."""
    client.completions.create(model="tester", prompt=["a", "b"], n=3, temperature=1, max_tokens=2)
    assert change("fastfront:requests_started_total") == 6
    assert change("vllm:request_success_total") == 6
    assert change("vllm:request_params_n_count") == 2
    assert change("vllm:request_params_n_sum") == 6
    check_balance(metrics())


@every_way
def test_failed_and_aborted_requests(client, url, client_options, metrics, change, engine):
    """The engine's errors and the clients' leaving have their own reasons."""
    with pytest.raises(openai.InternalServerError):
        client.completions.create(model="tester", prompt="fail at once")
    body = {"prompt": "say nothing ever", "stream": True}
    with httpx.Client(timeout=0.2, **client_options) as impatient, contextlib.suppress(httpx.ReadTimeout):
        impatient.post(f"{url}/v1/completions", json=body)
    engine.wait_for(running=0)
    wait_until(lambda: change("vllm:request_success_total", finished_reason="abort") == 1, "the abort")
    assert change("vllm:request_success_total", finished_reason="error") == 1
    assert change("fastfront:requests_started_total") == 2
    check_balance(metrics())


@every_way
def test_refused_requests_do_not_begin(http, change):
    """A 4xx is counted by HTTP alone."""
    http.post("/v1/completions", json={"prompt": ""})
    assert change("fastfront:requests_started_total") == 0
    assert change("http_requests_total", handler="/v1/completions", status="4xx") == 1


@every_way
def test_running_requests_show(url, client_options, http, metrics, engine):
    """While requests run, the gauges say so; they say so no more when they are over."""
    body = {"prompt": ["say nothing ever"] * 3, "stream": True}
    with (
        httpx.Client(timeout=DEADLINE, **client_options) as client,
        client.stream("POST", f"{url}/v1/completions", json=body),
    ):
        engine.wait_for(running=3)
        samples = metrics()
        assert samples.sum("fastfront:requests_running") == 3
        assert samples.sum("fastfront:requests_open") == 1
        assert http.get("/load").json() == {"server_load": 1}
        check_balance(samples)
    wait_until(lambda: metrics().sum("fastfront:requests_running") == 0, "the end")
    check_balance(metrics())


@every_way
def test_names_and_labels_are_vllms(client, http):
    """A dashboard made for vLLM finds its metrics here."""
    client.completions.create(model="tester", prompt="Hi", max_tokens=3)
    response = http.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    text = response.text
    for name in (
        "num_requests_running",
        "num_requests_waiting",
        "kv_cache_usage_perc",
        "prefix_cache_queries_total",
        "prefix_cache_hits_total",
        "num_preemptions_total",
        "prompt_tokens_total",
        "generation_tokens_total",
        "iteration_tokens_total_bucket",
        "time_to_first_token_seconds_bucket",
        "inter_token_latency_seconds_bucket",
        "e2e_request_latency_seconds_bucket",
        "request_queue_time_seconds_bucket",
        "request_prefill_time_seconds_bucket",
        "request_decode_time_seconds_bucket",
        "request_inference_time_seconds_bucket",
        "request_prompt_tokens_bucket",
        "request_generation_tokens_bucket",
        "request_params_n_bucket",
        "request_params_max_tokens_bucket",
    ):
        lines = [line for line in text.splitlines() if line.startswith(f"vllm:{name}{{")]
        assert lines, name
        assert all('model_name="tester"' in line and 'engine="0"' in line for line in lines)


def test_a_dead_engine_leaves_nothing_running():
    """What it took with it has failed, and is counted so."""
    with serving_sim("--served-model-name", "tester", "--keep-alive-on-engine-death", "--token-ms", "50") as server:
        body = {"prompt": ["a", "b"], "n": 2, "max_tokens": 1000, "ignore_eos": True, "stream": True}
        with httpx.stream("POST", f"{server.url}/v1/completions", json=body, timeout=DEADLINE) as stream:
            events = stream.iter_lines()
            next(events)
            os.kill(server.child("fastfront.sim"), signal.SIGKILL)
            assert any("error" in line for line in events)
        samples = read_metrics(httpx.get(f"{server.url}/metrics", timeout=DEADLINE).text)
        assert samples.sum("fastfront:requests_started_total") == 4
        assert finished(samples, "error") == 4
        check_balance(samples)


@every_way
def test_stages_of_the_frontend_are_measured(client, change):
    """Preparing, tokenizing and writing: as often as it was done, whichever way a request went."""
    client.completions.create(model="tester", prompt="the weather", max_tokens=2)
    client.chat.completions.create(model="tester", messages=WEATHER, max_tokens=2)
    assert change("fastfront:prepare_seconds_count") == 2
    assert change("fastfront:tokenize_seconds_count") == 2
    assert change("fastfront:step_write_seconds_count") >= 4
    assert change("fastfront:step_outputs_sum") >= 4
    assert change("fastfront:loop_wakeups_total") >= 2


@every_way
def test_content_lengths_are_those_of_the_headers(http, change):
    """Of a whole answer; a stream has none. Lanes and the general way count alike."""
    body = {"prompt": "the weather", "max_tokens": 2}
    for headers in ({}, {"x-vllm-priority": "0"}):
        sent, answered = change("http_request_size_bytes_sum"), change("http_response_size_bytes_sum")
        response = http.post("/v1/completions", json=body, headers=headers)
        assert change("http_request_size_bytes_sum") - sent == int(response.request.headers["content-length"])
        assert change("http_response_size_bytes_sum") - answered == len(response.content)
        http.post("/v1/completions", json={**body, "stream": True}, headers=headers).raise_for_status()
        assert change("http_response_size_bytes_sum") - answered == len(response.content)
