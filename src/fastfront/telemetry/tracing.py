# SPDX-License-Identifier: Apache-2.0
"""A span for every finished engine request, with vLLM's attributes, to an OpenTelemetry collector.

Source: vllm/v1/engine/output_processor.py do_tracing, vllm/tracing (0.32). A span is made once, when the request is
over, of the times that the native response has kept. OpenTelemetry is an extra (`pip install 'fastfront[otel]'`),
imported here when an endpoint is given; the provider is ours: the process's global one is the host's.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterable, Mapping
from typing import Any

from fastfront.errors import StartupError
from fastfront.telemetry.log_queue import LogQueue

TRACE_HEADERS = ("traceparent", "tracestate")
PROTOCOL_VARIABLE = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
EXPORTERS = {
    "grpc": ("opentelemetry.exporter.otlp.proto.grpc.trace_exporter", {"insecure": True}),
    "http/protobuf": ("opentelemetry.exporter.otlp.proto.http.trace_exporter", {}),
}
FLUSH_TIMEOUT_MS = 2000
"""How long the last spans have at the end to reach the collector."""

ABORTED = 2
"""The finish reason of a request whose client left: vLLM makes no span of it."""


def trace_headers(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str] | None:
    """Return the W3C trace context among a request's headers, None if there is none."""
    wanted = {name.encode(): name for name in TRACE_HEADERS}
    found = {wanted[name]: value.decode("latin-1") for name, value in headers if name in wanted}
    return found or None


class Tracer:
    """Makes spans, on the log's thread, and sends them off in batches on OpenTelemetry's."""

    def __init__(self, endpoint: str, queue: LogQueue) -> None:
        """Connect to a collector. Raises StartupError where OpenTelemetry is missing or the protocol unknown."""
        protocol = os.environ.get(PROTOCOL_VARIABLE, "grpc")
        if protocol not in EXPORTERS:
            raise StartupError(f"Unsupported OTLP protocol '{protocol}' is configured ({PROTOCOL_VARIABLE})")
        module, options = EXPORTERS[protocol]
        try:
            exporter = importlib.import_module(module).OTLPSpanExporter(endpoint=endpoint, **options)
            sdk = importlib.import_module("opentelemetry.sdk.trace")
            resources = importlib.import_module("opentelemetry.sdk.resources")
            export = importlib.import_module("opentelemetry.sdk.trace.export")
            propagation = importlib.import_module("opentelemetry.trace.propagation.tracecontext")
            self._kind = importlib.import_module("opentelemetry.trace").SpanKind.SERVER
        except ImportError as error:
            raise StartupError(
                f"--otlp-traces-endpoint needs OpenTelemetry: pip install 'fastfront[otel]' ({error})"
            ) from None
        attributes = {
            "vllm.instrumenting_module_name": "vllm.llm_engine",
            "vllm.process_id": str(os.getpid()),
        }
        self._provider = sdk.TracerProvider(resource=resources.Resource.create(attributes))
        self._provider.add_span_processor(export.BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("vllm.tracing.otel")
        self._propagator = propagation.TraceContextTextMapPropagator()
        self._queue = queue

    def finished(self, times: Mapping[str, Any], request: Mapping[str, Any], parent: Mapping[str, str] | None) -> None:
        """Make a span of an engine request that is over; one that was aborted or still runs has none.

        `times`: of Response.times(); `request`: its id, top_p, max_tokens, temperature and n; `parent`: trace headers.
        """
        if times["ended"] and times["finish_reason"] != ABORTED:
            self._queue.put(self._make_span, times, request, parent)

    def close(self) -> None:
        """Send what is left."""
        self._provider.force_flush(FLUSH_TIMEOUT_MS)
        self._provider.shutdown()

    def _make_span(
        self, times: Mapping[str, Any], request: Mapping[str, Any], parent: Mapping[str, str] | None
    ) -> None:
        # The environment may name the parent of everything that this process does, as in vLLM.
        carrier = parent or {
            name: value
            for name in TRACE_HEADERS
            if (value := os.environ.get(name) or os.environ.get(name.upper())) is not None
        }
        span = self._tracer.start_span(
            "llm_request",
            context=self._propagator.extract(carrier),
            kind=self._kind,
            start_time=int(times["arrival"] * 1e9),
            attributes=span_attributes(times, request),
        )
        span.end(end_time=int(times["ended"] * 1e9))


def span_attributes(times: Mapping[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return vLLM's attributes: latencies in seconds, tokens, and what was asked for where it is not zero."""
    attributes = {
        "gen_ai.latency.time_to_first_token": times["first_token_latency"],
        "gen_ai.latency.e2e": times["ended"] - times["arrival"],
        "gen_ai.latency.time_in_queue": times["scheduled"] - times["queued"],
        "gen_ai.usage.prompt_tokens": times["prompt_tokens"],
        "gen_ai.usage.completion_tokens": times["completion_tokens"],
        "gen_ai.latency.time_in_model_prefill": times["first_token"] - times["scheduled"],
        "gen_ai.latency.time_in_model_decode": times["last_token"] - times["first_token"],
        "gen_ai.latency.time_in_model_inference": times["last_token"] - times["scheduled"],
        "gen_ai.request.id": request["id"],
    }
    for name in ("top_p", "max_tokens", "temperature", "n"):
        if request[name]:
            attributes[f"gen_ai.request.{name}"] = request[name]
    return attributes
