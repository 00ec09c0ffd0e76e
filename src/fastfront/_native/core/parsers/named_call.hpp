// SPDX-License-Identifier: Apache-2.0
// The parser of an answer to a tool_choice that names a function: all of it is that function's arguments, as it stands
// (vllm/parser/abstract_parser.py, _extract_tool_calls). An answer of nothing but spaces is none.
#pragma once

#include <string>
#include <string_view>

#include "output_parser.hpp"

namespace fastfront {

class NamedCall final : public OutputParser {
  public:
    /// `options.tools` holds the one function that was named.
    explicit NamedCall(const ParserOptions& options);

    void push(std::string_view text, std::int64_t token, Pieces& out) override;
    void finish(Pieces& /*out*/) override {}

  private:
    std::string name_;
    std::string spaces_;  // before the arguments
    bool announced_ = false;
};

}  // namespace fastfront
