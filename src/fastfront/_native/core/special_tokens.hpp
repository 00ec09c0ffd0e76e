// SPDX-License-Identifier: Apache-2.0
// Finds a tokenizer's added tokens in a text: the leftmost match, and of those the longest, as `tokenizers` splits a
// text before anything else of it is tokenized. Runs at the speed of memchr over texts in which the tokens' first bytes
// are rare. Knows strings and nothing of vocabularies.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastfront {

class SpecialTokens {
  public:
    struct Match {
        std::size_t begin;
        std::size_t end;
        std::uint32_t id;
    };

    /// Whether such tokens can be looked for fast: few first bytes, and few tokens for each.
    [[nodiscard]] static bool suits(const std::vector<std::pair<std::string, std::uint32_t>>& tokens);

    SpecialTokens() = default;
    /// `tokens` suit, none is empty, no two are equal.
    explicit SpecialTokens(std::vector<std::pair<std::string, std::uint32_t>> tokens);

    /// One walk over a text, from match to match.
    class Walk {
      public:
        Walk(const SpecialTokens& tokens, std::string_view text) noexcept;
        /// The next match; none: only text is left.
        [[nodiscard]] std::optional<Match> next() noexcept;

      private:
        const SpecialTokens& tokens_;
        std::string_view text_;
        std::size_t from_ = 0;
        std::array<std::size_t, 4> upcoming_{};  // by group: where its first byte stands next
    };

  private:
    static constexpr std::size_t kMaxGroups = 4;
    static constexpr std::size_t kMaxTokensOfGroup = 1024;

    struct Token {
        std::string text;
        std::uint32_t id;
    };
    struct Group {
        char first;
        std::vector<Token> tokens;  // the longest first
    };

    [[nodiscard]] const Token* match_at(const Group& group, std::string_view rest) const noexcept;

    std::vector<Group> groups_;
};

}  // namespace fastfront
