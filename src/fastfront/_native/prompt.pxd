# SPDX-License-Identifier: Apache-2.0
# The extension type that other extensions cimport.
from fastfront._native cimport core


cdef class EncodedPrompt:
    cdef core.EncodedIds encoded
