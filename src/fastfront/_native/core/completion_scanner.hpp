// SPDX-License-Identifier: Apache-2.0
// What a client that measures wants to know of an OpenAI completion, or of one chunk of it: does it carry text, how
// many tokens does it count, is it an error. One pass over the JSON, nothing built. Knows no streams.
//
// Takes every JSON text; takes some that are not quite JSON, because it reads structure and not the insides of strings
// and numbers. Names are compared as they are written, escapes and all.
#pragma once

#include <cstdint>
#include <string_view>

namespace fastfront {

struct Completion {
    bool valid = false;                   ///< the bytes are one JSON object
    bool text = false;                    ///< a choice has text, reasoning or a tool call in it
    bool error = false;                   ///< there is an `error` that is not null
    std::int64_t prompt_tokens = -1;      ///< usage.prompt_tokens; -1: not told
    std::int64_t completion_tokens = -1;  ///< usage.completion_tokens; -1: not told
};

/// Most objects and arrays inside one another.
inline constexpr int kMaxCompletionDepth = 64;

[[nodiscard]] Completion scan_completion(std::string_view json) noexcept;

}  // namespace fastfront
