# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3
# What a lane needs to tell the metrics: a clock, and the length that a request's headers tell.

from posix.time cimport CLOCK_MONOTONIC, clock_gettime, timespec


cdef inline double now() noexcept:
    cdef timespec time
    clock_gettime(CLOCK_MONOTONIC, &time)
    return <double>time.tv_sec + <double>time.tv_nsec * 1e-9


cdef inline Py_ssize_t content_length(list headers) except -1:
    for name, value in headers:
        if name == b"content-length":
            return int(value)
    return 0
