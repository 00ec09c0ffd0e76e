# SPDX-License-Identifier: Apache-2.0
# The headers about prompts as Cython sees them, 1:1, like core.pxd.

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libcpp cimport bool as cbool
from libcpp.memory cimport shared_ptr
from libcpp.optional cimport optional
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.utility cimport pair
from libcpp.vector cimport vector

from fastfront._native cimport core

cdef extern from "add_request.hpp" namespace "fastfront" nogil:
    cdef cppclass string_view_span "std::span<const std::string_view>":
        string_view_span() noexcept
        string_view_span(const string_view*, size_t) noexcept
    cdef cppclass AddRequest:
        AddRequest()
        uint64_t wire_id
        size_t prompt_token_count
        string_view_span prompt_token_ids
        string_view sampling_params
        double arrival_time
        int64_t client_index
        int64_t current_wave
        string_view external_req_id
        string_view reasoning
    size_t max_size(const AddRequest&) noexcept
    char* write(char*, const AddRequest&) noexcept
    char* write_msgpack_int(char*, int64_t) noexcept

cdef extern from "special_tokens.hpp" namespace "fastfront" nogil:
    cdef cppclass SpecialTokens:
        SpecialTokens()
        SpecialTokens(vector[pair[string, uint32_t]]) except +
        @staticmethod
        cbool suits(const vector[pair[string, uint32_t]]&) except +

cdef extern from "json_messages.hpp" namespace "fastfront" nogil:
    size_t kNowhere
    size_t skip_json_space(string_view, size_t) noexcept
    size_t find_messages(string_view, size_t) noexcept
    size_t find_object_end(string_view, size_t) noexcept
    size_t find_next_object(string_view, size_t) noexcept

cdef extern from "segment_cache.hpp" namespace "fastfront" nogil:
    cdef cppclass IdRun:
        @staticmethod
        shared_ptr[const IdRun] of(core.token_span) except +
    cdef cppclass piece_span "std::span<const fastfront::Piece>":
        piece_span(const Piece*, size_t) noexcept
    cdef cppclass id_run_span "std::span<const std::shared_ptr<const fastfront::IdRun>>":
        id_run_span(const shared_ptr[const IdRun]*, size_t) noexcept
    cdef cppclass Piece:
        size_t begin
        size_t end
        cbool special
        uint32_t special_id
        shared_ptr[const IdRun] ids
    cdef cppclass EncodedIds:
        EncodedIds()
        string msgpack
        size_t count
        vector[uint32_t] tail
        void append(core.token_span) except +
        void append(piece_span) except +
        void append(id_run_span) except +
        void view(vector[string_view]&) except +
        vector[uint32_t] ids() except +
        optional[uint32_t] last_of(core.token_span) except +
    shared_ptr[const IdRun] join(piece_span) except +
    cdef cppclass SegmentCache:
        SegmentCache(SpecialTokens, size_t) except +
        vector[Piece] split(string_view) except +
        void remember(Piece&, string_view, core.token_span) except +
        size_t size() noexcept
        size_t bytes() noexcept

cdef extern from "unseen_runs.hpp" namespace "fastfront" nogil:
    cdef cppclass UnseenRun:
        size_t first
        size_t last
    vector[UnseenRun] unseen_runs(piece_span, size_t) except +
    vector[core.token_span] deal_out(piece_span, core.token_span) except +
