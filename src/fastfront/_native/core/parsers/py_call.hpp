// SPDX-License-Identifier: Apache-2.0
// Reads one tool call that a model wrote as a Python call, `name(key=value, ...)`, and makes pieces of it as soon as
// its first argument has a name: strings go out as they come, other values when they are complete. Knows nothing of
// what stands around it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "pieces.hpp"
#include "py_json.hpp"
#include "py_string.hpp"

namespace fastfront {

class PyCall {
  public:
    enum class State : std::uint8_t { more, done, failed };

    /// Bytes of a name.
    static constexpr std::size_t kMaxName = 1024;

    /// `lenient`: as PyString has it; besides, arguments may have the names of Python's keywords.
    explicit PyCall(bool lenient) noexcept : lenient_(lenient) {}

    /// Begin anew, with what becomes call number `call` if it is one. `strict`: up to its first argument's equals sign
    /// there are no spaces, and the function's name and that argument's begin with a letter (TOOL_CALL_REGEX of
    /// vllm/tool_parsers/pythonic_tool_parser.py).
    void begin(std::uint32_t call, bool strict);

    /// Read on. Returns how many bytes belong to the call; if it fails, the byte behind them is the one that is wrong.
    std::size_t push(std::string_view text, Pieces& out);

    /// The text has ended inside of the call: a string whose quote has come is complete.
    void finish(Pieces& out);

    [[nodiscard]] State state() const noexcept {
        return step_ == Step::done ? State::done : step_ == Step::failed ? State::failed : State::more;
    }
    /// The call has gone out.
    [[nodiscard]] bool is_announced() const noexcept { return announced_; }
    /// An argument's name has been read.
    [[nodiscard]] bool has_arguments() const noexcept { return has_arguments_; }
    /// What was read and is in no piece: all of it until the call is announced, then what cannot be placed yet.
    [[nodiscard]] std::string_view held() const noexcept { return in_string_ ? string_.pending() : raw_; }

  private:
    enum class Step : std::uint8_t {
        name,             // the function's
        open,             // behind it
        argument_or_end,  // before an argument
        argument,         // inside its name
        equals,           // behind it
        value,            // before a value
        buffered,         // inside one that waits for its end
        string,           // inside a string
        joined,           // behind one: another may follow
        after,            // behind a value
        done,
        failed,
    };

    bool take(char c, Pieces& out);
    bool take_name(char c);
    bool take_argument(char c, Pieces& out);
    bool take_buffered(char c, Pieces& out);
    bool take_joined(char c, Pieces& out);
    bool take_after(char c, Pieces& out);
    bool begin_string(std::string_view prefix, Pieces& out);
    bool end_buffered(Pieces& out);
    void end_string(Pieces& out);
    void begin_member();
    void close(Pieces& out);
    void announce(Pieces& out);
    void put(Pieces& out);
    [[nodiscard]] std::string_view last_word() const noexcept;
    bool fail() noexcept {
        step_ = Step::failed;
        return false;
    }

    bool lenient_;
    bool strict_ = false;
    Step step_ = Step::name;
    bool announced_ = false;
    bool has_arguments_ = false;
    bool has_members_ = false;
    bool in_string_ = false;  // raw_ has nothing, string_ may have
    bool in_nested_ = false;  // in a string inside of a value that waits
    std::uint32_t call_ = 0;
    std::size_t begin_ = 0;  // of the argument in raw_
    std::size_t value_ = 0;  // of its value in raw_
    std::string name_;       // of the function, then of the argument
    std::string function_;
    std::string open_;  // the brackets that wait for their ends
    PyString string_;
    std::string decoded_;
    std::string json_;
    std::string raw_;
};

}  // namespace fastfront
