// SPDX-License-Identifier: Apache-2.0
#include "regex.hpp"

#include <algorithm>

#include "regex_syntax.hpp"

namespace fastfront {

namespace {

constexpr std::size_t kMaxProgram = 4096;

/// The first byte of a character beyond ASCII.
constexpr std::uint32_t lead_byte(char32_t c) noexcept {
    return c < 0x800 ? 0xC0 | c >> 6 : c < 0x10000 ? 0xE0 | c >> 12 : 0xF0 | c >> 18;
}

/// Mark the bytes that a character of the class may begin with.
void add_first_bytes(const CharSet& set, std::array<bool, 256>& bytes) noexcept {
    for (std::uint32_t c = 0; c < 0x80; ++c) bytes[c] = bytes[c] || set.contains(c);
    const bool is_open = set.negated || !set.classes.empty();
    for (std::uint32_t c = 0x80; is_open && c < 0x100; ++c) bytes[c] = true;
    for (const auto& [low, high] : set.ranges) {
        if (high < 0x80) continue;
        for (std::uint32_t c = lead_byte(std::max<char32_t>(low, 0x80)); c <= lead_byte(high); ++c) bytes[c] = true;
    }
}

bool may_be_empty(const RegexNode& node) noexcept {
    switch (node.kind) {
        case RegexNode::Kind::set: return false;
        case RegexNode::Kind::concat: return std::ranges::all_of(node.children, may_be_empty);
        case RegexNode::Kind::either: return std::ranges::any_of(node.children, may_be_empty);
        case RegexNode::Kind::repeat: return node.min == 0 || may_be_empty(node.children.front());
        case RegexNode::Kind::group: return may_be_empty(node.children.front());
        default: return true;
    }
}

}  // namespace

/// Writes the program of a tree.
class RegexCompiler {
  public:
    RegexCompiler(Regex& regex, std::string& error) noexcept : regex_(regex), error_(error) {}

    [[nodiscard]] bool compile(const RegexNode& root) {
        add(Regex::Op::save, 0);
        if (!emit(root, true)) return false;
        add(Regex::Op::save_once, 1);
        add(Regex::Op::match);
        return is_small();
    }

  private:
    using Op = Regex::Op;
    using Kind = RegexNode::Kind;

    std::uint32_t here() const noexcept { return static_cast<std::uint32_t>(regex_.program_.size()); }
    std::uint32_t add(Op op, std::uint32_t x = 0, std::uint32_t y = 0) {
        regex_.program_.push_back({op, x, y});
        return here() - 1;
    }
    [[nodiscard]] bool is_small() {
        if (here() <= kMaxProgram) return true;
        error_ = "it is too large";
        return false;
    }

    /// `is_last`: nothing of the expression stands behind the node.
    [[nodiscard]] bool emit(const RegexNode& node, bool is_last) {
        if (!is_small()) return false;
        switch (node.kind) {
            case Kind::empty: return true;
            case Kind::set: add(Op::set, node.index); return true;
            case Kind::check:
                regex_.looks_ahead_ |= node.op != Op::begin;
                add(node.op, node.index);
                return true;
            case Kind::concat:
                for (const RegexNode& child : node.children) {
                    if (!emit(child, is_last && &child == &node.children.back())) return false;
                }
                return true;
            case Kind::either: return emit_either(node, is_last);
            case Kind::repeat: return emit_repeat(node);
            case Kind::group:
                add(Op::save, 2 * node.index + 2);
                if (!emit(node.children.front(), is_last)) return false;
                add(Op::save, 2 * node.index + 3);
                return true;
            case Kind::lookahead:
                if (!is_last) {
                    error_ = "a lookahead that is not the end";
                    return false;
                }
                add(Op::save_once, 1);
                return emit(node.children.front(), true);
        }
        return true;
    }

    [[nodiscard]] bool emit_either(const RegexNode& node, bool is_last) {
        std::vector<std::uint32_t> jumps;
        for (const RegexNode& child : node.children) {
            const bool is_final = &child == &node.children.back();
            const std::uint32_t split = is_final ? 0 : add(Op::split, here() + 1);
            if (!emit(child, is_last)) return false;
            if (!is_final) {
                jumps.push_back(add(Op::split));
                regex_.program_[split].y = here();
            }
        }
        for (const std::uint32_t jump : jumps) regex_.program_[jump].x = regex_.program_[jump].y = here();
        return true;
    }

    [[nodiscard]] bool emit_repeat(const RegexNode& node) {
        const RegexNode& inner = node.children.front();
        if (node.max > std::max(node.min, 1U) && may_be_empty(inner)) {
            error_ = "repetition of what may be empty";  // when that ends is different in every engine
            return false;
        }
        for (std::uint32_t i = 0; i < node.min; ++i) {
            if (!emit(inner, false)) return false;
        }
        if (node.max == RegexNode::kNoLimit) {
            const std::uint32_t split = add(Op::split);
            if (!emit(inner, false)) return false;
            add(Op::split, split, split);
            aim(split, node.is_lazy);
            return true;
        }
        std::vector<std::uint32_t> splits;
        for (std::uint32_t i = node.min; i < node.max; ++i) {
            splits.push_back(add(Op::split));
            if (!emit(inner, false)) return false;
        }
        for (const std::uint32_t split : splits) aim(split, node.is_lazy);
        return true;
    }

    /// The split goes into what follows it, or behind all that there is.
    void aim(std::uint32_t split, bool is_lazy) noexcept {
        regex_.program_[split].x = is_lazy ? here() : split + 1;
        regex_.program_[split].y = is_lazy ? split + 1 : here();
    }

    Regex& regex_;
    std::string& error_;
};

std::optional<Regex> Regex::compile(std::string_view pattern, std::string& error) {
    RegexTree tree;
    error.clear();
    if (!read_regex(pattern, tree, error)) return std::nullopt;
    Regex regex;
    regex.sets_ = std::move(tree.sets);
    regex.groups_ = std::move(tree.groups);
    if (!RegexCompiler(regex, error).compile(tree.root)) return std::nullopt;
    regex.find_first_bytes();
    return regex;
}

Regex Regex::literals(std::span<const std::string> texts) {
    std::vector<std::string> ordered(texts.begin(), texts.end());
    std::ranges::stable_sort(ordered, std::ranges::greater(), &std::string::size);
    RegexTree tree;
    tree.root.kind = RegexNode::Kind::either;
    for (std::string_view text : ordered) {
        RegexNode& branch = tree.root.children.emplace_back();
        branch.kind = RegexNode::Kind::concat;
        while (!text.empty()) {
            const DecodedChar decoded = decode_char(text);
            branch.children.push_back(
                {.kind = RegexNode::Kind::set, .index = static_cast<std::uint32_t>(tree.sets.size()), .children = {}});
            tree.sets.push_back({.ranges = {{decoded.c, decoded.c}}, .classes = {}});
            text.remove_prefix(decoded.size);
        }
    }
    Regex regex;
    regex.sets_ = std::move(tree.sets);
    std::string error;
    static_cast<void>(RegexCompiler(regex, error).compile(tree.root));
    regex.find_first_bytes();
    return regex;
}

void Regex::find_first_bytes() {
    std::array<bool, 256> bytes{};
    std::vector<bool> seen(program_.size());
    std::vector<std::uint32_t> open{0};
    while (!open.empty()) {
        const std::uint32_t at = open.back();
        open.pop_back();
        if (seen[at]) continue;
        seen[at] = true;
        const Instruction& instruction = program_[at];
        switch (instruction.op) {
            case Op::set: add_first_bytes(sets_[instruction.x], bytes); break;
            case Op::split:
                open.push_back(instruction.x);
                open.push_back(instruction.y);
                break;
            case Op::save:
            case Op::save_once: open.push_back(at + 1); break;
            default: return;  // empty, or bound to a place
        }
    }
    first_ = bytes;
}

}  // namespace fastfront
