# SPDX-License-Identifier: Apache-2.0
# What pump.pyx uses of the parsers, beyond their C++ (parsers.pxd).

from libcpp.memory cimport shared_ptr

from fastfront._native cimport parsers


cdef class ToolSchemas:
    cdef shared_ptr[const parsers.Tools] ptr


cdef class ResponseTemplate:
    cdef shared_ptr[const parsers.ResponseTemplate] ptr


cdef class ModelParsers:
    cdef shared_ptr[const parsers.ParserSpec] spec
    cdef const parsers.ParserEntry* reasoning
    cdef const parsers.ParserEntry* tools
    cdef shared_ptr[const parsers.CountRule] count
    cdef readonly object reasoning_parser
    cdef readonly object tool_parser


cdef class ParserPlan:
    cdef shared_ptr[const parsers.ParserPlan] ptr
