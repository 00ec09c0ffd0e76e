// SPDX-License-Identifier: Apache-2.0
#include "special_tokens.hpp"

#include <algorithm>
#include <map>

namespace fastfront {

bool SpecialTokens::suits(const std::vector<std::pair<std::string, std::uint32_t>>& tokens) {
    std::map<char, std::size_t> sizes;
    for (const auto& [text, id] : tokens) {
        if (text.empty() || ++sizes[text.front()] > kMaxTokensOfGroup) {
            return false;
        }
    }
    return sizes.size() <= kMaxGroups;
}

SpecialTokens::SpecialTokens(std::vector<std::pair<std::string, std::uint32_t>> tokens) {
    // The longest first, and behind a first byte in the order of the texts.
    std::sort(tokens.begin(), tokens.end(), [](const auto& a, const auto& b) {
        return std::pair(b.first.size(), std::string_view(a.first)) <
               std::pair(a.first.size(), std::string_view(b.first));
    });
    for (auto& [text, id] : tokens) {
        auto group =
            std::find_if(groups_.begin(), groups_.end(), [&](const Group& g) { return g.first == text.front(); });
        if (group == groups_.end()) {
            group = groups_.insert(group, Group{text.front(), {}});
        }
        group->tokens.push_back({std::move(text), id});
    }
}

const SpecialTokens::Token* SpecialTokens::match_at(const Group& group, std::string_view rest) const noexcept {
    for (const Token& token : group.tokens) {
        // The last byte tells most of them apart from the text.
        if (token.text.size() <= rest.size() && token.text.back() == rest[token.text.size() - 1] &&
            rest.starts_with(token.text)) {
            return &token;
        }
    }
    return nullptr;
}

SpecialTokens::Walk::Walk(const SpecialTokens& tokens, std::string_view text) noexcept : tokens_(tokens), text_(text) {
    for (std::size_t i = 0; i < tokens_.groups_.size(); ++i) {
        upcoming_[i] = text_.find(tokens_.groups_[i].first);
    }
}

std::optional<SpecialTokens::Match> SpecialTokens::Walk::next() noexcept {
    while (true) {
        std::size_t nearest = std::string_view::npos;
        std::size_t which = 0;
        for (std::size_t i = 0; i < tokens_.groups_.size(); ++i) {
            if (upcoming_[i] < from_) {
                upcoming_[i] = text_.find(tokens_.groups_[i].first, from_);
            }
            if (upcoming_[i] < nearest) {
                nearest = upcoming_[i];
                which = i;
            }
        }
        if (nearest == std::string_view::npos) {
            return std::nullopt;
        }
        if (const Token* token = tokens_.match_at(tokens_.groups_[which], text_.substr(nearest))) {
            from_ = nearest + token->text.size();
            return Match{nearest, from_, token->id};
        }
        from_ = nearest + 1;
    }
}

}  // namespace fastfront
