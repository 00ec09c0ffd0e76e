# SPDX-License-Identifier: Apache-2.0
# The extension types that other extensions cimport.
from libc.stdint cimport uint32_t
from libcpp.memory cimport shared_ptr, unique_ptr
from libcpp.string_view cimport string_view
from libcpp.vector cimport vector

from fastfront._native cimport core


cdef class EncodedPrompt:
    cdef core.EncodedIds encoded


cdef class SplitPrompt:
    cdef str text  # keeps the bytes that `utf8` views
    cdef string_view utf8
    cdef vector[core.Piece] pieces
    cdef readonly Py_ssize_t unseen

    cdef str piece_text(self, const core.Piece& piece)
    cdef size_t specials_end(self) noexcept
    cdef size_t specials_begin(self) noexcept


cdef class SegmentEncoder:
    cdef unique_ptr[core.SegmentCache] cache
    cdef object encode_texts
    cdef vector[uint32_t] head
    cdef vector[uint32_t] tail

    cdef bint look_up(self, SplitPrompt prompt) except -1
    cdef bint part_of(self, SplitPrompt prompt, size_t first, size_t last, shared_ptr[const core.EncodedIds]& part) except -1
