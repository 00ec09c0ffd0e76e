// SPDX-License-Identifier: Apache-2.0
#include "py_literal.hpp"

#include <cmath>
#include <string>

#include "py_number.hpp"

namespace fastfront {

namespace {

constexpr int kMaxDepth = 64;

class LiteralReader {
  public:
    explicit LiteralReader(std::string_view text) noexcept : text_(text) {}

    [[nodiscard]] bool document(JsonValue& value) {
        while (!done() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
        if (!done() && text_[at_] == '\n') return false;  // no expression begins on another line
        if (!read(value, 0)) return false;
        skip_space();
        if (take(',')) {  // a tuple without its parentheses
            JsonValue tuple;
            tuple.kind = JsonValue::Kind::array;
            tuple.items.push_back(std::move(value));
            if (!read_items(tuple, '\0', 1)) return false;
            value = std::move(tuple);
        }
        skip_space();
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
        while (!done() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
    }

    [[nodiscard]] bool read(JsonValue& value, int depth) {
        if (done() || depth > kMaxDepth) return false;
        const char c = text_[at_];
        if (c == '\'' || c == '"') {
            value.kind = JsonValue::Kind::string;
            do {  // strings side by side are one
                if (!read_string(value.text)) return false;
                skip_space();
            } while (!done() && (text_[at_] == '\'' || text_[at_] == '"'));
            return true;
        }
        ++at_;
        if (c == '[') {
            value.kind = JsonValue::Kind::array;
            return read_items(value, ']', depth + 1);
        }
        if (c == '(') return read_parentheses(value, depth + 1);
        if (c == '{') return read_dict(value, depth + 1);
        --at_;
        return read_word(value);
    }

    /// Items and their commas, behind the opening bracket or the first comma.
    [[nodiscard]] bool read_items(JsonValue& list, char close, int depth) {
        while (true) {
            skip_space();
            if (close == '\0' ? done() : take(close)) return true;
            if (!read(list.items.emplace_back(), depth)) return false;
            skip_space();
            if (!take(',')) return close == '\0' ? done() : take(close);
        }
    }

    [[nodiscard]] bool read_parentheses(JsonValue& value, int depth) {
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
        value.kind = JsonValue::Kind::array;
        value.items.push_back(std::move(first));
        return take(',') && read_items(value, ')', depth);
    }

    [[nodiscard]] bool read_dict(JsonValue& value, int depth) {
        JsonMembers members(value);
        while (true) {
            skip_space();
            if (take('}')) return true;
            JsonValue key;
            if (!read(key, depth)) return false;
            std::string name;
            if (key.kind == JsonValue::Kind::string) {
                name = key.text;
            } else if (key.kind == JsonValue::Kind::array || key.kind == JsonValue::Kind::object) {
                return false;
            } else {
                py_dump(key, name);  // json.dumps makes strings of other keys
            }
            skip_space();
            if (!take(':')) return false;
            skip_space();
            JsonValue member;
            if (!read(member, depth)) return false;
            members.set(std::move(name), std::move(member));
            skip_space();
            if (!take(',')) return take('}');
        }
    }

    [[nodiscard]] bool read_string(std::string& out) {
        const char quote = text_[at_++];
        while (!done() && text_[at_] != '\n') {
            const char c = text_[at_++];
            if (c == quote) return true;
            if (c != '\\') {
                out.push_back(c);
            } else if (!read_escape(out)) {
                return false;
            }
        }
        return false;
    }

    [[nodiscard]] bool read_escape(std::string& out) {
        if (done()) return false;
        constexpr std::string_view kFrom = "\\'\"abfnrtv";
        constexpr std::string_view kTo = "\\'\"\a\b\f\n\r\t\v";
        const char c = text_[at_++];
        if (c == '\n') return true;
        if (const std::size_t which = kFrom.find(c); which != std::string_view::npos) {
            out.push_back(kTo[which]);
            return true;
        }
        if (c == 'u') {  // as JSON has it
            JsonValue unit;
            const std::size_t begin = at_ - 2;
            std::size_t end = at_ + 4;
            if (end > text_.size()) return false;
            auto read = py_loads(std::string("\"").append(text_.substr(begin, end - begin)).append("\""));
            if (!read) return false;
            out.append(read->text);
            at_ = end;
            return true;
        }
        if (c == 'x' || c == 'N' || c == 'U' || (c >= '0' && c <= '7')) return false;
        out.push_back('\\');  // an escape that is none stays as it is
        out.push_back(c);
        return true;
    }

    [[nodiscard]] bool read_word(JsonValue& value) {
        const std::size_t from = at_;
        while (!done() && std::string_view(",:]})( \t\r\n").find(text_[at_]) == std::string_view::npos) ++at_;
        const std::string_view word = text_.substr(from, at_ - from);
        if (word == "None") return true;
        if (word == "True" || word == "False") {
            value = JsonValue::of_bool(word == "True");
            return true;
        }
        const std::string_view digits =
            word.substr(word.find_first_not_of("+-") == std::string_view::npos ? 0 : word.find_first_not_of("+-"));
        if (digits.empty() || !((digits[0] >= '0' && digits[0] <= '9') || digits[0] == '.')) return false;
        if (word.size() - digits.size() > 1) return false;
        if (auto number = py_int(word)) {
            if (digits.size() > 1 && digits[0] == '0' && *number != "0") return false;  // 007 is no literal
            value = JsonValue::of_number(JsonValue::Kind::integer, std::move(*number));
            return true;
        }
        const auto number = py_float(word);
        if (!number || !std::isfinite(*number)) return false;
        value = JsonValue::of_number(JsonValue::Kind::number, py_repr(*number));
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

std::optional<JsonValue> py_literal(std::string_view text) {
    JsonValue value;
    if (!LiteralReader(text).document(value)) return std::nullopt;
    return value;
}

}  // namespace fastfront
