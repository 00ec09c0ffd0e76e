# SPDX-License-Identifier: Apache-2.0
# Where uvloop reads to. Part of http.pyx, whose names it uses.
#
# What belongs to a parser is read into one buffer for all connections of a loop, and copied. A large body that a lane waits
# for needs no parser, once its length is known and its first bytes have come: the rest is read to where it stays.

from cpython.buffer cimport PyBuffer_FillInfo
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject, Py_SIZE
from cpython.ref cimport Py_DECREF, Py_XDECREF
from libc.string cimport memcpy

cdef extern from "Python.h":
    PyObject* PyBytes_FromStringAndSize_ "PyBytes_FromStringAndSize"(const char*, Py_ssize_t)
    int _PyBytes_Resize(PyObject**, Py_ssize_t) except -1

cdef int READ_BYTES = 256 * 1024     # of what the app reads
cdef int HEAD_READ_BYTES = 16 * 1024 # where a request may begin, so that not much of a body is copied with its head
cdef int ROOM_FACTOR = 16            # a body's memory grows with what has come, not with what its head promises
cdef Py_ssize_t WORTH_A_ROOM = 16 * 1024  # bytes that are missing


cdef class Buffer:
    """Memory to read into: the part of a bytes object that nobody has seen yet."""

    cdef PyObject* data         # bytes; one reference is ours
    cdef Py_ssize_t filled
    cdef Py_ssize_t offered     # bytes to read at most

    def __cinit__(self):
        self.data = NULL

    def __dealloc__(self):
        Py_XDECREF(self.data)

    cdef int resize(self, Py_ssize_t size) except -1:
        if self.data == NULL:
            self.data = PyBytes_FromStringAndSize_(NULL, size)
            if self.data == NULL:
                raise MemoryError
        else:
            _PyBytes_Resize(&self.data, size)
        return 0

    cdef Py_ssize_t size(self) noexcept:
        return Py_SIZE(<object>self.data)

    cdef bytes take(self):
        """What has been filled is all of it: from now on it is a bytes object like any other."""
        made = <bytes>self.data
        Py_DECREF(made)
        self.data = NULL
        return made

    def __getbuffer__(self, Py_buffer* view, int flags):
        PyBuffer_FillInfo(
            view, self, PyBytes_AS_STRING(<object>self.data) + self.filled, self.offered, 0, flags
        )


def make_read_buffer() -> Buffer:
    cdef Buffer made = Buffer.__new__(Buffer)
    made.resize(READ_BYTES)
    return made


cdef Buffer room_for_rest(HttpProtocol connection):
    """Return a room with what has come of the body that is being read, if the rest shall be read into it."""
    cdef Exchange exchange = connection.reading
    cdef Buffer room
    cdef bytes part
    if (
        exchange is None or exchange.lane is None or not exchange.keep_alive or exchange.body_size == 0
        or exchange.body_length - exchange.body_size < WORTH_A_ROOM
    ):
        return None
    room = Buffer.__new__(Buffer)
    room.resize(min(exchange.body_length, ROOM_FACTOR * exchange.body_size))
    for part in exchange.body:
        memcpy(PyBytes_AS_STRING(<object>room.data) + room.filled, PyBytes_AS_STRING(part), PyBytes_GET_SIZE(part))
        room.filled += PyBytes_GET_SIZE(part)
    exchange.body = []
    return room


cdef Buffer buffer_for(HttpProtocol connection):
    """Return what the next bytes are to be read into."""
    cdef Buffer buffer = connection.room
    cdef bint by_app
    if buffer is None:
        buffer = connection.read_buffer
        by_app = connection.reading is not None and connection.reading.lane is None
        buffer.offered = READ_BYTES if by_app else HEAD_READ_BYTES
    else:
        if buffer.filled == buffer.size():
            buffer.resize(min(connection.reading.body_length, ROOM_FACTOR * buffer.filled))
        buffer.offered = buffer.size() - buffer.filled
    return buffer


cdef object note_read(HttpProtocol connection, Py_ssize_t size):
    """So many bytes have come."""
    cdef Buffer room = connection.room
    cdef Exchange exchange = connection.reading
    if room is None:
        connection.data_received(PyBytes_FromStringAndSize(PyBytes_AS_STRING(<object>connection.read_buffer.data), size))
        if not connection.closed and connection.waiting != for_close:
            connection.room = room_for_rest(connection)
        return
    if connection.closed or connection.waiting == for_close or exchange is None:
        connection.room = None
        return
    room.filled += size
    exchange.body_size = room.filled
    if room.filled == exchange.body_length:
        connection.room = None
        exchange.body = [room.take()]
        # The old parser stands inside a body that it will not see the end of.
        connection.parser = HttpRequestParser(connection)
        connection.on_message_complete()
