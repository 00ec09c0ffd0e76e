// SPDX-License-Identifier: Apache-2.0
// The parser of every format whose tool calls are Python calls: in a list at the beginning of an answer, in a list
// between markers, or line by line between markers. A table (PyFormat) says what a format's markup is; list_tools.cpp
// has the tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "content_gate.hpp"
#include "marker_scanner.hpp"
#include "output_parser.hpp"
#include "py_call.hpp"

namespace fastfront {

struct PyFormat {
    std::string_view open = {};   ///< what stands before the calls; empty: nothing
    std::string_view close = {};  ///< what stands behind them, unless the answer ends there
    bool at_start = false;  ///< calls are at the very beginning of an answer, what opens and closes them may be missing
    bool lines = false;     ///< calls stand on lines of their own, in no brackets
    bool strict = false;    ///< as PyCall::begin has it, up to the first argument of all
    bool lenient = false;   ///< as PyCall has it
    bool echoes = false;    ///< a model repeats its calls behind what closes them, and closes them again
    ContentRules content = {};
};

class PyCalls final : public OutputParser {
  public:
    /// `format` lives as long as the program.
    explicit PyCalls(const PyFormat& format);

    void push(std::string_view text, std::int64_t token, Pieces& out) override;
    void finish(Pieces& out) override;

  private:
    enum class State : std::uint8_t {
        start,    // at the beginning of an answer, of which calls may be all
        text,     // outside of calls
        open,     // behind what opens them
        element,  // in a list, before a call
        call,     // inside a call
        between,  // in a list, behind a call
        closing,  // behind the list
        rest,     // behind what is malformed, before what closes the calls
        echo,     // behind calls, in what may repeat them
    };
    static constexpr MarkerScanner::Set kOpen = 1;
    static constexpr MarkerScanner::Set kClose = 2;

    std::size_t step(std::string_view text, Pieces& out);
    std::size_t at_start(std::string_view text, Pieces& out);
    std::size_t in_text(std::string_view text, Pieces& out);
    std::size_t in_list(std::string_view text, Pieces& out);
    std::size_t in_call(std::string_view text, Pieces& out);
    std::size_t in_rest(std::string_view text, Pieces& out);
    std::size_t in_echo(std::string_view text, Pieces& out);
    std::size_t hold(std::string_view text) {
        held_.append(text);
        return text.size();
    }
    std::size_t wait(std::string_view text) {
        carry_ = text;
        return text.size();
    }
    void begin_call();
    void end_list();
    void end_calls();
    void reject(Pieces& out);
    void end_echo(Pieces& out);
    [[nodiscard]] MarkerScanner::Set sought() const noexcept;

    const PyFormat& format_;
    MarkerScanner scanner_;
    ContentGate gate_;
    PyCall call_;
    State state_;
    bool opened_ = false;         // calls have come to an end: what closes them is no text
    bool is_first_ = false;       // no call of the list has come
    bool is_announced_ = false;   // a call of this block has gone out
    bool has_arguments_ = false;  // a call of this block has had an argument
    bool new_line_ = false;       // lines: another call may begin
    std::uint32_t calls_ = 0;
    std::string carry_;       // text that may become a marker
    std::string held_;        // since the marker or the last call, or what may be an echo
    std::string block_;       // echoes: what stood between the markers, without spaces
    std::size_t echoed_ = 0;  // bytes of it that have come again
};

}  // namespace fastfront
