// SPDX-License-Identifier: Apache-2.0
// A call that stands as one JSON object where tags are expected (vllm/tool_parsers/dots_tool_parser.py, _parse_block
// and _validated_call). Knows no markup and no streams.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tools.hpp"

namespace fastfront {

struct JsonBlock {
    std::string name;
    std::string arguments;
};

/// The call that `text` is: `name`, and `arguments` or `parameters`; none: no call of these tools.
[[nodiscard]] std::optional<JsonBlock> read_json_block(std::string_view text, const Tools* tools);

}  // namespace fastfront
