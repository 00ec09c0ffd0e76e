# SPDX-License-Identifier: Apache-2.0
# The extension types that other extensions cimport.
from libc.stdint cimport uint32_t
from libcpp.memory cimport shared_ptr, unique_ptr
from libcpp.string_view cimport string_view
from libcpp.vector cimport vector

from fastfront._native cimport prompt_parts


cdef class EncodedPrompt:
    cdef prompt_parts.EncodedIds encoded


cdef class SplitPrompt:
    cdef str text  # keeps the bytes that `utf8` views
    cdef string_view utf8
    cdef vector[prompt_parts.Piece] pieces
    cdef readonly Py_ssize_t unseen

    cdef str piece_text(self, const prompt_parts.Piece& piece)
    cdef size_t specials_end(self) noexcept
    cdef size_t specials_begin(self) noexcept


cdef class SegmentEncoder:
    cdef unique_ptr[prompt_parts.SegmentCache] cache
    cdef object encode_texts
    cdef vector[uint32_t] head
    cdef vector[uint32_t] tail

    cdef bint look_up(self, SplitPrompt prompt) except -1
    cdef bint part_of(self, SplitPrompt prompt, size_t first, size_t last, shared_ptr[const prompt_parts.EncodedIds]& part) except -1
