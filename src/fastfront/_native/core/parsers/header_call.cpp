// SPDX-License-Identifier: Apache-2.0
#include "header_call.hpp"

namespace fastfront {

namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_space(char c) noexcept { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view stripped(std::string_view text) noexcept {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

/// The id in a header, `.+:\d+` as vllm/parser/kimi_k2.py looks for it; empty: there is none.
std::string_view id_in(std::string_view header) noexcept {
    header = header.substr(0, header.find('\n'));
    for (std::size_t colon = header.rfind(':'); colon != std::string_view::npos && colon > 0;
         colon = header.rfind(':', colon - 1)) {
        std::size_t end = colon + 1;
        while (end < header.size() && is_digit(header[end])) ++end;
        if (end > colon + 1) return header.substr(0, end);
    }
    return {};
}

}  // namespace

void HeaderCall::begin(std::uint32_t call) {
    state_ = State::more;
    announced_ = has_name_ = false;
    call_ = call;
    held_.clear();
    name_.clear();
    id_.clear();
}

std::size_t HeaderCall::push(std::string_view text, Pieces& out) {
    std::size_t read = 0;
    while (read < text.size() && state_ == State::more) {
        if (!announced_) {
            if (take(text[read], out)) ++read;
            continue;
        }
        read += arguments_.push(text.substr(read), buffer_);
        out.add_arguments(call_, buffer_);
        buffer_.clear();
        if (arguments_.state() == JsonStream::State::done) state_ = State::done;
        if (arguments_.state() == JsonStream::State::failed) fail();
    }
    return read;
}

/// Take one byte before the arguments. False: it is not part of that.
bool HeaderCall::take(char c, Pieces& out) { return has_name_ ? take_before_arguments(c, out) : take_header(c); }

bool HeaderCall::take_header(char c) {
    if (rules_.brace && c == '{') {
        end_header(held_.size());
        return false;
    }
    if (held_.size() == kMaxHeader) {
        fail();
        return false;
    }
    held_.push_back(c);
    for (const std::string_view separator : rules_.separators) {
        if (held_.ends_with(separator)) {
            end_header(held_.size() - separator.size());
            return true;
        }
    }
    if (!rules_.again.empty() && held_.ends_with(rules_.again)) fail();
    return true;
}

void HeaderCall::end_header(std::size_t size) {
    std::string_view header = std::string_view(held_).substr(0, size);
    if (rules_.strip || rules_.kimi) header = stripped(header);
    if (rules_.kimi) {
        id_ = id_in(header);
        header = std::string_view(id_).substr(0, id_.find(':'));
        if (header.starts_with("functions.")) header.remove_prefix(10);
    }
    name_ = header;
    has_name_ = true;
    if (name_.empty()) fail();
}

bool HeaderCall::take_before_arguments(char c, Pieces& out) {
    if (is_json_space(c)) {
        held_.push_back(c);
        return true;
    }
    if (c == '{') {
        announce(out);
        arguments_.begin({.verbatim = true});
    } else if (c == rules_.end && c != '\0') {
        announce(out);
        out.add_arguments(call_, "{}");
        state_ = State::done;
    } else {
        fail();
    }
    return false;
}

void HeaderCall::announce(Pieces& out) {
    announced_ = true;
    held_.clear();
    out.begin_call(call_, name_, id_);
}

}  // namespace fastfront
