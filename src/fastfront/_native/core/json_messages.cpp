// SPDX-License-Identifier: Apache-2.0
#include "json_messages.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace fastfront {

namespace {

constexpr std::string_view kName = "\"messages\"";

bool is_space(char c) noexcept { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

/// The next place of the name, or the end. Not by string_view::find, which stops at every quotation mark.
std::size_t find_name(std::string_view json, std::size_t at) noexcept {
    if (at >= json.size()) {
        return json.size();
    }
    const void* const found = ::memmem(json.data() + at, json.size() - at, kName.data(), kName.size());
    return found == nullptr ? json.size() : static_cast<std::size_t>(static_cast<const char*>(found) - json.data());
}

/// The next quotation mark or backslash at or behind `at`, or the end. A block at a time, which compilers make vector
/// instructions of.
std::size_t find_string_mark(std::string_view json, std::size_t at) noexcept {
    constexpr std::size_t kBlock = 64;
    const char* const chars = json.data();
    for (; json.size() - at >= kBlock; at += kBlock) {
        unsigned char found = 0;
        for (std::size_t i = at; i < at + kBlock; ++i) {
            found = static_cast<unsigned char>(found | (chars[i] == '"') | (chars[i] == '\\'));
        }
        if (found != 0) {
            break;
        }
    }
    while (at < json.size() && chars[at] != '"' && chars[at] != '\\') {
        ++at;
    }
    return at;
}

/// Behind the string whose first character is at `at`, or kNowhere.
std::size_t find_string_end(std::string_view json, std::size_t at) noexcept {
    while ((at = find_string_mark(json, at)) < json.size()) {
        if (json[at] == '"') {
            return at + 1;
        }
        if (json.size() - at < 2) {
            break;
        }
        at += 2;
    }
    return kNowhere;
}

}  // namespace

std::size_t skip_json_space(std::string_view json, std::size_t at) noexcept {
    while (at < json.size() && is_space(json[at])) {
        ++at;
    }
    return at;
}

std::size_t find_messages(std::string_view json, std::size_t limit) noexcept {
    const std::string_view head = json.substr(0, limit);
    for (std::size_t at = 0; (at = find_name(head, at)) < head.size();) {
        at = skip_json_space(head, at + kName.size());
        if (at < head.size() && head[at] == ':') {
            at = skip_json_space(head, at + 1);
            if (at < head.size() && head[at] == '[') {
                at = skip_json_space(head, at + 1);
                return at < head.size() && head[at] == '{' ? at : kNowhere;
            }
        }
    }
    return kNowhere;
}

std::size_t find_object_end(std::string_view json, std::size_t at) noexcept {
    if (at >= json.size() || json[at] != '{') {
        return kNowhere;
    }
    for (std::size_t depth = 0; at < json.size();) {
        const char c = json[at++];
        if (c == '"') {
            at = find_string_end(json, at);  // kNowhere ends the loop
        } else if (c == '{') {
            ++depth;
        } else if (c == '}' && --depth == 0) {
            return at;
        }
    }
    return kNowhere;
}

std::size_t find_next_object(std::string_view json, std::size_t end) noexcept {
    std::size_t at = skip_json_space(json, end);
    if (at >= json.size() || json[at] != ',') {
        return kNowhere;
    }
    at = skip_json_space(json, at + 1);
    return at < json.size() && json[at] == '{' ? at : kNowhere;
}

}  // namespace fastfront
