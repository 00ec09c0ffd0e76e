// SPDX-License-Identifier: Apache-2.0
// Arguments on their way out as JSON in Python's spelling: those that a model wrote as text become what their schema
// says they are (vllm/parser/chat_parsing/response_parser.py, _coerce_tool_calls), when they are complete; all others
// go out as they come. Knows no markup.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pieces.hpp"
#include "tools.hpp"

namespace fastfront {

class TypedArguments {
  public:
    /// `tool`: null if the request has none of that name; outlives the call.
    void begin(std::uint32_t call, const Tool* tool) noexcept;
    void push(std::string_view json, Pieces& out);
    /// No more comes, wherever the JSON stands.
    void end(Pieces& out);

  private:
    void take(char c);
    void begin_value(char c);
    void end_value();

    std::uint32_t call_ = 0;
    const Tool* tool_ = nullptr;
    std::uint32_t depth_ = 0;
    bool in_string_ = false;
    bool is_escaped_ = false;
    bool is_key_ = false;     // a member's name is what comes, at the top
    bool holds_ = false;      // a value that waits for its end
    std::uint8_t types_ = 0;  // ... and what it may be
    std::string key_;         // with its quotes
    std::string held_;
    std::string out_;
};

}  // namespace fastfront
