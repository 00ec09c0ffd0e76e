# SPDX-License-Identifier: Apache-2.0
# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""Base64 and floats of tensors that come with requests (core/base64.hpp, core/float_cast.hpp).

Only converts arguments and calls, without the GIL. Knows no file format. Signatures and their meaning: tensor.pyi.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t
from libcpp cimport bool as cbool
from libcpp.optional cimport optional
from libcpp.string_view cimport string_view

from fastfront._native cimport core


cdef extern from "<span>" nogil:
    cdef cppclass mutable_byte_span "std::span<std::uint8_t>":
        mutable_byte_span()
        mutable_byte_span(uint8_t*, size_t)

cdef extern from "Python.h":
    const char* PyUnicode_AsUTF8AndSize(object, Py_ssize_t*) except NULL

cdef extern from "base64.hpp" namespace "fastfront" nogil:
    size_t max_decoded_base64(size_t) noexcept
    cbool decode_base64_ "fastfront::decode_base64"(core.byte_span, mutable_byte_span, size_t&) noexcept

cdef extern from "float_cast.hpp" namespace "fastfront" nogil:
    cdef enum class FloatType(uint8_t):
        pass
    optional[FloatType] float_type(string_view) noexcept
    size_t width(FloatType) noexcept
    cdef cppclass FloatMatrix:
        core.byte_span storage
        FloatType type
        size_t offset
        size_t rows
        size_t columns
        size_t row_stride
        size_t column_stride
    core.Errc cast_floats_ "fastfront::cast_floats"(const FloatMatrix&, FloatType, mutable_byte_span) noexcept


cdef FloatType type_named(str name) except *:
    cdef Py_ssize_t size
    cdef const char* text = PyUnicode_AsUTF8AndSize(name, &size)
    cdef optional[FloatType] found = float_type(string_view(text, <size_t>size))
    if not found.has_value():
        raise ValueError(f"{name} is no type of floats that is known here")
    return found.value()


def float_width(str dtype not None) -> int:
    return <Py_ssize_t>width(type_named(dtype))


def decode_base64(str text not None):
    cdef Py_ssize_t length
    cdef const char* data
    try:
        data = PyUnicode_AsUTF8AndSize(text, &length)
    except UnicodeEncodeError:
        return None
    cdef size_t room = max_decoded_base64(<size_t>length), size = 0
    cdef bytes out = PyBytes_FromStringAndSize(NULL, <Py_ssize_t>room)
    cdef uint8_t* into = <uint8_t*>PyBytes_AS_STRING(out)
    cdef cbool good
    with nogil:
        good = decode_base64_(
            core.byte_span(<const uint8_t*>data, <size_t>length), mutable_byte_span(into, room), size
        )
    if not good:
        return None
    return out if size == room else out[:size]


def cast_floats(
    const uint8_t[::1] storage, str dtype not None, *, size_t offset, shape, strides, str to not None
) -> bytes:
    cdef FloatMatrix matrix
    cdef FloatType wanted = type_named(to)
    matrix.storage = core.byte_span(&storage[0] if storage.shape[0] else NULL, <size_t>storage.shape[0])
    matrix.type = type_named(dtype)
    matrix.offset = offset
    matrix.rows, matrix.columns = shape
    matrix.row_stride, matrix.column_stride = strides
    # As a Python int: what is too large for memory must not become a small number.
    cdef object size = shape[0] * shape[1] * <Py_ssize_t>width(wanted)
    cdef bytes out = PyBytes_FromStringAndSize(NULL, size)
    cdef mutable_byte_span into = mutable_byte_span(<uint8_t*>PyBytes_AS_STRING(out), <size_t>size)
    cdef core.Errc code
    with nogil:
        code = cast_floats_(matrix, wanted, into)
    if code != core.Errc.ok:
        raise ValueError(f"no such matrix of {dtype} can be cast to {to}")
    return out
