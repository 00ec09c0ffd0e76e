// SPDX-License-Identifier: Apache-2.0
#include "regex_syntax.hpp"

#include <algorithm>
#include <utility>

#include "text_view.hpp"

namespace fastfront {

namespace {

constexpr int kMaxDepth = 64;
constexpr std::uint32_t kMaxCount = 256;  // of a repetition: each is compiled for itself

class PatternReader {
  public:
    PatternReader(std::string_view text, RegexTree& tree, std::string& error) noexcept
        : text_(text), tree_(tree), error_(error) {}

    [[nodiscard]] bool read() {
        if (text_.starts_with("(?s)")) at_ = 4;  // `.` is every character anyway
        return alternatives(tree_.root, 0) && (done() || fail("an unbalanced parenthesis"));
    }

  private:
    using Kind = RegexNode::Kind;

    [[nodiscard]] bool done() const noexcept { return at_ >= text_.size(); }
    [[nodiscard]] bool take(std::string_view what) noexcept {
        if (!text_.substr(at_).starts_with(what)) return false;
        at_ += what.size();
        return true;
    }
    [[nodiscard]] bool fail(std::string_view why) {
        if (error_.empty()) error_.append(why).append(" at position ").append(std::to_string(at_));
        return false;
    }
    [[nodiscard]] char32_t next_char() noexcept {
        const DecodedChar decoded = decode_char(text_.substr(at_));
        at_ += decoded.size;
        return decoded.c;
    }

    [[nodiscard]] bool alternatives(RegexNode& node, int depth) {
        if (depth > kMaxDepth) return fail("too many groups inside each other");
        node.kind = Kind::either;
        do {
            RegexNode& branch = node.children.emplace_back();
            branch.kind = Kind::concat;
            while (!done() && text_[at_] != '|' && text_[at_] != ')') {
                if (!repeated(branch.children.emplace_back(), depth)) return false;
            }
        } while (take("|"));
        return true;
    }

    [[nodiscard]] bool repeated(RegexNode& node, int depth) {
        if (!atom(node, depth)) return false;
        std::uint32_t min = 0;
        std::uint32_t max = RegexNode::kNoLimit;
        if (!quantifier(min, max)) return error_.empty();
        RegexNode inner = std::move(node);
        node = {.kind = Kind::repeat, .min = min, .max = max, .children = {}};
        node.children.push_back(std::move(inner));
        node.is_lazy = take("?");
        if (!done() && std::string_view("*+?").find(text_[at_]) != std::string_view::npos) {
            return fail(text_[at_] == '+' ? "possessive repetition" : "repetition of a repetition");
        }
        return true;
    }

    /// False: there is none, or (with an error) it is malformed.
    [[nodiscard]] bool quantifier(std::uint32_t& min, std::uint32_t& max) {
        if (take("*")) return true;
        if (take("+")) {
            min = 1;
            return true;
        }
        if (take("?")) {
            max = 1;
            return true;
        }
        if (done() || text_[at_] != '{') return false;
        const std::size_t back = at_++;
        const bool has_min = number(min);
        bool has_max = has_min;
        if (take(",")) {
            has_max = number(max);
        } else {
            max = min;
        }
        if ((!has_min && !has_max) || !take("}")) {
            at_ = back + 1;
            if (!done() && std::string_view("ides").find(text_[at_]) != std::string_view::npos) {
                return fail("approximate matching");
            }
            at_ = back;  // a brace is a brace
            return false;
        }
        if (min > kMaxCount || (max > kMaxCount && max != RegexNode::kNoLimit) || min > max) {
            return fail("a repetition out of range");
        }
        return true;
    }

    [[nodiscard]] bool number(std::uint32_t& value) noexcept {
        const std::size_t from = at_;
        std::uint32_t read = 0;
        while (!done() && text_[at_] >= '0' && text_[at_] <= '9') {
            read = std::min(read * 10 + static_cast<std::uint32_t>(text_[at_++] - '0'), 100'000U);
        }
        if (at_ == from) return false;
        value = read;
        return true;
    }

    [[nodiscard]] bool atom(RegexNode& node, int depth) {
        if (take("(")) return group(node, depth);
        if (take("[")) return bracket(node);
        if (take("\\")) return escape(node);
        if (take("^")) return check(node, Regex::Op::begin);
        if (take("$")) return check(node, Regex::Op::end);
        if (take(".")) return add_set(node, {.ranges = {{0, 0x10FFFF}}, .classes = {}});
        if (std::string_view("*+?").find(text_[at_]) != std::string_view::npos) return fail("nothing to repeat");
        return add_char(node, next_char());
    }

    [[nodiscard]] bool group(RegexNode& node, int depth) {
        bool is_named = false;
        if (take("?:")) {
        } else if (take("?=")) {
            node.kind = Kind::lookahead;
        } else if (take("?P<") || (text_.substr(at_).starts_with("?<") && !text_.substr(at_).starts_with("?<=") &&
                                   !text_.substr(at_).starts_with("?<!") && take("?<"))) {
            const std::size_t end = text_.find('>', at_);
            if (end == std::string_view::npos || end == at_) return fail("a group's name");
            const std::string name(text_.substr(at_, end - at_));
            if (std::ranges::find(tree_.groups, name) != tree_.groups.end()) return fail("a name given twice");
            if (tree_.groups.size() == Regex::kMaxGroups) return fail("too many named groups");
            node.index = static_cast<std::uint32_t>(tree_.groups.size());
            tree_.groups.push_back(name);
            at_ = end + 1;
            is_named = true;
        } else if (!done() && text_[at_] == '?') {
            return fail("lookbehind, negative lookahead, flags or another extension");
        }
        if (is_named) node.kind = Kind::group;
        RegexNode inner;
        if (!alternatives(inner, depth + 1)) return false;
        if (!take(")")) return fail("a missing parenthesis");
        if (node.kind == Kind::empty) {
            node = std::move(inner);
        } else {
            node.children.push_back(std::move(inner));
        }
        return true;
    }

    [[nodiscard]] bool bracket(RegexNode& node) {
        CharSet set;
        set.negated = take("^");
        bool is_first = true;
        while (is_first || !take("]")) {
            if (done()) return fail("a missing bracket");
            if (text_.substr(at_).starts_with("[:")) return fail("a POSIX class");
            is_first = false;
            char32_t low = 0;
            if (take("\\")) {
                if (done()) return fail("a missing escape");
                if (char c = text_[at_]; std::string_view("dDsSwW").find(c) != std::string_view::npos) {
                    set.classes.push_back(c);
                    ++at_;
                    continue;
                }
                if (!escaped_char(low, true)) return false;
            } else {
                low = next_char();
            }
            char32_t high = low;
            if (text_.substr(at_).starts_with("-") && !text_.substr(at_).starts_with("-]")) {
                ++at_;
                if (done()) return fail("a missing bracket");
                if (take("\\")) {
                    if (!escaped_char(high, true)) return false;
                } else {
                    high = next_char();
                }
                if (high < low) return fail("a range that goes backwards");
            }
            set.ranges.emplace_back(low, high);
        }
        return add_set(node, std::move(set));
    }

    [[nodiscard]] bool escape(RegexNode& node) {
        if (done()) return fail("a missing escape");
        const char c = text_[at_];
        if (std::string_view("dDsSwW").find(c) != std::string_view::npos) {
            ++at_;
            return add_set(node, {.ranges = {}, .classes = {c}});
        }
        switch (c) {
            case 'A': ++at_; return check(node, Regex::Op::begin);
            case 'Z': ++at_; return check(node, Regex::Op::very_end);
            case 'b': ++at_; return check(node, Regex::Op::edge);
            case 'B':
                ++at_;
                node.index = 1;
                return check(node, Regex::Op::edge);
            default: break;
        }
        char32_t literal = 0;
        return escaped_char(literal, false) && add_char(node, literal);
    }

    /// The character behind a backslash.
    [[nodiscard]] bool escaped_char(char32_t& value, bool in_bracket) {
        if (done()) return fail("a missing escape");
        constexpr std::string_view kFrom = "afnrtv";
        constexpr std::string_view kTo = "\a\f\n\r\t\v";
        const char c = text_[at_];
        if (const std::size_t which = kFrom.find(c); which != std::string_view::npos) {
            ++at_;
            value = static_cast<char32_t>(kTo[which]);
            return true;
        }
        if (c == 'x' || c == 'u' || c == 'U') {
            ++at_;
            return hex(c == 'x' ? 2 : c == 'u' ? 4 : 8, value);
        }
        if (in_bracket && c == 'b') {
            ++at_;
            value = '\b';
            return true;
        }
        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) {
            return fail("a backreference or an escape that is not known");
        }
        value = next_char();
        return true;
    }

    [[nodiscard]] bool hex(int digits, char32_t& value) {
        value = 0;
        for (int i = 0; i < digits; ++i) {
            const char c = done() ? '\0' : text_[at_++];
            const std::size_t digit = std::string_view("0123456789abcdef").find(static_cast<char>(c | 0x20));
            if (c < '0' || digit == std::string_view::npos) return fail("an escape that is not complete");
            value = value << 4 | static_cast<char32_t>(digit);
        }
        return value <= 0x10FFFF || fail("a character that there is not");
    }

    [[nodiscard]] bool check(RegexNode& node, Regex::Op op) noexcept {
        node.kind = Kind::check;
        node.op = op;
        return true;
    }
    [[nodiscard]] bool add_char(RegexNode& node, char32_t c) {
        return add_set(node, {.ranges = {{c, c}}, .classes = {}});
    }
    [[nodiscard]] bool add_set(RegexNode& node, CharSet set) {
        node.kind = Kind::set;
        node.index = static_cast<std::uint32_t>(tree_.sets.size());
        tree_.sets.push_back(std::move(set));
        return true;
    }

    std::string_view text_;
    RegexTree& tree_;
    std::string& error_;
    std::size_t at_ = 0;
};

}  // namespace

bool read_regex(std::string_view pattern, RegexTree& tree, std::string& error) {
    return PatternReader(pattern, tree, error).read();
}

DecodedChar decode_char(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) { return static_cast<char32_t>(static_cast<std::uint8_t>(text[i])); };
    const char32_t lead = byte(0);
    const std::size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (size == 1 || lead < 0xC0 || size > text.size()) return {size == 1 ? lead : 0xFFFD, 1};
    char32_t c = lead & (0xFFU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return {0xFFFD, 1};
        c = c << 6 | (byte(i) & 0x3F);
    }
    return {c, size};
}

bool is_regex_word(char32_t c) noexcept {
    if (c < 0x80) return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    return !is_space(c);
}

bool CharSet::contains(char32_t c) const noexcept {
    const auto is_in = [c](char name) {
        switch (name) {
            case 'd': return c >= '0' && c <= '9';
            case 'D': return c < '0' || c > '9';
            case 's': return is_space(c);
            case 'S': return !is_space(c);
            case 'w': return is_regex_word(c);
            default: return !is_regex_word(c);
        }
    };
    for (const auto& [low, high] : ranges) {
        if (c >= low && c <= high) return !negated;
    }
    return std::ranges::any_of(classes, is_in) != negated;
}

}  // namespace fastfront
