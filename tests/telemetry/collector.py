# SPDX-License-Identifier: Apache-2.0
"""An OpenTelemetry collector for the tests: takes OTLP over HTTP on localhost and keeps what came."""

from __future__ import annotations

import contextlib
import gzip
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class Collector:
    """What a collector was sent."""

    def __init__(self, url):
        self.url = url
        self._exports = []
        self._came = threading.Condition(threading.RLock())

    def take(self, body):
        """Keep an export."""
        export = ExportTraceServiceRequest()
        export.ParseFromString(body)
        with self._came:
            self._exports.append(export)
            self._came.notify_all()

    def spans(self):
        """Return every span that has come."""
        with self._came:
            return [
                span
                for export in self._exports
                for resource in export.resource_spans
                for scope in resource.scope_spans
                for span in scope.spans
            ]

    def wait_for(self, count, timeout=30):
        """Return the spans, once there are so many."""
        with self._came:
            assert self._came.wait_for(lambda: len(self.spans()) >= count, timeout), "no spans in time"
            return self.spans()

    def resource(self):
        """Return the attributes of what the first spans come from."""
        return {each.key: each.value.string_value for each in self._exports[0].resource_spans[0].resource.attributes}


@contextlib.contextmanager
def collecting():
    """Run a collector on a port of the kernel's."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.take(gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()
