// SPDX-License-Identifier: Apache-2.0
#include "py_argument.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>

#include "py_number.hpp"
#include "py_string.hpp"

namespace fastfront {

namespace {

/// keyword.kwlist
constexpr std::string_view kKeywords[] = {
    "False",  "None",     "True", "and",    "as",   "assert", "async",   "await",  "break", "class",  "continue", "def",
    "del",    "elif",     "else", "except", "for",  "from",   "finally", "global", "if",    "import", "in",       "is",
    "lambda", "nonlocal", "not",  "or",     "pass", "raise",  "return",  "try",    "while", "with",   "yield"};

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// An integer in base 2, 8 or 16, behind `0x` or its like, of 64 bits at most.
std::optional<std::string> based_integer(std::string_view digits, int base) {
    std::string plain;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (digits[i] != '_') {
            plain.push_back(digits[i]);
        } else if (i + 1 == digits.size() || digits[i + 1] == '_') {
            return std::nullopt;
        }
    }
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), number, base);
    if (error != std::errc{} || end != plain.data() + plain.size()) return std::nullopt;
    return std::to_string(number);
}

/// What is an expression: an argument, leniently or not, or what ast.literal_eval takes.
enum class Dialect : std::uint8_t { argument, lenient, literal };

class ArgumentReader {
  public:
    ArgumentReader(std::string_view text, Dialect dialect) noexcept
        : text_(text), lenient_(dialect == Dialect::lenient), literal_(dialect == Dialect::literal) {}

    [[nodiscard]] bool document(JsonValue& value) {
        if (literal_) {
            at_ = std::min(text_.find_first_not_of(" \t"), text_.size());
            if (!done() && is_py_space(text_[at_])) return false;  // no expression begins on another line
        }
        skip_space();
        if (!read(value, 0)) return false;
        skip_space();
        if (literal_ && take(',')) {  // a tuple without its parentheses
            JsonValue first = std::move(value);
            value = {};
            return read_rest(value, std::move(first), '\0', 1);
        }
        return done();
    }

  private:
    [[nodiscard]] bool done() const noexcept { return at_ >= text_.size(); }
    [[nodiscard]] bool take(char c) noexcept {
        if (done() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    void skip_space() noexcept {
        while (!done() && is_py_space(text_[at_])) ++at_;
    }

    /// The letters from here on that may be a string's prefix, if a quote follows them; none: no string begins here.
    [[nodiscard]] std::optional<std::string_view> string_prefix() const noexcept {
        std::size_t end = at_;
        while (end < text_.size() && end - at_ < 3 && is_py_word(text_[end])) ++end;
        if (end == text_.size() || (text_[end] != '\'' && text_[end] != '"')) return std::nullopt;
        const std::string_view prefix = text_.substr(at_, end - at_);
        if (!PyString::is_prefix(prefix)) return std::nullopt;
        return prefix;
    }

    [[nodiscard]] bool read(JsonValue& value, std::size_t depth) {
        if (done() || depth > kMaxPyDepth) return false;
        if (string_prefix()) {
            value.kind = JsonValue::Kind::string;
            return read_strings(value.text, !literal_);
        }
        if (depth == kMaxPyDepth && std::string_view("[({").find(text_[at_]) != std::string_view::npos) return false;
        switch (text_[at_]) {
            case '[':
                ++at_;
                value.kind = JsonValue::Kind::array;
                return read_items(value, ']', depth + 1);
            case '(': ++at_; return read_parentheses(value, depth + 1);
            case '{': ++at_; return read_braces(value, depth + 1);
            case '+':
            case '-': return read_signed(value, depth);
            default: return read_word(value, literal_);
        }
    }

    /// Strings side by side are one. `formatted`: f-strings are strings, too.
    [[nodiscard]] bool read_strings(std::string& out, bool formatted) {
        while (const auto prefix = string_prefix()) {
            if (!formatted && prefix->find_first_of("fF") != std::string_view::npos) return false;
            at_ += prefix->size();
            string_.begin(*prefix, lenient_);
            at_ += string_.push(text_.substr(at_), out);
            if (string_.state() != PyString::State::done && !string_.may_be_complete()) return false;
            skip_space();
        }
        return true;
    }

    /// Items and their commas, behind the opening bracket or a comma. `close` of 0: up to the end.
    [[nodiscard]] bool read_items(JsonValue& list, char close, std::size_t depth) {
        while (true) {
            skip_space();
            if (close == '\0' ? done() : take(close)) return true;
            if (!read(list.items.emplace_back(), depth)) return false;
            skip_space();
            if (!take(',')) return close == '\0' ? done() : take(close);
        }
    }

    [[nodiscard]] bool read_parentheses(JsonValue& value, std::size_t depth) {
        skip_space();
        if (take(')')) {
            value.kind = JsonValue::Kind::array;
            return true;
        }
        JsonValue first;
        if (!read(first, depth)) return false;
        skip_space();
        if (take(')')) {
            value = std::move(first);
            return true;
        }
        return take(',') && read_rest(value, std::move(first), ')', depth);
    }

    [[nodiscard]] bool read_rest(JsonValue& value, JsonValue&& first, char close, std::size_t depth) {
        value.kind = JsonValue::Kind::array;
        value.items.push_back(std::move(first));
        return read_items(value, close, depth);
    }

    /// A dict or a set.
    [[nodiscard]] bool read_braces(JsonValue& value, std::size_t depth) {
        skip_space();
        if (take('}')) {
            value.kind = JsonValue::Kind::object;
            return true;
        }
        if (literal_) return read_dict(value, depth);
        const std::size_t begin = at_;
        JsonValue first;
        if (!read(first, depth)) return false;
        skip_space();
        if (!done() && text_[at_] == ':') {
            at_ = begin;
            return read_dict(value, depth);
        }
        if (take(',')) return read_rest(value, std::move(first), '}', depth);
        value.kind = JsonValue::Kind::array;
        value.items.push_back(std::move(first));
        return take('}');
    }

    [[nodiscard]] bool read_dict(JsonValue& value, std::size_t depth) {
        JsonMembers members(value);
        while (true) {
            skip_space();
            if (take('}')) return true;
            std::string key;
            if (!read_key(key)) return false;
            skip_space();
            if (!take(':')) return false;
            skip_space();
            JsonValue member;
            if (!read(member, depth)) return false;
            members.set(std::move(key), std::move(member));
            skip_space();
            if (!take(',')) return take('}');
        }
    }

    /// A constant: json.dumps makes strings of those that are none.
    [[nodiscard]] bool read_key(std::string& key) {
        if (string_prefix()) return read_strings(key, false);
        JsonValue constant;
        const bool is_signed = literal_ && !done() && (text_[at_] == '-' || text_[at_] == '+');
        if (!(is_signed ? read_signed(constant, kMaxPyDepth) : read_word(constant, true))) return false;
        py_dump(constant, key);
        return true;
    }

    [[nodiscard]] bool read_signed(JsonValue& value, std::size_t depth) {
        const bool negative = text_[at_++] == '-';
        skip_space();
        if (!(literal_ ? read_word(value, true) : read(value, depth + 1))) return false;
        if (value.kind != JsonValue::Kind::integer && value.kind != JsonValue::Kind::number) return false;
        if (!negative) return true;
        if (value.text.front() == '-') {
            value.text.erase(0, 1);
        } else if (value.text != "0") {
            value.text.insert(value.text.begin(), '-');
        }
        return true;
    }

    /// A name or a number. `python`: none of JSON's names.
    [[nodiscard]] bool read_word(JsonValue& value, bool python) {
        const std::size_t from = at_;
        while (!done() && (is_py_word(text_[at_]) || text_[at_] == '.' || is_exponent_sign(from))) ++at_;
        const std::string_view word = text_.substr(from, at_ - from);
        if (word == "None" || (word == "null" && !python)) return true;
        if (word == "True" || word == "False") {
            value = JsonValue::of_bool(word == "True");
            return true;
        }
        if ((word == "true" || word == "false") && !python) {
            value = JsonValue::of_bool(word == "true");
            return true;
        }
        return read_number(value, word);
    }

    /// Whether the sign here belongs to the number that began at `from`.
    [[nodiscard]] bool is_exponent_sign(std::size_t from) const noexcept {
        if ((text_[at_] != '+' && text_[at_] != '-') || at_ == from) return false;
        if (text_[at_ - 1] != 'e' && text_[at_ - 1] != 'E') return false;
        const bool based = at_ - from > 1 && text_[from] == '0' && (text_[from + 1] == 'x' || text_[from + 1] == 'X');
        return (is_digit(text_[from]) || text_[from] == '.') && !based;
    }

    [[nodiscard]] bool read_number(JsonValue& value, std::string_view word) const {
        if (word.empty() || !(is_digit(word[0]) || word[0] == '.')) return false;
        if (word.size() > 2 && word[0] == '0' && !is_digit(word[1]) && word[1] != '.' && word[1] != '_') {
            const int base = (word[1] | 0x20) == 'x'   ? 16
                             : (word[1] | 0x20) == 'o' ? 8
                             : (word[1] | 0x20) == 'b' ? 2
                                                       : 0;
            if (base != 0) {
                auto number = based_integer(word.substr(2), base);
                if (!number) return false;
                value = JsonValue::of_number(JsonValue::Kind::integer, std::move(*number));
                return true;
            }
        }
        if (auto number = py_int(word)) {
            if (word.size() > 1 && word[0] == '0' && *number != "0" && !lenient_) return false;
            value = JsonValue::of_number(JsonValue::Kind::integer, std::move(*number));
            return true;
        }
        if (word.find_first_of(".eE") == std::string_view::npos) return false;
        const auto number = py_float(word);
        if (!number || (literal_ && !std::isfinite(*number))) return false;
        value = JsonValue::of_number(JsonValue::Kind::number, std::isfinite(*number) ? py_repr(*number) : "Infinity");
        return true;
    }

    std::string_view text_;
    bool lenient_;
    bool literal_;
    std::size_t at_ = 0;
    PyString string_;
};

}  // namespace

std::optional<JsonValue> py_argument(std::string_view text, bool lenient) {
    JsonValue value;
    if (!ArgumentReader(text, lenient ? Dialect::lenient : Dialect::argument).document(value)) return std::nullopt;
    return value;
}

std::optional<JsonValue> py_literal(std::string_view text) {
    JsonValue value;
    if (!ArgumentReader(text, Dialect::literal).document(value)) return std::nullopt;
    return value;
}

bool is_py_name(std::string_view word, bool keywords_allowed) noexcept {
    if (is_digit(word.front())) return false;
    return keywords_allowed || std::ranges::find(kKeywords, word) == std::end(kKeywords);
}

}  // namespace fastfront
