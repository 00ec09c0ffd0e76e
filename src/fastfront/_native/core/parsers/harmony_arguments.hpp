// SPDX-License-Identifier: Apache-2.0
// The arguments of a Harmony call on their way out as they come: as Python's json.dumps writes what json.loads read
// (vllm/parser/harmony.py), escapes of ASCII included. What turns out to be no JSON goes on as it is. Knows no markup.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "json_stream.hpp"
#include "pieces.hpp"

namespace fastfront {

class HarmonyArguments {
  public:
    /// `json`: they are to be JSON; else they go out as they are.
    void begin(std::uint32_t call, bool json);
    void push(std::string_view text, Pieces& out);
    void finish(Pieces& out);

  private:
    enum class Where : std::uint8_t { before, inside, behind, verbatim };

    void go_on_verbatim(std::string_view text, Pieces& out);

    std::uint32_t call_ = 0;
    Where where_ = Where::before;
    JsonStream json_;
    std::string space_;  // around the value: a part of it only where it is no JSON
    std::string made_;
    std::string out_;
};

}  // namespace fastfront
