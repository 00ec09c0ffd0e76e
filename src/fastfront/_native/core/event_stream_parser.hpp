// SPDX-License-Identifier: Apache-2.0
// Server-sent events as a client reads them (WHATWG HTML, 9.2.6): bytes in, the data of each event out. Lines end in
// LF, CRLF or CR; comments and other fields than data are stepped over; an event without data is none. Knows no HTTP,
// no JSON.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace fastfront {

class EventStreamParser {
  public:
    /// Most bytes of one event's data, and of one line.
    static constexpr std::size_t kMaxEventBytes = 1024 * 1024;

    /// Take bytes off the front of `input` up to the end of an event. True: `data` is that event's, until the next call
    /// and as long as the input's bytes live. False: `input` is used up, or the stream has failed().
    [[nodiscard]] bool next(std::string_view& input, std::string_view& data);

    [[nodiscard]] bool failed() const noexcept { return failed_; }
    void reset() noexcept;

  private:
    void on_line(std::string_view line);
    void keep_data();

    std::string line_;          // of an unfinished line, what has come
    std::string data_;          // of an unfinished event, what had to be kept
    std::string_view pending_;  // the same, still where it was read from
    bool has_data_ = false;
    bool in_buffer_ = false;  // data_ holds it, not pending_
    bool after_cr_ = false;   // a LF that comes next belongs to the CR before it
    bool given_ = false;      // the last call gave an event out
    bool failed_ = false;
};

}  // namespace fastfront
