// SPDX-License-Identifier: Apache-2.0
// Tool calls of names and values between tags: the names and what makes their parsers.
#include <vector>

#include "families.hpp"
#include "tag_families.hpp"

namespace fastfront {

std::span<const ParserEntry> xml_tool_parsers() noexcept {
    static const std::vector<ParserEntry> all = [] {
        std::vector<ParserEntry> entries;
        for (const auto group :
             {function_tag_parsers(), arg_key_tag_parsers(), invoke_tag_parsers(), section_tag_parsers(),
              gemma_parsers(), kimi_k3_parsers(), minicpm_parsers(), muse_parsers()}) {
            entries.insert(entries.end(), group.begin(), group.end());
        }
        return entries;
    }();
    return all;
}

}  // namespace fastfront
