# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Router: a native ZeroMQ ROUTER socket as a Python object.

Only converts arguments and calls the core (core/zmtp_router.hpp). Signatures and their meaning are in zmtp.pyi.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cython.operator cimport dereference as deref
from libc.stdint cimport int64_t, uint8_t
from libcpp.memory cimport make_unique, unique_ptr
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.vector cimport vector

from fastfront._native cimport core

import errno
from os import dup, strerror

EVENT_MESSAGE = <int>core.RouterEventKind.message
EVENT_LOST = <int>core.RouterEventKind.lost
EVENT_REFUSED = <int>core.RouterEventKind.refused

cdef int UNREACHABLE = errno.EHOSTUNREACH
# Registrations are small; what is longer gets more room as it comes.
cdef size_t BUFFER_BYTES = 4096
cdef Py_ssize_t FIRST_FRAME_BYTES = 255


cdef inline core.byte_span span_of(bytes data):
    return core.byte_span(<const uint8_t*>PyBytes_AS_STRING(data), <size_t>PyBytes_GET_SIZE(data))


cdef inline string_view view_of(bytes data):
    return string_view(PyBytes_AS_STRING(data), <size_t>PyBytes_GET_SIZE(data))


cdef inline bytes to_bytes(const string& text):
    return PyBytes_FromStringAndSize(text.data(), <Py_ssize_t>text.size())


cdef inline bytes to_bytes_of(core.byte_span data):
    return PyBytes_FromStringAndSize(<const char*>data.data(), <Py_ssize_t>data.size())


cdef class Router:
    cdef unique_ptr[core.ZmtpRouter] ptr

    def __init__(
        self,
        int listener,
        *,
        Py_ssize_t max_message_bytes,
        double handshake_timeout=30.0,
        double ping_interval=10.0,
        double ping_timeout=60.0,
    ):
        cdef core.ZmtpSocketOptions options
        options.type = core.SocketType.router
        options.max_frame_bytes = max_message_bytes
        options.buffer_bytes = BUFFER_BYTES
        options.timing.handshake_timeout = core.milliseconds(<int64_t>(handshake_timeout * 1000))
        options.timing.ping_interval = core.milliseconds(<int64_t>(ping_interval * 1000))
        options.timing.ping_timeout = core.milliseconds(<int64_t>(ping_timeout * 1000))
        self.ptr = make_unique[core.ZmtpRouter](options)
        check(deref(self.ptr).open(), "opening the socket's descriptors")
        check(deref(self.ptr).listen(dup(listener)), "listening for peers")

    def fileno(self) -> int:
        return deref(self.ptr).fd()

    def poll(self) -> list:
        cdef vector[core.RouterEvent] events
        check(deref(self.ptr).poll(events), "waiting for peers")
        cdef size_t i
        return [
            (<int>events[i].kind, to_bytes(events[i].identity), to_bytes(events[i].body)) for i in range(events.size())
        ]

    @property
    def pending(self) -> bool:
        return deref(self.ptr).pending()

    @property
    def backlog(self) -> int:
        return deref(self.ptr).backlog()

    def send(self, bytes identity not None, bytes first not None, bytes second not None) -> None:
        if PyBytes_GET_SIZE(first) > FIRST_FRAME_BYTES:
            raise ValueError("the first frame is too long")
        if not deref(self.ptr).send(view_of(identity), span_of(first), span_of(second)):
            raise OSError(UNREACHABLE, strerror(UNREACHABLE))

    def send_frames(self, bytes identity not None, frames) -> None:
        cdef vector[core.byte_span] spans
        cdef list held = list(frames)
        if not held:
            raise ValueError("a message has a frame")
        for frame in held:
            spans.push_back(span_of(<bytes?>frame))
        if not deref(self.ptr).send_frames(view_of(identity), spans):
            raise OSError(UNREACHABLE, strerror(UNREACHABLE))

    def queue(self, bytes identity not None, bytes first not None, bytes second not None) -> None:
        if PyBytes_GET_SIZE(first) > FIRST_FRAME_BYTES:
            raise ValueError("the first frame is too long")
        if not deref(self.ptr).queue(view_of(identity), span_of(first), span_of(second)):
            raise OSError(UNREACHABLE, strerror(UNREACHABLE))

    def flush(self) -> None:
        deref(self.ptr).flush()

    def close(self) -> None:
        deref(self.ptr).close()


def decode(str own, pieces, Py_ssize_t max_message_bytes) -> list:
    cdef core.SocketType type = core.SocketType.router if own == "ROUTER" else core.SocketType.pull
    cdef unique_ptr[core.Decoder] decoder = make_unique[core.Decoder](type, <size_t>max_message_bytes)
    cdef bytes held = b""
    cdef core.Step step
    cdef core.byte_span rest, part
    events = []
    for piece in pieces:
        held += piece
        while True:
            step = deref(decoder).next(span_of(held))
            body = to_bytes_of(step.body)
            rest = step.rest
            parts = []
            while core.next_part(rest, part):
                parts.append(to_bytes_of(part))
            held = held[step.consumed:]
            if step.event == core.DecoderEvent.incomplete:
                break
            if step.event == core.DecoderEvent.failed:
                events.append(("failed", to_bytes(string(deref(decoder).failure())), []))
                return events
            if step.event == core.DecoderEvent.ready:
                events.append(("ready", to_bytes(deref(decoder).identity()), []))
            elif step.event == core.DecoderEvent.message:
                events.append(("message", body, parts))
            else:
                events.append(("greeted" if step.event == core.DecoderEvent.greeted else "ping", body, []))
    return events


cdef int check(core.Errc code, str doing) except -1:
    cdef string_view text
    if code != core.Errc.ok:
        text = core.message(code)
        raise OSError(f"{doing} failed: {PyBytes_FromStringAndSize(text.data(), <Py_ssize_t>text.size()).decode()}")
    return 0
