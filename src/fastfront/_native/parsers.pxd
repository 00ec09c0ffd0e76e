# SPDX-License-Identifier: Apache-2.0
# The output parsers' headers (core/parsers/) as Cython sees them, 1:1, like core.pxd.

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libcpp cimport bool as cbool
from libcpp.memory cimport shared_ptr, unique_ptr
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.utility cimport pair
from libcpp.vector cimport vector

cdef extern from "parsers/pieces.hpp" namespace "fastfront" nogil:
    cdef enum class PieceKind(uint8_t):
        reasoning
        content
        call_begin
        arguments
    cdef cppclass OutputPiece:
        PieceKind kind
        uint32_t call
        int64_t token
    cdef cppclass Pieces:
        void clear() noexcept
        const vector[OutputPiece]& all() noexcept
        string_view text(const OutputPiece&) noexcept
        string_view id(const OutputPiece&) noexcept
        void add_reasoning(string_view) except +
        void add_content(string_view) except +
        void begin_call(uint32_t, string_view, string_view) except +
        void add_arguments(uint32_t, string_view) except +

cdef extern from "parsers/tools.hpp" namespace "fastfront" nogil:
    cdef cppclass Schema:
        Schema()
        uint8_t types
        vector[pair[string, Schema]] properties
        vector[Schema] items
    cdef cppclass Tool:
        Tool()
        string name
        Schema parameters
        vector[string] required
    cdef cppclass Tools:
        vector[Tool] tools

cdef extern from "parsers/response_template.hpp" namespace "fastfront" nogil:
    cdef cppclass ResponseTemplate:
        @staticmethod
        shared_ptr[const ResponseTemplate] compile(string_view, string&) except +

cdef extern from "parsers/template_parser.hpp" namespace "fastfront" nogil:
    cbool has_template_thinking_ended(const shared_ptr[const ResponseTemplate]&, string_view, cbool) except +

cdef extern from "parsers/output_parser.hpp" namespace "fastfront" nogil:
    cdef cppclass OutputParser:
        void push(string_view, int64_t, Pieces&) except +
        void finish(Pieces&) except +
    cdef cppclass SpecialToken:
        string text
        int64_t id
    cdef cppclass ParserSpec:
        vector[SpecialToken] special_tokens
        shared_ptr[const ResponseTemplate] response_template
    cdef enum class Thinking(uint8_t):
        unsaid
        open
        closed
    cdef cppclass ParserOptions:
        shared_ptr[const Tools] tools
        Thinking thinking
        uint32_t first_call
        cbool behind_reasoning
        cbool repeats_thinking
        shared_ptr[const string] prefix

cdef extern from "parsers/registry.hpp" namespace "fastfront" nogil:
    cdef cppclass name_span "std::span<const std::string_view>":
        size_t size() noexcept
        string_view operator[](size_t) noexcept
    cdef cppclass ParserEntry:
        string_view name
        unique_ptr[OutputParser] make(const ParserSpec&, const ParserOptions&) except +
        name_span special_tokens
    cdef cppclass entry_span "std::span<const fastfront::ParserEntry>":
        size_t size() noexcept
        const ParserEntry& operator[](size_t) noexcept
    const ParserEntry* find_reasoning_parser(string_view) except +
    const ParserEntry* find_tool_parser(string_view) except +
    entry_span reasoning_parsers() except +
    entry_span tool_parsers() except +

cdef extern from "parsers/reasoning_counter.hpp" namespace "fastfront" nogil:
    cdef cppclass CountMarker:
        string_view text
    cdef cppclass marker_span "std::span<const fastfront::CountMarker>":
        size_t size() noexcept
        const CountMarker& operator[](size_t) noexcept
    cdef cppclass CountFormat:
        marker_span markers
    const CountFormat* find_count_format(string_view) noexcept
    cdef cppclass CountRule:
        CountRule()
        const CountFormat* format
        vector[vector[int64_t]] ids
    cdef cppclass ReasoningCounter:
        ReasoningCounter(shared_ptr[const CountRule], Thinking) except +
        void push(int64_t) except +
        uint64_t count() noexcept

cdef extern from "parsers/parser_plan.hpp" namespace "fastfront" nogil:
    cdef enum class CallIds(uint8_t):
        random
        kimi
        mistral
    cdef cppclass ParserPlan:
        ParserPlan()
        shared_ptr[const ParserSpec] spec
        const ParserEntry* reasoning
        const ParserEntry* tools
        ParserOptions options
        shared_ptr[const CountRule] count
        CallIds call_ids
        cbool include_reasoning
        cbool parallel_tool_calls
        cbool forced
        cbool named
        cbool outside() noexcept
        unique_ptr[OutputParser] make() except +
        vector[uint32_t] special_ids() except +
        shared_ptr[const vector[uint32_t]] shown_specials
