# SPDX-License-Identifier: Apache-2.0
"""Spans of finished requests: vLLM's attributes, under the trace that the client named, over OTLP."""

from __future__ import annotations

import sys

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from fastfront.errors import StartupError
from fastfront.telemetry.log_queue import LogQueue
from fastfront.telemetry.tracing import Tracer, span_attributes, trace_headers
from tests.telemetry.collector import collecting

TIMES = {
    "prompt_tokens": 7,
    "completion_tokens": 3,
    "finish_reason": 1,
    "arrival": 1000.0,
    "ended": 1005.0,
    "queued": 10.0,
    "scheduled": 10.5,
    "first_token": 11.0,
    "last_token": 14.0,
    "first_token_latency": 2.0,
}
REQUEST = {"id": "cmpl-x-0", "top_p": 0.5, "max_tokens": 3, "temperature": 0.0, "n": 1}
ATTRIBUTES = {
    "gen_ai.latency.time_to_first_token": 2.0,
    "gen_ai.latency.e2e": 5.0,
    "gen_ai.latency.time_in_queue": 0.5,
    "gen_ai.usage.prompt_tokens": 7,
    "gen_ai.usage.completion_tokens": 3,
    "gen_ai.latency.time_in_model_prefill": 0.5,
    "gen_ai.latency.time_in_model_decode": 3.0,
    "gen_ai.latency.time_in_model_inference": 3.5,
    "gen_ai.request.id": "cmpl-x-0",
    "gen_ai.request.top_p": 0.5,
    "gen_ai.request.max_tokens": 3,
    "gen_ai.request.n": 1,
}
TRACE_ID, PARENT_ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_attributes_are_vllms():
    """What was not asked for, or is zero, is left out."""
    assert span_attributes(TIMES, REQUEST) == ATTRIBUTES


def test_a_trace_context_is_taken_from_the_headers():
    """Both of W3C's headers and no other."""
    headers = [(b"traceparent", b"00-a"), (b"x-a", b"b"), (b"tracestate", b"c=d")]
    assert trace_headers(headers) == {"traceparent": "00-a", "tracestate": "c=d"}
    assert trace_headers([(b"host", b"a")]) is None


def test_spans_reach_the_collector(monkeypatch):
    """Kind, times, parent and attributes; none for a request that was aborted or has not ended."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf")
    queue = LogQueue()
    with collecting() as collector:
        tracer = Tracer(collector.url, queue)
        tracer.finished(TIMES, REQUEST, {"traceparent": f"00-{TRACE_ID}-{PARENT_ID}-01"})
        tracer.finished(TIMES | {"finish_reason": 2}, REQUEST, None)
        tracer.finished(TIMES | {"ended": 0.0, "finish_reason": None}, REQUEST, None)
        queue.close()
        tracer.close()
        (span,) = collector.spans()
    assert span.name == "llm_request"
    assert span.kind == Span.SPAN_KIND_SERVER
    assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE_ID, PARENT_ID)
    assert (span.start_time_unix_nano, span.end_time_unix_nano) == (1000 * 10**9, 1005 * 10**9)
    found = {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}
    assert found == ATTRIBUTES
    assert collector.resource()["vllm.instrumenting_module_name"] == "vllm.llm_engine"


def test_without_opentelemetry_the_start_fails(monkeypatch):
    """With what to install."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(StartupError, match=r"pip install 'fastfront\[otel\]'"):
        Tracer("http://127.0.0.1:1", LogQueue())


def test_an_unknown_protocol_is_refused(monkeypatch):
    """In vLLM's words."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "smoke")
    with pytest.raises(StartupError, match="Unsupported OTLP protocol 'smoke' is configured"):
        Tracer("http://127.0.0.1:1", LogQueue())
