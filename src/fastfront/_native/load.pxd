# SPDX-License-Identifier: Apache-2.0
# core/answer_reader.hpp and core/load_*.hpp, 1:1.
from libc.stddef cimport size_t
from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libcpp cimport bool as cpp_bool
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.vector cimport vector

cdef extern from "error.hpp" namespace "fastfront" nogil:
    cdef enum class Errc:
        ok
        out_of_range
        system

    string_view message(Errc code) noexcept


cdef extern from "answer_reader.hpp" namespace "fastfront" nogil:
    cdef cppclass Answer:
        int status
        uint32_t events
        uint32_t text_events
        int64_t prompt_tokens
        int64_t completion_tokens
        cpp_bool streamed
        cpp_bool complete
        cpp_bool error

    cdef cppclass CppAnswerReader "fastfront::AnswerReader":
        CppAnswerReader() except +
        size_t feed(string_view data) except +
        cpp_bool end_of_input() except +
        const Answer& answer() noexcept
        cpp_bool done() noexcept
        cpp_bool failed() noexcept
        cpp_bool keep_alive() noexcept
        string_view excerpt() noexcept


cdef extern from "latency_histogram.hpp" namespace "fastfront" nogil:
    cdef cppclass LatencyHistogram:
        uint64_t count() noexcept
        uint64_t max() noexcept
        double mean() noexcept
        uint64_t quantile(double q) noexcept


cdef extern from "load_request.hpp" namespace "fastfront" nogil:
    cdef cppclass LoadBody:
        LoadBody() except +
        string bytes
        vector[size_t] marks

    size_t CORE_MARK_BYTES "fastfront::LoadBody::kMarkBytes"


cdef extern from "load_meter.hpp" namespace "fastfront" nogil:
    size_t LOAD_ERRORS "fastfront::kLoadErrors"

    cdef cppclass AtomicUint "std::atomic<std::uint64_t>":
        uint64_t load() noexcept

    cdef cppclass AtomicInt "std::atomic<std::int64_t>":
        int64_t load() noexcept

    cdef cppclass LoadCounters:
        AtomicUint requests
        AtomicUint errors
        AtomicInt tokens
        AtomicUint in_flight

    cdef cppclass ErrorCounts "std::array<std::uint64_t, fastfront::kLoadErrors>":
        uint64_t operator[](size_t index) noexcept

    cdef cppclass LoadRecord:
        LatencyHistogram ttft
        LatencyHistogram itl
        LatencyHistogram tpot
        LatencyHistogram e2e
        LatencyHistogram late
        uint64_t requests
        uint64_t prompt_tokens
        uint64_t completion_tokens
        uint64_t counted_by_server
        uint64_t events
        uint64_t bytes
        ErrorCounts errors
        uint64_t began
        uint64_t ended


cdef extern from "load_generator.hpp" namespace "fastfront" nogil:
    cdef cppclass LoadOptions:
        LoadOptions() except +
        string host
        uint16_t port
        string head
        vector[LoadBody] bodies
        size_t connections
        double rate
        uint64_t seed
        uint64_t timeout
        uint64_t max_requests

    cdef cppclass CppLoadGenerator "fastfront::LoadGenerator":
        CppLoadGenerator(LoadOptions options) except +
        Errc open() except +
        void run() except +
        void measure() noexcept
        void stop() noexcept
        const LoadCounters& counters() noexcept
        string first_error() except +
        const LoadRecord& record() noexcept
