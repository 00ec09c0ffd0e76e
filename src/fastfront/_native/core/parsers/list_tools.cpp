// SPDX-License-Identifier: Apache-2.0
// Tool calls that are Python calls: the names and what makes their parsers. Each table transcribes what the whole
// answer of vLLM's parser of that name (vllm/tool_parsers) accepts.
#include "families.hpp"
#include "py_calls.hpp"

namespace fastfront {

namespace {

// pythonic_tool_parser.py: [get_weather(city="Paris"), get_time()], all of an answer
constexpr PyFormat kPythonic{.at_start = true, .strict = true, .content = {.strip = true, .drop_after = false}};

// llama4_pythonic_tool_parser.py: the same, perhaps between markers
constexpr PyFormat kLlama4Pythonic{.open = "<|python_start|>",
                                   .close = "<|python_end|>",
                                   .at_start = true,
                                   .strict = true,
                                   .content = {.strip = true, .drop_after = false}};

// olmo3_tool_parser.py: a call on a line, between tags
constexpr PyFormat kOlmo3{.open = "<function_calls>",
                          .close = "</function_calls>",
                          .lines = true,
                          .strict = true,
                          .content = {.strip = true, .drop_after = false}};
constexpr std::string_view kOlmo3Tokens[] = {"<function_calls>", "</function_calls>"};

// lfm2_tool_parser.py: lists between tokens, with what models make of Python
constexpr PyFormat kLfm2{.open = "<|tool_call_start|>",
                         .close = "<|tool_call_end|>",
                         .lenient = true,
                         .echoes = true,
                         .content = {.strip = true, .drop_after = false, .join = true}};
constexpr std::string_view kLfm2Tokens[] = {"<|tool_call_start|>", "<|tool_call_end|>"};

template <const PyFormat& kFormat>
std::unique_ptr<OutputParser> make(const ParserSpec& /*spec*/, const ParserOptions& /*options*/) {
    return std::make_unique<PyCalls>(kFormat);
}

constexpr ParserEntry kEntries[] = {
    {"lfm2", make<kLfm2>, kLfm2Tokens},
    {"llama4_pythonic", make<kLlama4Pythonic>, {}},
    {"olmo3", make<kOlmo3>, kOlmo3Tokens},
    {"pythonic", make<kPythonic>, {}},
};

}  // namespace

std::span<const ParserEntry> list_tool_parsers() noexcept { return kEntries; }

}  // namespace fastfront
