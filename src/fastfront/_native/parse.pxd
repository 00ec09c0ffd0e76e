# SPDX-License-Identifier: Apache-2.0
# What pump.pyx uses of the parsers, beyond their C++ (parsers.pxd).

from libcpp.memory cimport shared_ptr

from fastfront._native cimport parsers


cdef class ToolSchemas:
    cdef shared_ptr[const parsers.Tools] ptr
