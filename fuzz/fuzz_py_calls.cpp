// SPDX-License-Identifier: Apache-2.0
// Checks for every parser of calls that are Python calls that the pieces put together are the same however the text is
// cut, and that calls are counted without gaps and begin before their arguments. Input: a byte for the parser, one for
// the cuts, then the text: letters and digits as they are, other bytes stand for what these formats are made of.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "parsed_message.hpp"
#include "parsers/families.hpp"

namespace {

using namespace fastfront;
using fuzz::Message;
using fuzz::require;

constexpr std::string_view kParts[] = {
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    "'",
    "\"",
    "'''",
    "\"\"\"",
    "\\",
    ",",
    ":",
    "=",
    " ",
    "\n",
    "\r",
    "+",
    "-",
    ".",
    "_",
    "\xc3\xa9",
    "\xf0\x9f\x98\x80",
    "None",
    "null",
    "True",
    "1.5e3",
    "0x1f",
    "07",
    "\\u00e9",
    "\\ud83d",
    "\\x4",
    "r'",
    "f\"{{",
    "[f(a=1)]",
    "[f(a='x', b=[1, {'k': (2,)}])",
    "g(b='",
    "f(",
    "c={'k': ",
    "from=1",
    "a.b(",
    "<|tool_call_start|>",
    "<|tool_call_start|>[",
    "<|tool_call_end|>",
    "]<|tool_call_end|>",
    "<function_calls>",
    "</function_calls>",
    "<|python_start|>",
    "<|python_end|>",
    "<|",
};

/// The message when the text comes in pieces of about `size` bytes. These formats have no reasoning.
Message parse(const ParserEntry& entry, std::string_view text, std::size_t size) {
    const auto parser = entry.make({}, {});
    Message message = fuzz::parse(*parser, text, size);
    require(message.reasoning.empty());
    return message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    const auto entries = list_tool_parsers();
    const ParserEntry& entry = entries[data[0] % entries.size()];
    std::string text;
    for (std::size_t i = 2; i < size; ++i) {
        if ((data[i] >= 'a' && data[i] <= 'z') || (data[i] >= '0' && data[i] <= '9')) {
            text.push_back(static_cast<char>(data[i]));
        } else {
            text += kParts[data[i] % std::size(kParts)];
        }
    }
    const Message whole = parse(entry, text, text.size());
    require(parse(entry, text, 1) == whole);
    require(parse(entry, text, 1 + data[1] % 9) == whole);
    return 0;
}
