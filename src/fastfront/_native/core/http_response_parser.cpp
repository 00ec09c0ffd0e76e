// SPDX-License-Identifier: Apache-2.0
#include "http_response_parser.hpp"

#include <algorithm>
#include <charconv>

namespace fastfront {

namespace {

constexpr char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same(std::string_view text, std::string_view lower_case) noexcept {
    return std::ranges::equal(text, lower_case, {}, lower);
}

std::string_view trim(std::string_view text) noexcept {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_token(char c) noexcept {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// All of `text` as a number; false if it is none or too large.
bool parse_number(std::string_view text, int base, std::uint64_t& value) noexcept {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return !text.empty() && error == std::errc() && end == text.data() + text.size();
}

/// Whether a comma-separated list has this word.
bool lists(std::string_view value, std::string_view word) noexcept {
    while (!value.empty()) {
        const auto comma = std::min(value.find(','), value.size());
        if (same(trim(value.substr(0, comma)), word)) {
            return true;
        }
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
    return false;
}

}  // namespace

void HttpResponseParser::reset() noexcept {
    line_.clear();
    state_ = State::status_line;
    head_bytes_ = 0;
    body_left_ = 0;
    content_length_ = 0;
    status_ = 0;
    has_content_length_ = chunked_ = event_stream_ = head_done_ = false;
    keep_alive_ = true;
}

std::string_view HttpResponseParser::next(std::string_view& input) {
    switch (state_) {
        case State::done:
        case State::failed: return {};
        case State::body_until_close: {
            const auto piece = input;
            input = {};
            return piece;
        }
        case State::body:
        case State::chunk_data: {
            const auto piece =
                input.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(body_left_, input.size())));
            input.remove_prefix(piece.size());
            body_left_ -= piece.size();
            if (body_left_ == 0) {
                state_ = state_ == State::body ? State::done : State::chunk_end;
            }
            return piece;
        }
        default: break;
    }
    const auto newline = input.find('\n');
    const auto taken = newline == std::string_view::npos ? input.size() : newline + 1;
    if (head_bytes_ + taken > kMaxHeadBytes) {
        fail();
        return {};
    }
    head_bytes_ += taken;
    std::string_view line = input.substr(0, taken);
    input.remove_prefix(taken);
    if (newline == std::string_view::npos || !line_.empty()) {
        line_.append(line);
        line = line_;
    }
    if (newline != std::string_view::npos) {
        if (line.size() < 2 || line[line.size() - 2] != '\r') {
            fail();
        } else {
            on_line(line.substr(0, line.size() - 2));
        }
        line_.clear();
    }
    return {};
}

bool HttpResponseParser::end_of_input() noexcept {
    if (state_ == State::body_until_close) {
        state_ = State::done;
    }
    return state_ == State::done;
}

void HttpResponseParser::on_line(std::string_view line) noexcept {
    switch (state_) {
        case State::status_line: on_status_line(line); break;
        case State::headers:
            if (line.empty()) {
                on_head_end();
            } else {
                on_header(line);
            }
            break;
        case State::chunk_size: on_chunk_size(line); break;
        case State::chunk_end:
            // What follows a chunk's data is an empty line.
            head_bytes_ = 0;
            state_ = line.empty() ? State::chunk_size : State::failed;
            break;
        case State::trailers:
            if (line.empty()) {
                state_ = State::done;
            }
            break;
        default: fail();
    }
}

void HttpResponseParser::on_status_line(std::string_view line) noexcept {
    std::uint64_t status = 0;
    const bool version = line.starts_with("HTTP/1.1 ") || line.starts_with("HTTP/1.0 ");
    if (!version || line.size() < 12 || (line.size() > 12 && line[12] != ' ') ||
        !parse_number(line.substr(9, 3), 10, status) || status < 100) {
        fail();
        return;
    }
    keep_alive_ = line[7] == '1';
    status_ = static_cast<int>(status);
    state_ = State::headers;
}

void HttpResponseParser::on_header(std::string_view line) noexcept {
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    if (colon == std::string_view::npos || name.empty() || !std::ranges::all_of(name, is_token)) {
        fail();
        return;
    }
    const auto value = trim(line.substr(colon + 1));
    if (same(name, "content-length")) {
        std::uint64_t length = 0;
        if (!parse_number(value, 10, length) || has_content_length_) {
            fail();
            return;
        }
        content_length_ = length;
        has_content_length_ = true;
    } else if (same(name, "transfer-encoding")) {
        if (!same(value, "chunked") || chunked_) {
            fail();
            return;
        }
        chunked_ = true;
    } else if (same(name, "connection")) {
        keep_alive_ = !lists(value, "close") && (keep_alive_ || lists(value, "keep-alive"));
    } else if (same(name, "content-type")) {
        event_stream_ = same(trim(value.substr(0, value.find(';'))), "text/event-stream");
    }
}

void HttpResponseParser::on_head_end() noexcept {
    if (status_ == 101 || (chunked_ && has_content_length_)) {
        fail();
        return;
    }
    if (status_ < 200) {
        // An interim response; the real one follows.
        reset();
        return;
    }
    head_done_ = true;
    head_bytes_ = 0;
    if (status_ == 204 || status_ == 304) {
        state_ = State::done;
    } else if (chunked_) {
        state_ = State::chunk_size;
    } else if (has_content_length_) {
        body_left_ = content_length_;
        state_ = body_left_ == 0 ? State::done : State::body;
    } else {
        keep_alive_ = false;
        state_ = State::body_until_close;
    }
}

void HttpResponseParser::on_chunk_size(std::string_view line) noexcept {
    // Extensions behind a semicolon have no meaning here.
    if (!parse_number(trim(line.substr(0, line.find(';'))), 16, body_left_)) {
        fail();
        return;
    }
    head_bytes_ = 0;
    state_ = body_left_ == 0 ? State::trailers : State::chunk_data;
}

}  // namespace fastfront
