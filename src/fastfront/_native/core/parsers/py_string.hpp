// SPDX-License-Identifier: Apache-2.0
// Reads one Python string literal as it comes, and writes what it stands for as soon as that is known. Knows nothing of
// what stands around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fastfront {

/// Whether Python allows the byte between the tokens of an expression in brackets.
[[nodiscard]] constexpr bool is_py_space(char c) noexcept {
    return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f';
}

class PyString {
  public:
    enum class State : std::uint8_t { more, done, failed };

    /// Whether the letters may stand before a quote, and the literal is a str.
    [[nodiscard]] static bool is_prefix(std::string_view letters) noexcept;

    /// Begin anew, behind the letters of `prefix`. `lenient`: control characters may stand in the string, and a quote
    /// ends it only if what follows, spaces aside, could follow a value; they are part of it otherwise
    /// (vllm/tool_parsers/utils.py, escape_ctrl_chars_in_strings, escape_nested_quotes_in_strings).
    void begin(std::string_view prefix, bool lenient) noexcept;

    /// Read on, from the opening quote; append what it stands for to `out`: UTF-8, unpaired surrogates as three bytes
    /// that py_dump_text knows. Returns how many bytes belong to the literal, and if it is lenient to the spaces behind
    /// it; if it fails, the byte behind them is the one that is wrong.
    std::size_t push(std::string_view text, std::string& out);

    [[nodiscard]] State state() const noexcept {
        return step_ == Step::done ? State::done : step_ == Step::failed ? State::failed : State::more;
    }
    /// If nothing followed, the string would be complete.
    [[nodiscard]] bool may_be_complete() const noexcept { return step_ == Step::empty || step_ == Step::closing; }
    /// What was read and not yet written: an escape or an end that is not complete.
    [[nodiscard]] std::string_view pending() const noexcept { return pending_; }

  private:
    enum class Step : std::uint8_t {
        open,      // before the quote
        opened,    // behind it
        empty,     // behind two: an empty string, or the beginning of three
        body,      // inside
        escape,    // behind a backslash
        kept,      // ... of a raw string
        octal,     // inside \ooo
        hex,       // inside \xhh, \uhhhh, \Uhhhhhhhh
        brace,     // behind a brace of an f-string
        carriage,  // behind a carriage return between three quotes: a line feed after it is the same line's end
        quotes,    // behind one or two of three closing quotes
        closing,   // lenient: behind a quote
        done,
        failed,
    };

    bool take(char c, std::string& out);
    bool take_body(char c, std::string& out);
    bool take_escape(char c, std::string& out);
    bool take_octal(char c, std::string& out);
    bool take_hex(char c, std::string& out);
    bool take_end(char c, std::string& out);
    void close() noexcept;
    bool back_to_body(std::string& out);
    bool fail() noexcept {
        step_ = Step::failed;
        return false;
    }

    Step step_ = Step::open;
    bool raw_ = false;
    bool formatted_ = false;
    bool lenient_ = false;
    bool triple_ = false;
    char quote_ = '\0';
    std::uint32_t unit_ = 0;    // of a number in an escape, so far
    std::uint32_t digits_ = 0;  // ... how many are to come
    std::string pending_;
};

}  // namespace fastfront
