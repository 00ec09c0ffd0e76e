# SPDX-License-Identifier: Apache-2.0
# core/text_view.hpp and core/text_recipe.hpp, 1:1.
from libc.stdint cimport uint8_t
from libcpp cimport bool as cpp_bool

cdef extern from *:
    ctypedef unsigned int char32_t

cdef extern from "<string_view>" namespace "std" nogil:
    cdef cppclass u32string_view:
        u32string_view() noexcept
        u32string_view(const char32_t* data, size_t size) noexcept

cdef extern from "<optional>" namespace "std" nogil:
    cdef cppclass maybe_text "std::optional<std::u32string_view>":
        maybe_text() noexcept
        maybe_text(u32string_view) noexcept

cdef extern from "<span>" namespace "std" nogil:
    cdef cppclass view_span "std::span<fastfront::TextView>":
        view_span(TextView*, size_t) noexcept
    cdef cppclass const_view_span "std::span<const fastfront::TextView>":
        const_view_span(TextView*, size_t) noexcept

cdef extern from "text_view.hpp" namespace "fastfront" nogil:
    cdef cppclass TextView:
        const void* data
        size_t size
        uint8_t width
        char32_t max_char

cdef extern from "<string_view>" namespace "std" nogil:
    cdef cppclass string_view:
        string_view(const char* data, size_t size) noexcept

cdef extern from "printed_json.hpp" namespace "fastfront" nogil:
    cpp_bool is_printed_object(string_view) noexcept

cdef extern from "text_recipe.hpp" namespace "fastfront" nogil:
    cdef enum class Cut(uint8_t):
        strip
        lstrip
        rstrip
        before
        after
    cdef enum class Question(uint8_t):
        non_empty
        contains
        starts_with
        ends_with
        equals
    cdef cppclass Extent "fastfront::TextRecipe::Extent":
        size_t size
        char32_t max_char
    cdef cppclass TextRecipe:
        TextRecipe(size_t) noexcept
        cpp_bool add_cut(size_t, Cut, maybe_text) except +
        cpp_bool add_guard(size_t, Question, u32string_view, cpp_bool) except +
        void add_literal(u32string_view) except +
        cpp_bool add_piece(size_t) except +
        size_t contents() noexcept
        size_t views() noexcept
        cpp_bool evaluate(view_span) noexcept
        Extent measure(view_span) noexcept
        void write(const_view_span, void*, uint8_t) noexcept
