// SPDX-License-Identifier: Apache-2.0
// The header of a message of gpt-oss's Harmony format: who speaks, on which channel, to whom (the openai_harmony
// library's rules, and what vllm/parser/harmony.py makes of a recipient). Knows no stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fastfront {

struct HarmonyHeader {
    enum class Kind : std::uint8_t {
        reasoning,  // the analysis channel, and calls of the model's own tools
        content,    // all other text
        call,       // a function's arguments
        foreign,    // what the model lets somebody else say
    };

    Kind kind = Kind::content;
    std::string function;    // of a call: its name
    bool json_call = false;  // of a call: its arguments are JSON
};

/// What stands between `<|start|>` and `<|message|>`; none: it is no header. `speaks`: the assistant's role stands in
/// the prompt.
[[nodiscard]] std::optional<HarmonyHeader> read_harmony_header(std::string_view text, bool speaks);

}  // namespace fastfront
