// SPDX-License-Identifier: Apache-2.0
// The syntax of regular expressions: a pattern's tree. Knows nothing of what is done with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "regex.hpp"

namespace fastfront {

struct RegexNode {
    enum class Kind : std::uint8_t {
        empty,
        set,       ///< index: the class
        check,     ///< op: an assertion; index: 1 = its contrary
        concat,    ///< children in order
        either,    ///< one of the children
        repeat,    ///< the child, min to max times
        group,     ///< the child; index: the group's number
        lookahead  ///< the child follows
    };

    static constexpr std::uint32_t kNoLimit = 0xFFFFFFFF;

    Kind kind = Kind::empty;
    Regex::Op op = Regex::Op::begin;
    std::uint32_t index = 0;
    std::uint32_t min = 0;
    std::uint32_t max = kNoLimit;
    bool is_lazy = false;
    std::vector<RegexNode> children;
};

struct RegexTree {
    RegexNode root;
    std::vector<CharSet> sets;
    std::vector<std::string> groups;
};

/// Read `pattern`; false: `error` says why not.
[[nodiscard]] bool read_regex(std::string_view pattern, RegexTree& tree, std::string& error);

/// The character that begins `text`, which is not empty, and its bytes.
struct DecodedChar {
    char32_t c;
    std::size_t size;
};
[[nodiscard]] DecodedChar decode_char(std::string_view text) noexcept;

}  // namespace fastfront
