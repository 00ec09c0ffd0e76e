// SPDX-License-Identifier: Apache-2.0
// Regular expressions as Python writes them, compiled for text that comes in pieces (regex_search.hpp). `.` is every
// character. Knows no text and no formats.
//
// What is compiled: characters, classes, groups with names and without, alternatives, repetition greedy and lazy, `^`,
// `$`, `\A`, `\Z`, `\b`, `\B`, and a lookahead `(?=...)` that ends the expression. What an automaton that reads every
// character once cannot do is refused: backreferences, lookbehind, negative lookahead, possessive repetition,
// repetition of what may be empty. So are flags and the classes of Unicode. `\d` is ASCII's digits; `\w` has every
// character beyond ASCII that is no space.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fastfront {

/// A character class.
struct CharSet {
    std::vector<std::pair<char32_t, char32_t>> ranges;
    std::vector<char> classes;  // 'd', 's', 'w', and 'D', 'S', 'W' for what is not in them
    bool negated = false;

    [[nodiscard]] bool contains(char32_t c) const noexcept;
};

[[nodiscard]] bool is_regex_word(char32_t c) noexcept;

class Regex {
  public:
    /// Named groups, at most.
    static constexpr std::size_t kMaxGroups = 8;

    enum class Op : std::uint8_t {
        set,        ///< a character of class x
        split,      ///< x, or else y
        save,       ///< the place is slot x
        save_once,  ///< ... if that has none
        begin,      ///< at the text's beginning
        end,        ///< at its end, or before a line feed that ends it
        very_end,   ///< at its end
        edge,       ///< between a word and something else; x: 1 = not so
        match,
    };
    struct Instruction {
        Op op;
        std::uint32_t x = 0;
        std::uint32_t y = 0;
    };

    /// Compile `pattern`. None: it is malformed or has what is not compiled; `error` says which.
    [[nodiscard]] static std::optional<Regex> compile(std::string_view pattern, std::string& error);
    /// One of these texts, the longest that is there.
    [[nodiscard]] static Regex literals(std::span<const std::string> texts);

    [[nodiscard]] std::span<const Instruction> program() const noexcept { return program_; }
    [[nodiscard]] const CharSet& set(std::uint32_t index) const noexcept { return sets_[index]; }
    /// Names of the groups; group i is slots 2i + 2 and 2i + 3, the match is slots 0 and 1.
    [[nodiscard]] const std::vector<std::string>& groups() const noexcept { return groups_; }
    [[nodiscard]] std::size_t slots() const noexcept { return 2 + 2 * groups_.size(); }
    /// Whether a match may depend on what is behind it.
    [[nodiscard]] bool looks_ahead() const noexcept { return looks_ahead_; }
    /// The bytes that a match may begin with; none: it may be empty, or depend on where it is.
    [[nodiscard]] const std::optional<std::array<bool, 256>>& first_bytes() const noexcept { return first_; }

  private:
    friend class RegexCompiler;

    void find_first_bytes();

    std::vector<Instruction> program_;
    std::vector<CharSet> sets_;
    std::vector<std::string> groups_;
    bool looks_ahead_ = false;
    std::optional<std::array<bool, 256>> first_;
};

}  // namespace fastfront
