// SPDX-License-Identifier: Apache-2.0
#include "printed_json.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace fastfront {

namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxMembers = 32;
constexpr std::ptrdiff_t kMaxDigits = 18;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Reads along a text; each method takes what it is named after, or returns false.
class Reader {
  public:
    explicit Reader(std::string_view text) noexcept : at_(text.data()), end_(text.data() + text.size()) {}

    [[nodiscard]] bool at_end() const noexcept { return at_ == end_; }

    [[nodiscard]] bool object(std::size_t depth) noexcept {
        if (!take("{")) {
            return false;
        }
        if (take("}")) {
            return true;
        }
        std::array<std::string_view, kMaxMembers> names;
        std::size_t count = 0;
        do {
            const char* const begin = at_;
            if (count == kMaxMembers || !string()) {
                return false;
            }
            // Written in one way only: names that differ in writing differ.
            const std::string_view name(begin, static_cast<std::size_t>(at_ - begin));
            const std::span known = std::span(names).first(count);
            if (std::ranges::find(known, name) != known.end() || !take(": ") || !value(depth)) {
                return false;
            }
            names[count++] = name;
        } while (take(", "));
        return take("}");
    }

  private:
    [[nodiscard]] bool take(std::string_view wanted) noexcept {
        if (static_cast<std::size_t>(end_ - at_) < wanted.size() || std::string_view(at_, wanted.size()) != wanted) {
            return false;
        }
        at_ += wanted.size();
        return true;
    }

    [[nodiscard]] bool value(std::size_t depth) noexcept {
        if (at_ == end_ || depth == kMaxDepth) {
            return false;
        }
        switch (*at_) {
            case '"': return string();
            case '{': return object(depth + 1);
            case '[': return array(depth + 1);
            case 't': return take("true");
            case 'f': return take("false");
            case 'n': return take("null");
            default: return integer();
        }
    }

    [[nodiscard]] bool array(std::size_t depth) noexcept {
        if (!take("[")) {
            return false;
        }
        if (take("]")) {
            return true;
        }
        do {
            if (!value(depth)) {
                return false;
            }
        } while (take(", "));
        return take("]");
    }

    [[nodiscard]] bool integer() noexcept {
        const bool is_negative = take("-");
        const char* const begin = at_;
        while (at_ != end_ && is_digit(*at_)) {
            ++at_;
        }
        const std::ptrdiff_t digits = at_ - begin;
        if (digits == 0 || digits > kMaxDigits || (*begin == '0' && (digits > 1 || is_negative))) {
            return false;
        }
        return at_ == end_ || (*at_ != '.' && *at_ != 'e' && *at_ != 'E');
    }

    [[nodiscard]] bool string() noexcept {
        if (!take("\"")) {
            return false;
        }
        while (at_ != end_) {
            const auto c = static_cast<unsigned char>(*at_++);
            if (c == '"') {
                return true;
            }
            if (c < 0x20 || (c == '\\' && !escape())) {
                return false;
            }
        }
        return false;
    }

    /// What stands behind a backslash: nothing that could be written without one or shorter.
    [[nodiscard]] bool escape() noexcept {
        if (at_ == end_) {
            return false;
        }
        const char c = *at_++;
        if (c != 'u') {
            return std::string_view("\"\\bfnrt").find(c) != std::string_view::npos;
        }
        if (!take("00") || end_ - at_ < 2) {
            return false;
        }
        const char high = *at_++;
        const char low = *at_++;
        if (high == '1') {
            return is_digit(low) || (low >= 'a' && low <= 'f');
        }
        // The others below 16 have escapes of their own.
        return high == '0' && (is_digit(low) ? low < '8' : low == 'b' || low == 'e' || low == 'f');
    }

    const char* at_;
    const char* end_;
};

}  // namespace

bool is_printed_object(std::string_view text) noexcept {
    Reader reader(text);
    return reader.object(0) && reader.at_end();
}

}  // namespace fastfront
