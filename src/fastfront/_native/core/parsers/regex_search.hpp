// SPDX-License-Identifier: Apache-2.0
// Looks for a regular expression in text that comes in pieces: the leftmost match, and of several there the one that
// Python's re takes. What is found does not depend on how the text is cut. Reads every character once, in time that
// grows with the expression's size; a match is at most kMaxMatch bytes. Knows no formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "regex.hpp"

namespace fastfront {

class RegexSearch {
  public:
    /// Bytes from a match's beginning to the last that it depends on; what is longer is no match.
    static constexpr std::size_t kMaxMatch = 65536;
    static constexpr std::size_t kNowhere = static_cast<std::size_t>(-1);

    enum class State : std::uint8_t {
        none,     ///< nowhere in the text so far
        pending,  ///< what follows decides about start()
        found,
    };

    /// `regex` outlives the search.
    explicit RegexSearch(const Regex& regex);

    /// Begin anew at byte `at` of the text, behind the character `before` (0: none).
    void begin(std::size_t at, char32_t before);

    /// Read on. `text`: from byte `base` of the text to what has come of it; `is_last`: nothing follows. What begins
    /// behind byte `limit` is not wanted.
    State run(std::string_view text, std::size_t base, bool is_last, std::size_t limit = kNowhere);

    /// Where the match begins that is found or pending.
    [[nodiscard]] std::size_t start() const noexcept { return start_; }
    /// Where the match that is found ends.
    [[nodiscard]] std::size_t end() const noexcept { return match_[1]; }
    /// A slot of the match (Regex::slots); kNowhere: that group is not in it.
    [[nodiscard]] std::size_t slot(std::size_t index) const noexcept { return match_[index]; }
    [[nodiscard]] const Regex& regex() const noexcept { return regex_; }

  private:
    static constexpr std::size_t kSlots = 2 + 2 * Regex::kMaxGroups;

    struct Thread {
        std::uint32_t at;
        std::size_t slots[kSlots];
    };
    /// What is known of the character at the place that is looked at.
    struct Next {
        bool is_end;        // there is none
        bool is_last_feed;  // it is a line feed, and nothing follows
        char32_t c;
    };

    [[nodiscard]] bool skip(std::string_view text) noexcept;
    void expand(const Next& next);
    void follow(std::uint32_t at, Thread& thread, const Next& next);
    [[nodiscard]] bool holds(const Regex::Instruction& check, const Next& next) const noexcept;
    [[nodiscard]] State stop(std::size_t begin) noexcept;

    const Regex& regex_;
    std::size_t at_ = 0;
    char32_t before_ = 0;
    bool is_begin_ = true;      // at_ is the text's beginning
    bool is_expanded_ = false;  // threads_ wait for a character; else they stand before an instruction
    bool is_matched_ = false;
    bool is_done_ = false;
    std::size_t start_ = 0;
    std::size_t match_[kSlots]{};
    std::vector<Thread> threads_;  // the first has precedence
    std::vector<Thread> next_;
    std::vector<std::uint32_t> seen_;  // per instruction: when it was reached last
    std::uint32_t round_ = 0;
};

}  // namespace fastfront
