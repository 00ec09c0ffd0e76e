// SPDX-License-Identifier: Apache-2.0
#include "parser_plan.hpp"

#include <algorithm>
#include <utility>

#include "chain.hpp"

namespace fastfront {

std::unique_ptr<OutputParser> ParserPlan::make() const {
    std::unique_ptr<OutputParser> first = reasoning != nullptr ? reasoning->make(*spec, options) : nullptr;
    ParserOptions behind = options;
    behind.behind_reasoning = first != nullptr;
    std::unique_ptr<OutputParser> second = tools != nullptr ? tools->make(*spec, behind) : nullptr;
    if (first == nullptr) {
        return second;
    }
    if (second == nullptr) {
        return first;
    }
    return std::make_unique<ParserChain>(std::move(first), std::move(second));
}

std::vector<std::uint32_t> ParserPlan::special_ids() const {
    std::vector<std::uint32_t> ids;
    for (const ParserEntry* entry : {reasoning, tools}) {
        if (entry == nullptr) {
            continue;
        }
        for (const std::string_view text : entry->special_tokens) {
            if (const std::int64_t id = spec->id_of(text); id >= 0) {
                ids.push_back(static_cast<std::uint32_t>(id));
            }
        }
    }
    std::ranges::sort(ids);
    ids.erase(std::ranges::unique(ids).begin(), ids.end());
    return ids;
}

}  // namespace fastfront
