// SPDX-License-Identifier: Apache-2.0
// The parser of every format whose tool calls are JSON: objects or lists of them, behind markers, between markers or
// bare, or arguments behind a name. A table (JsonFormat) says what a format's markup is; json_tools.cpp has the tables.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "content_gate.hpp"
#include "header_call.hpp"
#include "json_call.hpp"
#include "marker_scanner.hpp"
#include "output_parser.hpp"

namespace fastfront {

/// What a marker in the text does.
namespace marker_role {
inline constexpr std::uint8_t kBegin = 0;    ///< calls follow
inline constexpr std::uint8_t kAround = 1;   ///< it goes with the calls that follow; without any it is text
inline constexpr std::uint8_t kSilent = 2;   ///< it is never text
inline constexpr std::uint8_t kOnce = 3;     ///< the same, the first time
inline constexpr std::uint8_t kRestart = 4;  ///< it is text, behind which bare calls may begin as at the beginning
inline constexpr std::uint8_t kText = 5;     ///< it is never text, but what follows is, behind a call too
inline constexpr std::uint8_t kBare = 6;     ///< it is a call's, or a list's, own first byte
}  // namespace marker_role

struct Marker {
    std::string_view text;
    std::uint8_t role = marker_role::kBegin;
};

struct JsonFormat {
    std::span<const Marker> markers;              ///< 32 at most
    std::span<const std::string_view> ends = {};  ///< what stands behind the calls; none: they end with their JSON
    bool objects = false;                         ///< a call behind a marker is an object
    bool lists = false;                           ///< ... or calls are a list of objects
    bool opened = false;                          ///< the marker is the list's bracket too
    bool headers = false;                         ///< ... or a call is a name and its arguments
    bool list_at_start = false;                   ///< an answer that begins with a bracket is a list of calls
    CallRules call = {};
    HeaderRules header = {};
    ContentRules content = {};
};

class JsonCalls final : public OutputParser {
  public:
    /// `format` lives as long as the program.
    explicit JsonCalls(const JsonFormat& format);

    void push(std::string_view text, std::int64_t token, Pieces& out) override;
    void finish(Pieces& out) override;

  private:
    enum class State : std::uint8_t {
        text,     // outside of calls
        open,     // behind a marker
        call,     // inside a call
        element,  // in a list, before a call
        between,  // in a list, behind a call
        close,    // behind the calls, before what ends them
    };

    std::size_t step(std::string_view text, Pieces& out);
    std::size_t in_text(std::string_view text, Pieces& out);
    std::size_t at_marker(const Marker& marker, std::string_view text, Pieces& out);
    std::size_t in_open(std::string_view text, Pieces& out);
    std::size_t in_call(std::string_view text, Pieces& out);
    std::size_t in_list(char c, Pieces& out);
    std::size_t in_close(char c, Pieces& out);
    void begin_list(char c) {
        held_.push_back(c);
        state_ = State::element;
        is_first_ = is_list_ = true;
    }
    void begin_call(CallReader& reader);
    void end_calls();
    void fail_call(Pieces& out);
    void leave(Pieces& out);
    void reject(std::string_view text, Pieces& out);
    void plain(std::string_view text, Pieces& out);

    const JsonFormat& format_;
    MarkerScanner scanner_;
    MarkerScanner::Set all_ = 0;
    ContentGate gate_;
    JsonCall object_;
    HeaderCall header_;
    CallReader* reader_ = nullptr;
    State state_ = State::text;
    bool at_start_;         // a bracket would be a list of calls
    bool is_bare_ = false;  // no marker stands before the calls
    bool is_list_ = false;
    bool is_first_ = false;      // no element of the list has come
    bool has_called_ = false;    // behind this marker
    bool doubts_ = false;        // what ended the last call was not what ends calls
    bool is_once_over_ = false;  // the marker that counts once has come
    std::uint32_t calls_ = 0;
    std::size_t marker_ = 0;  // bytes of held_ that are the marker
    std::size_t end_ = 0;     // bytes of held_ that may be the end
    std::size_t again_ = 0;   // bytes of held_ that are to be read once more, as text
    std::string carry_;       // text that may become a marker
    std::string held_;        // since the marker or the last call
};

}  // namespace fastfront
