// SPDX-License-Identifier: Apache-2.0
// Reads one JSON value as it comes and writes it on at once, either as Python would write it back
// (json.dumps(json.loads(text), ensure_ascii=False)) or as it stands. Accepts what Python's json accepts, to the byte:
// NaN and Infinity too. Knows no tool calls.
//
// It differs from Python in three points that a stream cannot have: of members of one name all are written, not the
// last; an unpaired surrogate stays an escape; depth and the digits of a number are bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fastfront {

/// Whether JSON allows the byte between its tokens.
[[nodiscard]] constexpr bool is_json_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

/// Append what the JSON string `quoted` (as JsonStream writes it) stands for.
void append_json_decoded(std::string& out, std::string_view quoted);

class JsonStream {
  public:
    static constexpr std::size_t kMaxDepth = 900;    // Python's own limit is about that
    static constexpr std::size_t kMaxDigits = 4300;  // the same: sys.int_info.default_max_str_digits

    enum class State : std::uint8_t { more, done, failed };

    struct Options {
        bool verbatim = false;  ///< write the text as it stands, spaces included
        bool lenient = false;   ///< control characters may stand in strings unescaped (Python's strict=False)
    };

    JsonStream() = default;
    /// Begin a new value. Spaces before it are the caller's.
    void begin(Options options);

    /// Read on; append to `out` what is known. Returns how many bytes belong to the value, or to its beginning if it
    /// is malformed: the byte behind them is the one that is wrong.
    std::size_t push(std::string_view text, std::string& out);

    /// The text has ended: a number that stands alone is complete now.
    void finish(std::string& out);

    [[nodiscard]] State state() const noexcept {
        return step_ == Step::done ? State::done : step_ == Step::failed ? State::failed : State::more;
    }
    /// What was read and not yet written: an escape, a number or a literal that has not ended.
    [[nodiscard]] std::string_view pending() const noexcept {
        return options_.verbatim ? std::string_view() : std::string_view(pending_);
    }

  private:
    enum class Step : std::uint8_t {
        value,         // a value must come
        value_or_end,  // ... or the array's end
        key,           // a member's name must come
        key_or_end,    // ... or the object's end
        colon,         // behind a name
        after,         // behind a value: a comma or an end
        string,        // inside a string
        escape,        // behind a backslash
        unicode,       // inside \uXXXX
        number,        // inside a number
        literal,       // inside true, false, null, NaN, Infinity
        done,
        failed,
    };
    enum class Number : std::uint8_t { minus, zero, integer, point, fraction, mark, sign, exponent };

    bool take(char c, std::string& out);
    std::size_t take_string(std::string_view text, std::string& out);
    bool take_value(char c, std::string& out);
    bool take_escape(char c, std::string& out);
    bool take_unicode(char c, std::string& out);
    bool take_number(char c, std::string& out);
    bool take_literal(char c, std::string& out);
    void open(char c, std::string& out);
    bool close(char c, std::string& out);
    void end_value() noexcept { step_ = depth() == 0 ? Step::done : Step::after; }
    void end_unit(std::uint32_t unit, std::string& out);
    void flush_surrogate(std::string& out);
    void write(std::string& out, std::string_view text) {
        if (!options_.verbatim) out.append(text);
    }
    [[nodiscard]] std::size_t depth() const noexcept { return open_.size(); }
    bool fail() noexcept {
        step_ = Step::failed;
        return false;
    }

    Options options_;
    Step step_ = Step::value;
    Number number_ = Number::minus;
    bool is_key_ = false;          // the string is a member's name
    std::uint32_t unit_ = 0;       // of \uXXXX, so far
    std::uint32_t digits_ = 0;     // ... how many of them
    std::uint32_t surrogate_ = 0;  // a high one that waits for its low one
    std::string_view literal_;     // the one that is being read
    std::string open_;             // '{' and '[' that are open
    std::string pending_;
};

}  // namespace fastfront
