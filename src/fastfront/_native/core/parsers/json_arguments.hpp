// SPDX-License-Identifier: Apache-2.0
// Arguments that the model writes as JSON, on their way out as they come, with values of a type that the tool's schema
// does not allow replaced (vllm/parser/engine/parser_engine.py, _fix_arg_types). What is as the schema says stays as
// the model wrote it; so does what is no JSON object. Knows no markup.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "pieces.hpp"
#include "tools.hpp"

namespace fastfront {

class JsonArguments {
  public:
    /// `tool`: null if the request has none of that name; outlives the call.
    void begin(std::uint32_t call, const Tool* tool) noexcept;
    /// Take more text, up to and with the brace that closes the object. Returns how many bytes were taken: all, or what
    /// is before that brace's end.
    [[nodiscard]] std::size_t feed(std::string_view text, Pieces& out);
    /// The arguments end here: without anything they are {}.
    void end(Pieces& out);
    /// What came and has not gone out.
    [[nodiscard]] std::string_view unsent() const noexcept { return held_; }

  private:
    enum class Where : std::uint8_t { before, key, colon, value, held_value, verbatim, behind };

    void take(char c, Pieces& out);
    void take_structure(char c, Pieces& out);
    void begin_value(char c);
    void end_value();
    void put(Pieces& out);

    std::uint32_t call_ = 0;
    const Tool* tool_ = nullptr;
    Where where_ = Where::before;
    std::uint32_t depth_ = 0;
    bool in_string_ = false;
    bool is_escaped_ = false;
    bool is_empty_ = true;
    std::string key_;
    const Schema* schema_ = nullptr;
    std::string held_;  // a value whose type may change, or whitespace that may be the end
    std::string out_;
};

}  // namespace fastfront
