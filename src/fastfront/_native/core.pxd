# SPDX-License-Identifier: Apache-2.0
# The native core's headers as Cython sees them, 1:1; nothing else belongs here. What can run without the GIL says so.

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libcpp cimport bool as cbool
from libcpp.map cimport map as cmap
from libcpp.memory cimport shared_ptr, unique_ptr
from libcpp.string cimport string
from libcpp.string_view cimport string_view
from libcpp.utility cimport pair
from libcpp.vector cimport vector

from fastfront._native.parsers cimport ParserPlan as CppParserPlan, Pieces
from fastfront._native.stats cimport EngineStates, HistogramId, Metrics, Watermark
from fastfront._native.text cimport CppVocab, DetokenizerOptions

cdef extern from "<span>" namespace "std" nogil:
    cdef cppclass token_span "std::span<const std::uint32_t>":
        token_span()
        token_span(const uint32_t*, size_t)
        const uint32_t* data() noexcept
        size_t size() noexcept
    cdef cppclass text_span "std::span<const std::string>":
        text_span(const string*, size_t)
    cdef cppclass byte_span "std::span<const std::uint8_t>":
        byte_span()
        byte_span(const uint8_t*, size_t)
        const uint8_t* data() noexcept
        size_t size() noexcept

cdef extern from "error.hpp" namespace "fastfront" nogil:
    cdef enum class Errc(uint8_t):
        ok
    string_view message(Errc) noexcept

cdef extern from "<chrono>" namespace "std::chrono" nogil:
    cdef cppclass milliseconds:
        milliseconds(int64_t)

cdef extern from "zmtp.hpp" namespace "fastfront::zmtp" nogil:
    cdef enum class SocketType(uint8_t):
        router
        pull
    cdef enum class DecoderEvent "fastfront::zmtp::Decoder::Event"(uint8_t):
        incomplete
        greeted
        ready
        message
        ping
        failed
    cdef cppclass Step "fastfront::zmtp::Decoder::Step":
        DecoderEvent event
        size_t consumed
        size_t wanted
        byte_span body
        byte_span rest
    cdef cppclass Decoder:
        Decoder(SocketType, size_t)
        Step next(byte_span) noexcept
        const string& identity() noexcept
        string_view failure() noexcept
    cbool next_part(byte_span&, byte_span&) noexcept

cdef extern from "zmtp_socket.hpp" namespace "fastfront" nogil:
    cdef cppclass ZmtpTiming:
        milliseconds handshake_timeout
        milliseconds ping_interval
        milliseconds ping_timeout
    cdef cppclass ZmtpSocketOptions:
        ZmtpSocketOptions()
        SocketType type
        size_t max_frame_bytes
        size_t buffer_bytes
        ZmtpTiming timing

cdef extern from "zmtp_router.hpp" namespace "fastfront" nogil:
    cdef enum class RouterEventKind "fastfront::ZmtpRouter::Event::Kind"(uint8_t):
        message
        lost
        refused
    cdef cppclass RouterEvent "fastfront::ZmtpRouter::Event":
        RouterEventKind kind
        string identity
        string body
    cdef cppclass ZmtpRouter:
        ZmtpRouter(ZmtpSocketOptions) except +
        Errc open() noexcept
        Errc listen(int) noexcept
        int fd() noexcept
        Errc poll(vector[RouterEvent]&) noexcept
        cbool pending() noexcept
        cbool send(string_view, byte_span, byte_span) noexcept
        cbool send_frames "send"(string_view, const vector[byte_span]&) noexcept
        cbool queue(string_view, byte_span, byte_span) noexcept
        void flush() noexcept
        size_t backlog() noexcept
        void close() noexcept

cdef extern from "engine_outputs.hpp" namespace "fastfront" nogil:
    cdef enum class FinishReason:
        none
        stop
        length
        abort
        error
        repetition
    cdef enum class StopReasonKind "fastfront::StopReason::Kind":
        none
        token
        text
    cdef cppclass StopReason:
        StopReasonKind kind
        int64_t token
        string_view text

cdef extern from "stop_matcher.hpp" namespace "fastfront" nogil:
    cdef cppclass StopMatcher:
        StopMatcher()
        StopMatcher(vector[string]) except +

cdef extern from "request_pipeline.hpp" namespace "fastfront" nogil:
    cdef cppclass PipelineOptions:
        StopMatcher stops
        cbool include_stop_str_in_output
        size_t min_tokens
        cbool keep_all_text
        shared_ptr[const vector[uint32_t]] shown_specials
        size_t stream_interval

cdef extern from "response_writer.hpp" namespace "fastfront" nogil:
    cdef enum class ResponseKind(uint8_t):
        chat_stream
        chat
        completion_stream
        completion
    cdef cppclass ResponseOptions:
        ResponseKind kind
        string id
        string model
        int64_t created
        string role
        vector[string] roles
        string system_fingerprint
        cbool include_usage
        cbool continuous_usage

cdef extern from "logprobs.hpp" namespace "fastfront" nogil:
    cdef enum class FloatStyle(uint8_t):
        python
        pydantic
    cdef cppclass LogprobsOptions:
        LogprobsOptions()
        shared_ptr[const CppVocab] vocab
        cbool chat
        FloatStyle style
        cbool as_token_ids
        cbool ranks
        cbool show_all
        int64_t shown
        int64_t kept
        int64_t prompt_kept

cdef extern from "answer_details.hpp" namespace "fastfront" nogil:
    cdef cppclass DetailsOptions:
        DetailsOptions()
        shared_ptr[const LogprobsOptions] logprobs
        cbool chat
        cbool wants_logprobs
        cbool wants_prompt_logprobs
        cbool wants_token_ids
        cbool wants_prompt_token_ids
        cbool echoes_prompt
        cbool echoes_only
        cbool shows_cached_tokens
        cbool shows_metrics
        int64_t remote_cached_tokens
        string echo_text
        vector[string] echo_texts
        string prompt_text_json
        vector[vector[uint32_t]] prompt_token_ids
        vector[string] prompt_texts

cdef extern from "json_writer.hpp" namespace "fastfront" nogil:
    void append_json_string(string&, string_view) except +

cdef extern from "metrics.hpp" namespace "fastfront" nogil:
    cdef cppclass RequestTimes:
        double arrival
        double queued
        double scheduled
        double first_token
        double last_token
        double first_token_latency
        FinishReason reason
        double ended

cdef extern from "response.hpp" namespace "fastfront" nogil:
    cdef cppclass PromptInfo:
        PromptInfo()
        size_t token_count
        cbool prime(shared_ptr[const CppVocab], DetokenizerOptions, token_span, cbool) except +
    cdef cppclass ResponseSpec:
        ResponseSpec()
        ResponseOptions options
        shared_ptr[const PipelineOptions] pipeline
        shared_ptr[const CppParserPlan] parsers
        shared_ptr[const DetailsOptions] details
        vector[PromptInfo] prompts
        size_t n
        double arrival_time
        int64_t max_tokens
        Watermark watermark
        size_t mailbox_limit
    cdef cppclass UnparsedStep:
        size_t choice
        string text
        vector[uint32_t] token_ids
        cbool ends
    cdef cppclass RawDelta:
        size_t choice
        vector[uint32_t] token_ids
        FinishReason finish_reason
        StopReasonKind stop_kind
        int64_t stop_token
        string stop_text
    cdef cppclass ChoiceTimes:
        RequestTimes times
        size_t prompt_tokens
        size_t completion_tokens
    cdef cppclass CppResponse "fastfront::Response":
        CppResponse(ResponseSpec) except +
        size_t choice_count() noexcept
        uint64_t wire_id(size_t) noexcept
        uint64_t key() noexcept
        void take(string&) noexcept
        size_t pending() noexcept
        vector[UnparsedStep] take_steps() noexcept
        vector[RawDelta] take_deltas() noexcept
        cbool finished() noexcept
        cbool overflowed() noexcept
        cbool delivered() noexcept
        cbool lost() noexcept
        int http_status() noexcept
        ChoiceTimes times_of(size_t) noexcept
        size_t content_length() noexcept
        cbool over() noexcept
        int error(string&) except +
    int64_t live_count "fastfront::Response::live_count"() noexcept

cdef extern from "socket_sink.hpp" namespace "fastfront" nogil:
    cdef cppclass OwnedFd:
        OwnedFd(int) noexcept
        int get() noexcept
    cdef cppclass ResponseHead:
        string stream
        string whole
    cdef cppclass SocketSink:
        SocketSink(shared_ptr[const OwnedFd], ResponseHead, size_t) except +

cdef extern from "response_hub.hpp" namespace "fastfront" nogil:
    cdef enum class ControlKind "fastfront::ControlEvent::Kind"(uint8_t):
        utility_output
        engine_dead
        wave_control
        failure
        peer_refused
        caught_up
        connector_stats
    cdef cppclass ControlEvent:
        ControlKind kind
        int64_t engine_index
        string bytes
    cdef cppclass Batch "fastfront::ResponseHub::Batch":
        Batch()
        vector[shared_ptr[CppResponse]] ready
        vector[uint64_t] to_abort
        vector[ControlEvent] events
    cdef cppclass ResponseHub:
        int wake_fd() noexcept
        void add(const shared_ptr[CppResponse]&) except +
        size_t waiting_ids() except +
        size_t queued_tokens() except +
        void take(Batch&, size_t) except +

cdef extern from "connector_stats.hpp" namespace "fastfront" nogil:
    cdef cppclass ConnectorTold "fastfront::ConnectorStats::Told":
        int64_t engine
        string bytes
    cdef cppclass ConnectorStats:
        vector[ConnectorTold] take() except +

cdef extern from "pump.hpp" namespace "fastfront" nogil:
    cdef cppclass CppPump "fastfront::Pump":
        CppPump() except +
        Errc open() noexcept
        Errc listen(int) noexcept
        Errc greet() noexcept
        Errc start() noexcept
        void stop() noexcept
        void catch_up() noexcept
        ResponseHub& hub() noexcept
        Errc set_writers(size_t, cbool) noexcept
        cbool has_ring() noexcept
        vector[Metrics*] metrics() except +
        EngineStates& engine_states() noexcept
        ConnectorStats& connector_stats() noexcept
        void set_engines(int64_t, size_t) except +
        vector[uint64_t] remove(CppResponse&) except +
        void fail_all(int, string_view) except +
        void abort(const shared_ptr[CppResponse]&, size_t, size_t) except +
        void feed(
            const shared_ptr[CppResponse]&, size_t, token_span, text_span, FinishReason, StopReason, string_view
        ) except +
        void give(const shared_ptr[CppResponse]&, size_t, const Pieces&) except +
        cbool hand_over(const shared_ptr[CppResponse]&, unique_ptr[SocketSink]) except +
        double keep_alive(const shared_ptr[CppResponse]&, double) except +
        void send_head(const shared_ptr[CppResponse]&) except +
        void process(byte_span) noexcept
        void observe(HistogramId, double) noexcept
        size_t blocked() except +
