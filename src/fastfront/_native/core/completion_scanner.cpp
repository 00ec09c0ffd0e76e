// SPDX-License-Identifier: Apache-2.0
#include "completion_scanner.hpp"

#include <charconv>
#include <cstring>

namespace fastfront {

namespace {

/// Where in the document a value stands; what its members are looked at for.
enum class Place : std::uint8_t { document, choices, choice, message, usage, elsewhere };

bool is_message(std::string_view name) noexcept { return name == "delta" || name == "message"; }

bool holds_text(std::string_view name) noexcept {
    return name == "content" || name == "reasoning_content" || name == "reasoning" || name == "refusal";
}

class Scanner {
  public:
    explicit Scanner(std::string_view json) noexcept : at_(json.data()), end_(json.data() + json.size()) {}

    Completion scan() noexcept {
        skip_space();
        const bool object = at_ < end_ && *at_ == '{';
        const bool whole = object && value(Place::document, 0);
        skip_space();
        found_.valid = whole && at_ == end_;
        return found_;
    }

  private:
    void skip_space() noexcept {
        while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) {
            ++at_;
        }
    }

    bool take(char c) noexcept {
        skip_space();
        if (at_ < end_ && *at_ == c) {
            ++at_;
            return true;
        }
        return false;
    }

    /// A string, from its opening quote; `out` is what stands between the quotes.
    bool string(std::string_view& out) noexcept {
        if (at_ == end_ || *at_ != '"') {
            return false;
        }
        const char* const begin = ++at_;
        while (at_ < end_) {
            const auto* const quote =
                static_cast<const char*>(std::memchr(at_, '"', static_cast<std::size_t>(end_ - at_)));
            if (quote == nullptr) {
                return false;
            }
            const char* escape = quote;
            while (escape > begin && escape[-1] == '\\') {
                --escape;
            }
            at_ = quote + 1;
            if ((quote - escape) % 2 == 0) {
                out = std::string_view(begin, static_cast<std::size_t>(quote - begin));
                return true;
            }
        }
        return false;
    }

    /// A number or a word: everything up to the next character that has a meaning of its own.
    bool scalar(std::string_view& out) noexcept {
        const char* const begin = at_;
        while (at_ < end_ && std::strchr(",]} \n\r\t:\"[{", *at_) == nullptr) {
            ++at_;
        }
        out = std::string_view(begin, static_cast<std::size_t>(at_ - begin));
        return !out.empty();
    }

    bool value(Place place, int depth) noexcept {
        skip_space();
        if (at_ == end_ || depth > kMaxCompletionDepth) {
            return false;
        }
        std::string_view ignored;
        switch (*at_) {
            case '{': return object(place, depth);
            case '[': return array(place == Place::choices ? Place::choice : Place::elsewhere, depth);
            case '"': return string(ignored);
            default: return scalar(ignored);
        }
    }

    bool object(Place place, int depth) noexcept {
        ++at_;
        if (take('}')) {
            return true;
        }
        do {
            skip_space();
            std::string_view name;
            if (!string(name) || !take(':')) {
                return false;
            }
            skip_space();
            if (!member(place, name, depth)) {
                return false;
            }
        } while (take(','));
        return take('}');
    }

    bool array(Place elements, int depth) noexcept {
        ++at_;
        if (take(']')) {
            return true;
        }
        do {
            if (!value(elements, depth + 1)) {
                return false;
            }
        } while (take(','));
        return take(']');
    }

    bool member(Place place, std::string_view name, int depth) noexcept {
        const char* const begin = at_;
        switch (place) {
            case Place::document:
                if (name == "choices") return value(Place::choices, depth + 1);
                if (name == "usage") return value(Place::usage, depth + 1);
                if (name == "error") {
                    const bool whole = value(Place::elsewhere, depth + 1);
                    found_.error |=
                        whole && !std::string_view(begin, static_cast<std::size_t>(at_ - begin)).starts_with("null");
                    return whole;
                }
                break;
            case Place::choice:
                if (is_message(name)) return value(Place::message, depth + 1);
                if (name == "text") return text(depth);
                break;
            case Place::message:
                if (holds_text(name)) return text(depth);
                if (name == "tool_calls") {
                    const bool whole = value(Place::elsewhere, depth + 1);
                    // More than `[]` and what may stand between its brackets.
                    found_.text |= whole && *begin == '[' &&
                                   std::string_view(begin + 1, static_cast<std::size_t>(at_ - begin - 2))
                                           .find_first_not_of(" \n\r\t") != std::string_view::npos;
                    return whole;
                }
                break;
            case Place::usage:
                if (name == "prompt_tokens") return number(found_.prompt_tokens, depth);
                if (name == "completion_tokens") return number(found_.completion_tokens, depth);
                break;
            default: break;
        }
        return value(Place::elsewhere, depth + 1);
    }

    bool text(int depth) noexcept {
        if (at_ == end_ || *at_ != '"') {
            return value(Place::elsewhere, depth + 1);
        }
        std::string_view content;
        const bool whole = string(content);
        found_.text |= whole && !content.empty();
        return whole;
    }

    bool number(std::int64_t& out, int depth) noexcept {
        const char* const begin = at_;
        if (!value(Place::elsewhere, depth + 1)) {
            return false;
        }
        std::int64_t parsed = 0;
        const auto [stop, error] = std::from_chars(begin, at_, parsed);
        if (error == std::errc() && stop == at_ && parsed >= 0) {
            out = parsed;
        }
        return true;
    }

    const char* at_;
    const char* end_;
    Completion found_;
};

}  // namespace

Completion scan_completion(std::string_view json) noexcept { return Scanner(json).scan(); }

}  // namespace fastfront
