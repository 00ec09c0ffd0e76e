// SPDX-License-Identifier: Apache-2.0
// One HTTP/1.1 response after another, as a client reads them: bytes in, pieces of the body out. For the load
// generator, which meets servers of every make; the server's own side of HTTP is llhttp's. Knows no sockets and no
// JSON.
//
// Strict where two readers could disagree about where a response ends: lines end in CRLF, no folded headers, one
// content-length, and not together with chunked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fastfront {

class HttpResponseParser {
  public:
    /// Most bytes of a response's head, and of its trailers.
    static constexpr std::size_t kMaxHeadBytes = 64 * 1024;

    /// Take bytes off the front of `input` and return the piece of the body among them, which may be empty. Stops at
    /// the end of the response; call again while `input` has bytes and the response is neither done() nor failed().
    [[nodiscard]] std::string_view next(std::string_view& input);

    /// The connection has ended. True if the response is complete with that.
    bool end_of_input() noexcept;

    /// The status; 0 until the head is complete.
    [[nodiscard]] int status() const noexcept { return head_done_ ? status_ : 0; }
    [[nodiscard]] bool event_stream() const noexcept { return event_stream_; }
    [[nodiscard]] bool done() const noexcept { return state_ == State::done; }
    [[nodiscard]] bool failed() const noexcept { return state_ == State::failed; }
    /// Whether another response may follow on the connection. Meaningful when done().
    [[nodiscard]] bool keep_alive() const noexcept { return keep_alive_; }
    /// Begin the next response.
    void reset() noexcept;

  private:
    enum class State : std::uint8_t {
        status_line,
        headers,
        body,
        body_until_close,
        chunk_size,
        chunk_data,
        chunk_end,
        trailers,
        done,
        failed,
    };

    void on_line(std::string_view line) noexcept;
    void on_status_line(std::string_view line) noexcept;
    void on_header(std::string_view line) noexcept;
    void on_head_end() noexcept;
    void on_chunk_size(std::string_view line) noexcept;
    void fail() noexcept { state_ = State::failed; }

    State state_ = State::status_line;
    std::string line_;             // of an unfinished line, what has come
    std::size_t head_bytes_ = 0;   // of head or trailers so far
    std::uint64_t body_left_ = 0;  // bytes of the body or of the chunk
    std::uint64_t content_length_ = 0;
    int status_ = 0;
    bool has_content_length_ = false;
    bool chunked_ = false;
    bool keep_alive_ = true;
    bool event_stream_ = false;
    bool head_done_ = false;
};

}  // namespace fastfront
