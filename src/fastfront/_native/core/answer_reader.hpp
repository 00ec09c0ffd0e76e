// SPDX-License-Identifier: Apache-2.0
// One answer of an OpenAI-compatible server, as a client that measures reads it: HTTP, then server-sent events or one
// JSON body, then what these say. Bytes in, an Answer that grows; the caller has the clock. Knows no sockets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "completion_scanner.hpp"
#include "event_stream_parser.hpp"
#include "http_response_parser.hpp"

namespace fastfront {

struct Answer {
    int status = 0;                       ///< 0 until the head has come
    std::uint32_t events = 0;             ///< server-sent events with JSON in them
    std::uint32_t text_events = 0;        ///< those that carry text
    std::int64_t prompt_tokens = -1;      ///< as the server counts; -1: it did not tell
    std::int64_t completion_tokens = -1;  ///< the same of the answer
    bool streamed = false;                ///< an event stream, not one body
    bool complete = false;                ///< a stream that said [DONE], a body that is a completion
    bool error = false;                   ///< an error object came, in whatever status
};

class AnswerReader {
  public:
    /// Most bytes of a body that is not a stream.
    static constexpr std::size_t kMaxBodyBytes = 16 * 1024 * 1024;
    /// How much of an error is kept to be shown.
    static constexpr std::size_t kExcerptBytes = 300;

    /// Take bytes of the connection; returns how many belong to this answer: all, unless it has ended or failed()
    /// before.
    std::size_t feed(std::string_view bytes);
    /// The connection has ended. True if the answer is all there with that.
    bool end_of_input();

    [[nodiscard]] const Answer& answer() const noexcept { return answer_; }
    [[nodiscard]] bool done() const noexcept { return http_.done() && !failed_; }
    /// The bytes are no HTTP response, or hold no events and no JSON where they should.
    [[nodiscard]] bool failed() const noexcept { return failed_ || http_.failed(); }
    [[nodiscard]] bool keep_alive() const noexcept { return http_.keep_alive(); }
    /// The beginning of an error's body or event; empty if there was none.
    [[nodiscard]] std::string_view excerpt() const noexcept { return excerpt_; }
    void reset() noexcept;

  private:
    void on_events(std::string_view bytes);
    void on_end();
    void merge(const Completion& found, std::string_view json);

    HttpResponseParser http_;
    EventStreamParser events_;
    std::string body_;
    std::string excerpt_;
    Answer answer_;
    bool failed_ = false;
};

}  // namespace fastfront
