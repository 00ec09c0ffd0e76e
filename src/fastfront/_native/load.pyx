# SPDX-License-Identifier: Apache-2.0
# distutils: language = c++
# cython: language_level=3, freethreading_compatible=False
"""The load generator of `fastfront bench`, over core/load_generator.hpp, and the reader of answers that it has inside.

Only converts and calls. Knows nothing of what a request asks for, and prints nothing.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stddef cimport size_t
from libc.stdint cimport uint64_t
from libcpp.memory cimport make_unique, unique_ptr
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.utility cimport move

from typing import NamedTuple

__all__ = ["ERRORS", "MARK_BYTES", "AnswerReader", "Counters", "LoadGenerator"]

# The same order as LoadError's.
ERRORS = ("connect", "closed", "timeout", "status", "protocol", "stream")
assert len(ERRORS) == LOAD_ERRORS

MARK_BYTES = CORE_MARK_BYTES


class Counters(NamedTuple):
    requests: int
    errors: int
    tokens: int
    in_flight: int


cdef string_view as_view(bytes data) noexcept:
    return string_view(PyBytes_AS_STRING(data), <size_t>PyBytes_GET_SIZE(data))


cdef str as_text(string_view text):
    return text.data()[:text.size()].decode("utf-8", "replace")


cdef dict as_seconds(const LatencyHistogram& times):
    return {
        "count": times.count(),
        "mean": times.mean() * 1e-9,
        "p50": times.quantile(0.5) * 1e-9,
        "p90": times.quantile(0.9) * 1e-9,
        "p99": times.quantile(0.99) * 1e-9,
        "max": times.max() * 1e-9,
    }


cdef class AnswerReader:
    cdef CppAnswerReader reader

    def feed(self, bytes data not None):
        return self.reader.feed(as_view(data))

    def end_of_input(self):
        return self.reader.end_of_input()

    @property
    def done(self):
        return self.reader.done()

    @property
    def failed(self):
        return self.reader.failed()

    @property
    def keep_alive(self):
        return self.reader.keep_alive()

    @property
    def excerpt(self):
        return as_text(self.reader.excerpt())

    @property
    def answer(self):
        cdef Answer answer = self.reader.answer()
        return {
            "status": answer.status,
            "events": answer.events,
            "text_events": answer.text_events,
            "prompt_tokens": answer.prompt_tokens,
            "completion_tokens": answer.completion_tokens,
            "streamed": answer.streamed,
            "complete": answer.complete,
            "error": answer.error,
        }


cdef class LoadGenerator:
    cdef unique_ptr[CppLoadGenerator] ptr
    cdef bint has_run

    def __init__(
        self,
        *,
        str host not None,
        port,
        bytes head not None,
        bodies,
        connections=1,
        double rate=0.0,
        seed=0,
        double timeout_s=0.0,
        max_requests=0,
    ):
        cdef LoadOptions options
        cdef LoadBody body
        options.host = host.encode()
        options.port = port
        options.head = head
        for data, marks in bodies:
            body.bytes = data
            body.marks = marks
            options.bodies.push_back(body)
        options.connections = connections
        options.rate = rate
        options.seed = seed & 0xFFFFFFFFFFFFFFFF
        options.timeout = <uint64_t>(timeout_s * 1e9)
        options.max_requests = max_requests
        self.ptr = make_unique[CppLoadGenerator](move(options))
        cdef Errc code = self.ptr.get().open()
        if code == Errc.system:
            raise OSError("the load generator cannot open its descriptors")
        if code != Errc.ok:
            raise ValueError("no bodies, a mark outside its body, no connections, or a host that is no numeric address")

    def run(self):
        if self.has_run:
            raise RuntimeError("a load generator runs once")
        self.has_run = True
        with nogil:
            self.ptr.get().run()

    def measure(self):
        self.ptr.get().measure()

    def stop(self):
        self.ptr.get().stop()

    def counters(self):
        cdef const LoadCounters* counters = &self.ptr.get().counters()
        return Counters(
            counters.requests.load(), counters.errors.load(), counters.tokens.load(), counters.in_flight.load()
        )

    def first_error(self):
        cdef string said = self.ptr.get().first_error()
        return as_text(string_view(said))

    def record(self):
        cdef const LoadRecord* record = &self.ptr.get().record()
        return {
            "seconds": max(<double>record.ended - <double>record.began, 0.0) * 1e-9 if record.began else 0.0,
            "requests": record.requests,
            "prompt_tokens": record.prompt_tokens,
            "completion_tokens": record.completion_tokens,
            "counted_by_server": record.counted_by_server,
            "events": record.events,
            "bytes": record.bytes,
            "errors": {name: record.errors[index] for index, name in enumerate(ERRORS)},
            "ttft": as_seconds(record.ttft),
            "itl": as_seconds(record.itl),
            "tpot": as_seconds(record.tpot),
            "e2e": as_seconds(record.e2e),
            "late": as_seconds(record.late),
        }
