# SPDX-License-Identifier: Apache-2.0
"""A server that is watched: its request log, its access log and its traces tell the same story as /metrics."""

from __future__ import annotations

import re
import signal

import httpx
import pytest

from tests.e2e.metrics import read_metrics
from tests.server.processes import DEADLINE, running, serving_sim, wait_until
from tests.telemetry.collector import collecting

pytestmark = pytest.mark.e2e

CHAT = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 3}
TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE_ID}-b7ad6b7169203331-01"


@pytest.fixture(scope="module")
def watched():
    """Run a server with everything on; return it with its collector."""
    flags = ("--enable-log-requests", "--enable-log-outputs", "--enable-access-log")
    with (
        collecting() as collector,
        serving_sim(
            "--served-model-name",
            "tester",
            *flags,
            "--otlp-traces-endpoint",
            collector.url,
            "--log-stats-interval",
            "0.05",
            OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="http/protobuf",
            OTEL_BSP_SCHEDULE_DELAY="50",
        ) as server,
    ):
        yield server, collector


def ask(server, path, body, **headers):
    """Return the answer."""
    return httpx.post(f"{server.url}{path}", json=body, headers=headers, timeout=DEADLINE)


def attributes_of(span):
    """Return a span's attributes as a dict."""
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def spans_of(collector, request_id, count=1):
    """Return the spans of a request, once they have come."""

    def found():
        return [span for span in collector.spans() if attributes_of(span)["gen_ai.request.id"].startswith(request_id)]

    wait_until(lambda: len(found()) >= count, f"{count} spans of {request_id}")
    return found()


def test_a_request_is_told_from_its_arrival_to_its_answer(watched):
    """One id throughout: the client's own."""
    server, collector = watched
    headers = {"x-request-id": "mine", "traceparent": TRACEPARENT}
    answer = ask(server, "/v1/chat/completions", CHAT, **headers).json()
    text = answer["choices"][0]["message"]["content"]
    received = server.log.wait_for("Received request chatcmpl-mine: params: SamplingParams(n=1, presence_penalty=0.0, ")
    assert received.endswith("structured_outputs=None, extra_args=None), lora_request: None.")
    assert "max_tokens=3" in received
    assert re.search(r"Added request chatcmpl-mine-[0-9a-f]{16}\.$", server.log.wait_for("Added request chatcmpl-mine"))
    server.log.wait_for(f"Generated response chatcmpl-mine: output: {text!r}, finish_reason: length")
    server.log.wait_for("- \"POST /v1/chat/completions HTTP/1.1\" 200 OK 'mine'")
    (span,) = spans_of(collector, "chatcmpl-mine")
    assert span.trace_id.hex() == TRACE_ID
    attributes = attributes_of(span)
    assert attributes["gen_ai.usage.prompt_tokens"] == answer["usage"]["prompt_tokens"]
    assert attributes["gen_ai.usage.completion_tokens"] == 3
    assert attributes["gen_ai.request.max_tokens"] == 3
    assert 0 < attributes["gen_ai.latency.time_to_first_token"] <= attributes["gen_ai.latency.e2e"]
    assert attributes["gen_ai.latency.time_in_queue"] >= 0


def test_each_choice_has_a_span_and_a_line(watched):
    """Two prompts of two samples are four engine requests; a stream's choices are told one by one."""
    server, collector = watched
    body = {"prompt": ["a", "b"], "n": 2, "temperature": 1, "max_tokens": 2, "stream": True, "request_id": "many"}
    assert ask(server, "/v1/completions", body).status_code == 200
    for index, external in ((0, "cmpl-many-0"), (1, "cmpl-many-0"), (0, "cmpl-many-1"), (1, "cmpl-many-1")):
        server.log.wait_for(f"Added request {index}_{external}-")
    assert len(spans_of(collector, "cmpl-many", 4)) == 4
    server.log.wait_for("Generated response cmpl-many (streaming delta): output: ")
    wait_until(
        lambda: sum("Generated response cmpl-many (streaming complete)" in line for line in server.log.lines) == 4,
        "four choices",
    )


def test_a_client_that_leaves_is_told(watched):
    """As aborted, and without a span: there is no answer to measure."""
    server, collector = watched
    body = {"prompt": "x", "max_tokens": 4000, "ignore_eos": True, "stream": True, "request_id": "gone"}
    with httpx.stream("POST", f"{server.url}/v1/completions", json=body, timeout=DEADLINE) as stream:
        next(stream.iter_bytes())
    server.log.wait_for("Request cmpl-gone aborted.")
    ask(server, "/v1/chat/completions", CHAT, **{"x-request-id": "after"})
    spans_of(collector, "chatcmpl-after")
    assert not [span for span in collector.spans() if "gone" in attributes_of(span)["gen_ai.request.id"]]


def test_the_engines_state_is_a_line(watched):
    """Every --log-stats-interval, in vLLM's words."""
    server, _ = watched
    ask(server, "/v1/chat/completions", CHAT)
    line = server.log.wait_for("Engine 000: Avg prompt throughput: ")
    assert re.search(r"Running: \d+ reqs, Waiting: \d+ reqs, GPU KV cache usage: \d+\.\d%", line)


def test_lanes_are_closed_where_requests_are_watched(watched):
    """No request takes the short cut past the logs: every one of them was received, by the log and by /metrics."""
    server, _ = watched

    def started():
        return read_metrics(httpx.get(f"{server.url}/metrics").text).sum("fastfront:requests_started_total")

    def received():
        return sum("Received request" in line for line in server.log.lines)

    before = started(), received()
    for number in range(5):
        ask(server, "/v1/chat/completions", CHAT, **{"x-request-id": f"lane-{number}"})
        ask(server, "/v1/completions", {"prompt": "a", "max_tokens": 1})
    assert started() - before[0] == 10
    wait_until(lambda: received() - before[1] == 10, "a line for every request")


def test_spans_leave_before_the_process():
    """SIGTERM right behind an answer loses no trace."""
    with collecting() as collector:
        flags = ("--otlp-traces-endpoint", collector.url)
        with serving_sim(*flags, OTEL_EXPORTER_OTLP_TRACES_PROTOCOL="http/protobuf") as server:
            ask(server, "/v1/completions", {"prompt": "a", "max_tokens": 1})
            server.process.send_signal(signal.SIGTERM)
            assert server.wait() == 0
        assert len(collector.spans()) == 1


def test_outputs_without_requests_are_refused():
    """As vLLM does."""
    with running(["serve", "--sim", "--enable-log-outputs"], ready=False) as server:
        assert server.wait() != 0
    assert "enable_log_outputs requires enable_log_requests" in str(server.log)
