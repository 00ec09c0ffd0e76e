// SPDX-License-Identifier: Apache-2.0
#include "py_json.hpp"

#include <cmath>

#include "json_writer.hpp"
#include "py_number.hpp"

namespace fastfront {

namespace {

constexpr int kMaxDepth = 256;
constexpr std::string_view kHex = "0123456789abcdef";

class Reader {
  public:
    explicit Reader(std::string_view text) noexcept : text_(text) {}

    [[nodiscard]] bool document(JsonValue& value) {
        skip_space();
        if (!read(value, 0)) return false;
        skip_space();
        return at_ == text_.size();
    }

  private:
    [[nodiscard]] bool done() const noexcept { return at_ >= text_.size(); }
    [[nodiscard]] bool take(char c) noexcept {
        if (done() || text_[at_] != c) return false;
        ++at_;
        return true;
    }
    [[nodiscard]] bool take_word(std::string_view word) noexcept {
        if (text_.substr(at_, word.size()) != word) return false;
        at_ += word.size();
        return true;
    }
    void skip_space() noexcept {
        while (!done() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) ++at_;
    }

    [[nodiscard]] bool read(JsonValue& value, int depth) {
        if (done() || depth > kMaxDepth) return false;
        switch (text_[at_]) {
            case '"':
                ++at_;
                value.kind = JsonValue::Kind::string;
                return read_string(value.text);
            case '{': ++at_; return read_object(value, depth);
            case '[': ++at_; return read_array(value, depth);
            case 'n': return take_word("null");
            case 't': value = JsonValue::of_bool(true); return take_word("true");
            case 'f': value = JsonValue::of_bool(false); return take_word("false");
            default: return read_number(value);
        }
    }

    [[nodiscard]] bool read_object(JsonValue& value, int depth) {
        JsonMembers members(value);
        skip_space();
        if (take('}')) return true;
        do {
            std::string key;
            skip_space();
            if (!take('"') || !read_string(key)) return false;
            skip_space();
            if (!take(':')) return false;
            skip_space();
            JsonValue member;
            if (!read(member, depth + 1)) return false;
            members.set(std::move(key), std::move(member));
            skip_space();
        } while (take(','));
        return take('}');
    }

    [[nodiscard]] bool read_array(JsonValue& value, int depth) {
        value.kind = JsonValue::Kind::array;
        skip_space();
        if (take(']')) return true;
        do {
            skip_space();
            if (!read(value.items.emplace_back(), depth + 1)) return false;
            skip_space();
        } while (take(','));
        return take(']');
    }

    [[nodiscard]] bool read_string(std::string& out) {
        while (!done()) {
            const std::size_t from = at_;
            while (!done() && text_[at_] != '"' && text_[at_] != '\\' &&
                   static_cast<std::uint8_t>(text_[at_]) >= 0x20) {
                ++at_;
            }
            out.append(text_.substr(from, at_ - from));
            if (done() || static_cast<std::uint8_t>(text_[at_]) < 0x20) return false;
            if (text_[at_++] == '"') return true;
            if (!read_escape(out)) return false;
        }
        return false;
    }

    [[nodiscard]] bool read_escape(std::string& out) {
        if (done()) return false;
        constexpr std::string_view kFrom = "\"\\/bfnrt";
        constexpr std::string_view kTo = "\"\\/\b\f\n\r\t";
        const char c = text_[at_++];
        if (c != 'u') {
            const std::size_t which = kFrom.find(c);
            if (which == std::string_view::npos) return false;
            out.push_back(kTo[which]);
            return true;
        }
        std::uint32_t unit = 0;
        if (!read_hex(unit)) return false;
        if (unit >= 0xD800 && unit < 0xDC00 && text_.substr(at_, 2) == "\\u") {
            const std::size_t back = at_;
            std::uint32_t low = 0;
            at_ += 2;
            if (!read_hex(low)) return false;
            if (low >= 0xDC00 && low < 0xE000) {
                unit = 0x10000 + ((unit - 0xD800) << 10 | (low - 0xDC00));
            } else {
                at_ = back;
            }
        }
        append_code_point(out, unit);
        return true;
    }

    [[nodiscard]] bool read_hex(std::uint32_t& unit) noexcept {
        if (text_.size() - at_ < 4) return false;
        for (int i = 0; i < 4; ++i) {
            char c = text_[at_++];
            if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
            const std::size_t digit = kHex.find(c);
            if (digit == std::string_view::npos) return false;
            unit = unit << 4 | static_cast<std::uint32_t>(digit);
        }
        return true;
    }

    [[nodiscard]] bool take_digits() noexcept {
        const std::size_t from = at_;
        while (!done() && text_[at_] >= '0' && text_[at_] <= '9') ++at_;
        return at_ > from;
    }

    [[nodiscard]] bool read_number(JsonValue& value) {
        const std::size_t from = at_;
        static_cast<void>(take('-'));
        if (!take('0') && !take_digits()) return false;
        bool is_integer = true;
        if (take('.')) {
            if (!take_digits()) return false;
            is_integer = false;
        }
        if (take('e') || take('E')) {
            if (!take('-')) static_cast<void>(take('+'));
            if (!take_digits()) return false;
            is_integer = false;
        }
        const std::string_view number = text_.substr(from, at_ - from);
        if (is_integer) {
            auto digits = py_int(number);
            if (!digits) return false;
            value = JsonValue::of_number(JsonValue::Kind::integer, std::move(*digits));
            return true;
        }
        const auto read = py_float(number);
        if (!read || !std::isfinite(*read)) return false;
        value = JsonValue::of_number(JsonValue::Kind::number, py_repr(*read));
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
};

}  // namespace

void append_code_point(std::string& out, std::uint32_t c) {
    const auto byte = [&out](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
    if (c < 0x80) {
        byte(c);
    } else if (c < 0x800) {
        byte(0xC0 | c >> 6);
        byte(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
        byte(0xE0 | c >> 12);
        byte(0x80 | (c >> 6 & 0x3F));
        byte(0x80 | (c & 0x3F));
    } else {
        byte(0xF0 | c >> 18);
        byte(0x80 | (c >> 12 & 0x3F));
        byte(0x80 | (c >> 6 & 0x3F));
        byte(0x80 | (c & 0x3F));
    }
}

JsonValue JsonValue::of_string(std::string_view text) {
    JsonValue value;
    value.kind = Kind::string;
    value.text = text;
    return value;
}

JsonValue JsonValue::of_number(Kind kind, std::string text) {
    JsonValue value;
    value.kind = kind;
    value.text = std::move(text);
    return value;
}

JsonValue JsonValue::of_bool(bool truth) {
    JsonValue value;
    value.kind = Kind::boolean;
    value.truth = truth;
    return value;
}

void JsonMembers::set(std::string key, JsonValue value) {
    const auto [place, is_new] = places_.try_emplace(key, object_.members.size());
    if (is_new) {
        object_.members.emplace_back(std::move(key), std::move(value));
    } else {
        object_.members[place->second].second = std::move(value);
    }
}

std::optional<JsonValue> py_loads(std::string_view text) {
    JsonValue value;
    if (!Reader(text).document(value)) return std::nullopt;
    return value;
}

void py_dump_text(std::string_view text, std::string& out) {
    while (!text.empty()) {
        std::size_t at = text.find('\xED');
        while (at != std::string_view::npos &&
               (at + 2 >= text.size() || static_cast<std::uint8_t>(text[at + 1]) < 0xA0)) {
            at = text.find('\xED', at + 1);
        }
        append_json_escaped(out, text.substr(0, at));
        if (at == std::string_view::npos) return;
        const auto unit = 0xD000U | (static_cast<std::uint8_t>(text[at + 1]) & 0x3FU) << 6 |
                          (static_cast<std::uint8_t>(text[at + 2]) & 0x3FU);
        out.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) out.push_back(kHex[unit >> static_cast<unsigned>(shift) & 0xF]);
        text.remove_prefix(at + 3);
    }
}

void py_dump(const JsonValue& value, std::string& out) {
    switch (value.kind) {
        case JsonValue::Kind::null: out.append("null"); break;
        case JsonValue::Kind::boolean: out.append(value.truth ? "true" : "false"); break;
        case JsonValue::Kind::integer:
        case JsonValue::Kind::number: out.append(value.text); break;
        case JsonValue::Kind::string:
            out.push_back('"');
            py_dump_text(value.text, out);
            out.push_back('"');
            break;
        case JsonValue::Kind::array: {
            out.push_back('[');
            std::string_view separator;
            for (const JsonValue& item : value.items) {
                out.append(separator);
                py_dump(item, out);
                separator = ", ";
            }
            out.push_back(']');
            break;
        }
        case JsonValue::Kind::object: {
            out.push_back('{');
            std::string_view separator;
            for (const auto& [key, member] : value.members) {
                out.append(separator).append("\"");
                py_dump_text(key, out);
                out.append("\": ");
                py_dump(member, out);
                separator = ", ";
            }
            out.push_back('}');
        }
    }
}

}  // namespace fastfront
