// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "special_tokens.hpp"

using fastfront::SpecialTokens;

namespace {

using Tokens = std::vector<std::pair<std::string, std::uint32_t>>;
using Found = std::vector<std::pair<std::size_t, std::uint32_t>>;

Found walk(const Tokens& tokens, std::string_view text) {
    const SpecialTokens special(tokens);
    SpecialTokens::Walk walk(special, text);
    Found found;
    while (const auto match = walk.next()) {
        found.emplace_back(match->begin, match->id);
    }
    return found;
}

/// The slow obvious version: at each place, every token.
Found reference(const Tokens& tokens, std::string_view text) {
    Found found;
    for (std::size_t at = 0; at < text.size();) {
        std::size_t longest = 0;
        std::uint32_t id = 0;
        for (const auto& [token, token_id] : tokens) {
            if (token.size() > longest && text.substr(at).starts_with(token)) {
                longest = token.size();
                id = token_id;
            }
        }
        if (longest != 0) {
            found.emplace_back(at, id);
        }
        at += longest != 0 ? longest : 1;
    }
    return found;
}

}  // namespace

TEST_CASE("the leftmost match counts, and of those the longest") {
    const Tokens tokens{{"<a", 1}, {"<a>", 2}, {"a>b", 3}};
    CHECK(walk(tokens, "x<a>b<a") == Found{{1, 2}, {5, 1}});
}

TEST_CASE("nothing is found in nothing, and by no tokens") {
    CHECK(walk({{"<a>", 1}}, "").empty());
    CHECK(walk({}, "<a>").empty());
    CHECK(walk({{"<a>", 1}}, "<a<a").empty());
}

TEST_CASE("tokens side by side and at both ends") {
    CHECK(walk({{"<s>", 1}, {"[I]", 2}}, "<s>[I]<s>") == Found{{0, 1}, {3, 2}, {6, 1}});
}

TEST_CASE("random texts over few letters, against trying everything everywhere") {
    std::mt19937 random(7);
    const auto word = [&](std::size_t most) {
        std::string made;
        for (std::size_t n = random() % most + 1; n > 0; --n) {
            made.push_back("ab<["[random() % 4]);
        }
        return made;
    };
    for (int round = 0; round < 3000; ++round) {
        Tokens tokens;
        for (std::uint32_t id = 0; id < 5; ++id) {
            const std::string token = word(4);
            const bool known =
                std::any_of(tokens.begin(), tokens.end(), [&](const auto& t) { return t.first == token; });
            if (!known) {
                tokens.emplace_back(token, id);
            }
        }
        REQUIRE(SpecialTokens::suits(tokens));
        const std::string text = word(40);
        CHECK(walk(tokens, text) == reference(tokens, text));
    }
}

TEST_CASE("too many first bytes, too many tokens behind one, or an empty token do not suit") {
    CHECK(SpecialTokens::suits({{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}}));
    CHECK_FALSE(SpecialTokens::suits({{"a", 1}, {"b", 2}, {"c", 3}, {"d", 4}, {"e", 5}}));
    CHECK_FALSE(SpecialTokens::suits({{"", 1}}));
    Tokens many;
    for (std::uint32_t i = 0; i < 1025; ++i) {
        many.emplace_back("<" + std::to_string(i), i);
    }
    CHECK_FALSE(SpecialTokens::suits(many));
    many.pop_back();
    CHECK(SpecialTokens::suits(many));
}
