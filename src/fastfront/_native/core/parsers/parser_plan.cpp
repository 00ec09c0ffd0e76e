// SPDX-License-Identifier: Apache-2.0
#include "parser_plan.hpp"

#include <algorithm>
#include <utility>

#include "chain.hpp"
#include "repeated_thinking.hpp"

namespace fastfront {

namespace {

/// Whether a token is the tag, as it stands or with the suffix of a checkpoint: `<think:6124c78e>`.
bool is_spelling(std::string_view token, std::string_view tag) noexcept {
    if (token == tag) return true;
    if (!tag.ends_with('>') || !token.ends_with('>')) return false;
    tag.remove_suffix(1);
    return token.starts_with(tag) && token.substr(tag.size()).starts_with(':');
}

}  // namespace

std::unique_ptr<OutputParser> ParserPlan::make() const {
    std::unique_ptr<OutputParser> first = reasoning != nullptr ? reasoning->make(*spec, options) : nullptr;
    if (first != nullptr && options.repeats_thinking) first = std::make_unique<RepeatedThinking>(std::move(first));
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
        for (const SpecialToken& token : spec->special_tokens) {
            const bool is_its = std::ranges::any_of(
                entry->special_tokens, [&](std::string_view text) { return is_spelling(token.text, text); });
            if (is_its && token.id >= 0) ids.push_back(static_cast<std::uint32_t>(token.id));
        }
    }
    std::ranges::sort(ids);
    ids.erase(std::ranges::unique(ids).begin(), ids.end());
    return ids;
}

}  // namespace fastfront
