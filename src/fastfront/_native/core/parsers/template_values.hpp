// SPDX-License-Identifier: Apache-2.0
// What a region of a response template is: its text read and transformed, and the tool calls that come of it
// (vllm/parser/chat_parsing/content_parsers.py; response_parser.py, _coerce; vllm/parser/response_template.py,
// _to_tool_calls). Knows no streams.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "response_template.hpp"
#include "tools.hpp"

namespace fastfront {

/// The named groups of what opened a region.
using TemplateCaptures = std::vector<std::pair<std::string, std::string>>;

struct TemplateCall {
    std::string name;
    std::string arguments;
};

/// The calls of a region's text; none: it is malformed or has a call that is not complete.
[[nodiscard]] std::optional<std::vector<TemplateCall>> template_calls(const TemplateField& field, std::string_view body,
                                                                      const TemplateCaptures& captures,
                                                                      const Tools* tools);

/// An argument, or items of one, that a model wrote as text: what the types of its schema say; text if none fits.
void coerce_argument(JsonValue& argument, std::uint8_t types);

/// Whether a text of a transform is `{name}` or `{name.member}`.
[[nodiscard]] bool is_template_placeholder(std::string_view text) noexcept;

}  // namespace fastfront
