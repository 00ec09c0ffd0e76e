# SPDX-License-Identifier: Apache-2.0
# core/vocab.hpp and core/detokenizer.hpp, 1:1, and the extension types that other extensions cimport.
from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from libc.stddef cimport size_t
from libc.stdint cimport uint8_t, uint32_t
from libcpp cimport bool as cpp_bool
from libcpp.memory cimport shared_ptr, unique_ptr
from libcpp.string cimport string
from libcpp.string_view cimport string_view

cdef extern from "<span>" namespace "std" nogil:
    cdef cppclass token_id_span "std::span<const std::uint32_t>":
        token_id_span() noexcept
        token_id_span(const uint32_t* data, size_t size) noexcept


cdef extern from "vocab.hpp" namespace "fastfront" nogil:
    cdef enum class DecoderFamily "fastfront::DecoderFamily"(uint8_t):
        byte_level
        byte_fallback

    cdef uint8_t kKnown "fastfront::token_flag::kKnown"

    cdef cppclass Token:
        string_view bytes
        uint8_t flags

    cdef cppclass CppVocab "fastfront::Vocab":
        DecoderFamily family() noexcept
        size_t size() noexcept
        Token token(uint32_t token_id) noexcept

    cdef cppclass VocabBuilder:
        VocabBuilder() except +
        VocabBuilder(DecoderFamily family, cpp_bool strips_leading_space, cpp_bool restores_leading_space) except +
        cpp_bool add_token(uint32_t token_id, string_view text) except +
        cpp_bool add_added_token(uint32_t token_id, string_view text, string_view content, cpp_bool special) except +
        cpp_bool add_text(uint32_t token_id, string_view text) except +
        shared_ptr[const CppVocab] build() except +


cdef extern from "detokenizer.hpp" namespace "fastfront" nogil:
    cdef cppclass DetokenizerOptions:
        DetokenizerOptions() noexcept
        cpp_bool skip_special_tokens
        cpp_bool spaces_between_special_tokens

    cdef cppclass CppDetokenizer "fastfront::Detokenizer":
        CppDetokenizer(shared_ptr[const CppVocab] vocab, DetokenizerOptions options) except +
        cpp_bool prime(token_id_span tail, cpp_bool whole) except +
        void push(uint32_t token_id, string& out) noexcept
        void push_shown(uint32_t token_id, string& out) noexcept

    void decode(const CppVocab& vocab, token_id_span token_ids, cpp_bool skip_special_tokens, string& out) except +


cdef inline string_view as_utf8(str text) except *:
    # The bytes live as long as the text does.
    cdef Py_ssize_t size = 0
    cdef const char* data = PyUnicode_AsUTF8AndSize(text, &size)
    return string_view(data, <size_t>size)


cdef class Vocab:
    cdef shared_ptr[const CppVocab] ptr  # never null


cdef class Detokenizer:
    cdef unique_ptr[CppDetokenizer] ptr
