// SPDX-License-Identifier: Apache-2.0
// The arguments of a call as JSON, from names and values that come one after the other, the values in pieces: what
// json.dumps(..., ensure_ascii=False) makes of them. A string goes out while it comes. Knows no markup.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pieces.hpp"
#include "tool_values.hpp"

namespace fastfront {

/// Which whitespace around a value is layout: none, a newline on each side, all.
enum class ValueTrim : std::uint8_t { none, newline, space };

class ArgumentWriter {
  public:
    /// `unwraps`: a first parameter `arguments` or `input` that the tool does not have may hold all arguments
    /// (vllm/parser/deepseek_v4.py, _unwrap_wrapper_args).
    ArgumentWriter(ValueRule rule, ValueTrim trim, bool unwraps) noexcept
        : rule_(rule), trim_(trim), unwraps_(unwraps) {}

    /// `tool`: null if the request has none of that name; outlives the call.
    void begin_call(std::uint32_t call, const Tool* tool) noexcept;

    /// Another value follows: one that could have been all arguments is not, and goes out.
    void expect_value(Pieces& out);

    // These say whether all has gone out that came since the value's beginning: what has not is the caller's to give
    // back if the output ends.
    [[nodiscard]] bool begin_value(std::string_view name, std::string_view type, Pieces& out);
    [[nodiscard]] bool value(std::string_view text, Pieces& out);
    [[nodiscard]] bool end_value(Pieces& out);

    /// A value that is JSON already.
    void add(std::string_view name, JsonValue value, Pieces& out);

    void end_call(Pieces& out);
    /// The output ends inside a value: what was held of a string goes out.
    void cut(Pieces& out);

    /// The value so far, as it came, if it has not gone out.
    [[nodiscard]] std::string_view unsent() const noexcept { return text_; }

  private:
    void begin_member(std::string_view value_begin);
    void stream(std::string_view text, Pieces& out);
    [[nodiscard]] bool may_be_null() const;
    [[nodiscard]] std::string_view trimmed(std::string_view text) const noexcept;
    void put(Pieces& out);

    ValueRule rule_;
    ValueTrim trim_;
    bool unwraps_;

    std::uint32_t call_ = 0;
    const Tool* tool_ = nullptr;
    bool has_members_ = false;
    std::string name_;
    std::string type_;
    const Schema* schema_ = nullptr;
    ValueTiming timing_ = ValueTiming::when_complete;
    bool is_wrapper_ = false;
    bool at_start_ = false;  // of a value that streams
    std::string text_;       // of a value that does not
    std::string held_;       // whitespace that a value that streams may end with
    std::string wrapped_;    // the JSON of a value that may be all arguments; empty: none
    std::string scratch_;
};

}  // namespace fastfront
