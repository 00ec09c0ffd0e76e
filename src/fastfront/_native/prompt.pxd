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
    cdef size_t run_bytes
    cdef readonly Py_ssize_t unseen

    cdef vector[prompt_parts.UnseenRun] runs(self, size_t run_bytes)
    cdef list run_texts(self, const vector[prompt_parts.UnseenRun]& runs)
    cdef size_t specials_end(self) noexcept
    cdef size_t specials_begin(self) noexcept


cdef class SegmentEncoder:
    cdef unique_ptr[prompt_parts.SegmentCache] cache
    cdef object encode_texts
    cdef size_t run_bytes
    cdef vector[uint32_t] head
    cdef vector[uint32_t] tail

    cdef bint look_up(self, SplitPrompt prompt) except -1
    cdef bint look_up_runs(self, SplitPrompt prompt, size_t run_bytes) except -1
    cdef bint part_of(self, SplitPrompt prompt, size_t first, size_t last, shared_ptr[const prompt_parts.IdRun]& part) except -1
