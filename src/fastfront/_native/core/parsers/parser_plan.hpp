// SPDX-License-Identifier: Apache-2.0
// How the answers to one request are parsed: which parsers, what the request says of them, and what of their pieces is
// shown. Immutable, shared by the request's choices. Knows no JSON.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "reasoning_counter.hpp"
#include "registry.hpp"

namespace fastfront {

/// What an id looks like where the model gives its tool call none (vllm/renderers/chat_utils.py, make_tool_call_id).
enum class CallIds : std::uint8_t {
    random,   ///< chatcmpl-tool-<16 hex digits>
    kimi,     ///< functions.<name>:<number in the conversation>
    mistral,  ///< nine letters and digits
};

struct ParserPlan {
    std::shared_ptr<const ParserSpec> spec;
    const ParserEntry* reasoning = nullptr;  // either may be null; both: the text is parsed outside
    const ParserEntry* tools = nullptr;
    ParserOptions options;
    std::shared_ptr<const CountRule> count;  // of reasoning tokens, in usage; null = usage does not tell them
    CallIds call_ids = CallIds::random;
    bool include_reasoning = true;
    bool parallel_tool_calls = true;  // false: only the first call is shown
    bool forced = false;              // tool_choice is "required" or a function: content is never null
    bool named = false;               // tool_choice is a function: a call does not change finish_reason

    /// The text is parsed outside: pieces come from there.
    [[nodiscard]] bool outside() const noexcept { return reasoning == nullptr && tools == nullptr; }

    /// A parser for one choice; null where the text is parsed outside.
    [[nodiscard]] std::unique_ptr<OutputParser> make() const;

    /// The special tokens that the parsers want to see, sorted.
    [[nodiscard]] std::vector<std::uint32_t> special_ids() const;
    /// The same for PipelineOptions: one for all answers, so that it stays in the cache.
    std::shared_ptr<const std::vector<std::uint32_t>> shown_specials;
};

}  // namespace fastfront
