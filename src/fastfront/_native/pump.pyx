# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Response and Pump: the native reply path as Python objects.

Only converts arguments and calls the core (core/response.hpp, core/pump.hpp). Everything here runs on the loop thread;
the pump's own thread never enters Python. Signatures and their meaning are in pump.pyi.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF
from cython.operator cimport dereference as deref, preincrement
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libcpp cimport bool as cbool
from libcpp.map cimport map as cmap  # snapshot.pxi's
from libcpp.memory cimport make_shared, make_unique, shared_ptr, unique_ptr
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.utility cimport move
from libcpp.vector cimport vector

from fastfront._native cimport core, parsers, stats
from fastfront._native.parse cimport ParserPlan
from fastfront._native.prompt cimport EncodedPrompt
from fastfront._native.text cimport CppVocab, DetokenizerOptions, Vocab

from os import dup

from fastfront.errors import EngineDeadError, ServiceUnavailableError

cdef extern from "Python.h":
    PyObject* PyBytes_FromStringAndSize_ "PyBytes_FromStringAndSize"(const char*, Py_ssize_t)
    int _PyBytes_Resize(PyObject**, Py_ssize_t) except -1

KIND_CHAT_STREAM = <int>core.ResponseKind.chat_stream
KIND_CHAT = <int>core.ResponseKind.chat
KIND_COMPLETION_STREAM = <int>core.ResponseKind.completion_stream
KIND_COMPLETION = <int>core.ResponseKind.completion

STAGE_PREPARE = <int>stats.HistogramId.prepare_seconds
STAGE_PROMPT_QUEUE = <int>stats.HistogramId.prompt_queue_seconds
STAGE_TOKENIZE = <int>stats.HistogramId.tokenize_seconds

EVENT_ABORT = 0
EVENT_UTILITY = 1
EVENT_ENGINE_DEAD = 2
EVENT_OUTPUTS_CONTROL = 3
EVENT_ERROR = 4
EVENT_PEER_REFUSED = 5
EVENT_CAUGHT_UP = 6
EVENT_CONNECTOR_STATS = 7

# Enough of a prompt's end to place the detokenizer behind it; only odd prompts need more.
cdef Py_ssize_t PROMPT_TAIL = 32


cdef inline string utf8(str text):
    # Lone surrogates cannot come this far: requests are decoded as UTF-8 and refused otherwise.
    cdef bytes raw = text.encode("utf-8", "replace")
    return string(PyBytes_AS_STRING(raw), PyBytes_GET_SIZE(raw))


cdef inline bytes to_bytes(const string& text):
    return PyBytes_FromStringAndSize(text.data(), <Py_ssize_t>text.size())


cdef inline str view_to_str(string_view text):
    return (<bytes>PyBytes_FromStringAndSize(text.data(), <Py_ssize_t>text.size())).decode("utf-8", "replace")


cdef str wire_id_text(uint64_t wire_id):
    return f"{wire_id:016x}"


def live_responses() -> int:
    return core.live_count()


cdef void call_reader(object on_ready) noexcept:
    # noexcept: what it raises goes to sys.unraisablehook, because one reader must not keep the others from hearing.
    on_ready()


cdef class SocketHandle:
    cdef shared_ptr[const core.OwnedFd] ptr

    def __init__(self, int fd):
        cdef int copy = dup(fd)
        self.ptr = <shared_ptr[const core.OwnedFd]>make_shared[core.OwnedFd](copy)


cdef class Pump


include "response.pxi"
include "prompts.pxi"
include "snapshot.pxi"


cdef class Pump:
    cdef unique_ptr[core.CppPump] ptr
    cdef dict responses  # key → Response, as long as the loop has to hear of it
    cdef readonly int64_t wakeups
    cdef readonly int64_t woken

    def __init__(self, listener=None):
        self.ptr = make_unique[core.CppPump]()
        self.responses = {}
        check(deref(self.ptr).open(), "opening the pump's descriptors")
        if listener is not None:
            check(deref(self.ptr).listen(dup(listener)), "listening for engines")

    @property
    def wake_fd(self) -> int:
        return deref(self.ptr).hub().wake_fd()

    @property
    def waiting(self) -> int:
        return deref(self.ptr).hub().waiting_ids()

    @property
    def queued_tokens(self) -> int:
        return deref(self.ptr).hub().queued_tokens()

    def set_writers(self, Py_ssize_t threads, bint one_call) -> bool:
        if threads < 0:
            raise ValueError("threads is out of range")
        check(deref(self.ptr).set_writers(<size_t>threads, one_call), "starting the writer threads")
        return deref(self.ptr).has_ring()

    def set_engines(self, int64_t first, size_t count) -> None:
        deref(self.ptr).set_engines(first, count)

    def set_buckets(self, str name, bounds) -> None:
        set_buckets_of(deref(self.ptr), name, bounds)

    def greet(self) -> None:
        check(deref(self.ptr).greet(), "starting the pump thread")

    def start(self) -> None:
        check(deref(self.ptr).start(), "starting the pump thread")

    def catch_up(self) -> None:
        deref(self.ptr).catch_up()

    def stop(self) -> None:
        with nogil:
            deref(self.ptr).stop()

    def add(self, Response response) -> None:
        self.responses[deref(response.ptr).key()] = response
        response.pump = self
        deref(self.ptr).hub().add(response.ptr)

    def remove(self, Response response) -> list:
        self.responses.pop(deref(response.ptr).key(), None)
        response.pump = None
        cdef vector[uint64_t] running = deref(self.ptr).remove(deref(response.ptr))
        return [wire_id_text(running[i]) for i in range(<Py_ssize_t>running.size())]

    def hand_over(
        self, Response response, SocketHandle handle, bytes stream_head, bytes whole_head, Py_ssize_t backlog_limit
    ) -> bool:
        cdef core.ResponseHead head
        head.stream = string(PyBytes_AS_STRING(stream_head), PyBytes_GET_SIZE(stream_head))
        head.whole = string(PyBytes_AS_STRING(whole_head), PyBytes_GET_SIZE(whole_head))
        cdef unique_ptr[core.SocketSink] sink = make_unique[core.SocketSink](handle.ptr, head, <size_t>backlog_limit)
        return deref(self.ptr).hand_over(response.ptr, move(sink))

    def send_head(self, Response response) -> None:
        deref(self.ptr).send_head(response.ptr)

    def keep_alive(self, Response response, double interval) -> float:
        return deref(self.ptr).keep_alive(response.ptr, interval)

    def dispatch(self, size_t limit=0) -> list:
        cdef core.Batch batch
        deref(self.ptr).hub().take(batch, limit)
        cdef size_t i
        cdef Response response
        cdef uint64_t key
        self.wakeups += 1
        self.woken += batch.ready.size()
        for i in range(batch.ready.size()):
            key = deref(batch.ready[i]).key()
            response = self.responses.get(key)
            if response is None:
                continue  # removed meanwhile
            if deref(response.ptr).over():
                del self.responses[key]
                response.pump = None
            if response.on_ready is not None:
                call_reader(response.on_ready)
        events = []
        if batch.to_abort.size() != 0:
            events.append((EVENT_ABORT, [wire_id_text(batch.to_abort[i]) for i in range(batch.to_abort.size())]))
        for i in range(batch.events.size()):
            kind = batch.events[i].kind
            if kind == core.ControlKind.utility_output:
                events.append((EVENT_UTILITY, (batch.events[i].engine_index, to_bytes(batch.events[i].bytes))))
            elif kind == core.ControlKind.engine_dead:
                events.append((EVENT_ENGINE_DEAD, None))
            elif kind == core.ControlKind.wave_control:
                events.append((EVENT_OUTPUTS_CONTROL, to_bytes(batch.events[i].bytes)))
            elif kind == core.ControlKind.caught_up:
                events.append((EVENT_CAUGHT_UP, None))
            elif kind == core.ControlKind.connector_stats:
                events.append((EVENT_CONNECTOR_STATS, None))
            elif kind == core.ControlKind.peer_refused:
                events.append((EVENT_PEER_REFUSED, to_bytes(batch.events[i].bytes).decode()))
            else:
                events.append((EVENT_ERROR, to_bytes(batch.events[i].bytes).decode("utf-8", "replace")))
        return events

    def fail_all(self, str message, int status=500) -> None:
        kind = ServiceUnavailableError if status == ServiceUnavailableError.status else EngineDeadError
        cdef bytes error_json = kind(message).to_json()
        deref(self.ptr).fail_all(status, string_view(PyBytes_AS_STRING(error_json), PyBytes_GET_SIZE(error_json)))

    def abort(self, Response response, Py_ssize_t first, Py_ssize_t count) -> None:
        if first < 0 or count < 0:
            raise ValueError("choices are counted from 0")
        deref(self.ptr).abort(response.ptr, <size_t>first, <size_t>count)

    def process(self, bytes message) -> None:
        cdef core.byte_span span = core.byte_span(
            <const uint8_t*>PyBytes_AS_STRING(message), <size_t>PyBytes_GET_SIZE(message)
        )
        with nogil:
            deref(self.ptr).process(span)

    @property
    def blocked(self) -> int:
        return deref(self.ptr).blocked()

    def observe(self, int stage, double seconds) -> None:
        deref(self.ptr).observe(<stats.HistogramId>stage, seconds)

    def take_connector_stats(self) -> list:
        cdef vector[core.ConnectorTold] told = deref(self.ptr).connector_stats().take()
        cdef size_t i
        return [(told[i].engine, to_bytes(told[i].bytes)) for i in range(told.size())]

    def snapshot(self) -> dict:
        return snapshot_of(deref(self.ptr))


cdef int check(core.Errc code, str doing) except -1:
    if code != core.Errc.ok:
        raise OSError(f"{doing} failed: {view_to_str(core.message(code))}")
    return 0
