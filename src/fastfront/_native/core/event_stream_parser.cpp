// SPDX-License-Identifier: Apache-2.0
#include "event_stream_parser.hpp"

#include <algorithm>

namespace fastfront {

void EventStreamParser::reset() noexcept {
    line_.clear();
    data_.clear();
    pending_ = {};
    has_data_ = in_buffer_ = after_cr_ = given_ = failed_ = false;
}

bool EventStreamParser::next(std::string_view& input, std::string_view& data) {
    if (given_) {
        data_.clear();
        pending_ = {};
        has_data_ = in_buffer_ = given_ = false;
    }
    while (!input.empty() && !failed_) {
        if (after_cr_) {
            after_cr_ = false;
            if (input.front() == '\n') {
                input.remove_prefix(1);
                continue;
            }
        }
        auto end = input.find('\n');
        end = std::min(input.substr(0, end).find('\r'), end);
        const bool complete = end != std::string_view::npos;
        std::string_view line = input.substr(0, end);
        if (line_.size() + line.size() > kMaxEventBytes) {
            failed_ = true;
            break;
        }
        if (!complete || !line_.empty()) {
            line_.append(line);
            line = line_;
        }
        if (!complete) {
            input = {};
            break;
        }
        after_cr_ = input[end] == '\r';
        input.remove_prefix(end + 1);
        if (line.empty() && has_data_) {
            given_ = true;
            data = in_buffer_ ? std::string_view(data_) : pending_;
            return true;
        }
        on_line(line);
        line_.clear();
    }
    keep_data();  // the input's bytes may be gone by the next call
    return false;
}

void EventStreamParser::on_line(std::string_view line) {
    const auto colon = line.find(':');
    if (line.substr(0, colon) != "data") {
        return;
    }
    std::string_view value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
    if (value.starts_with(' ')) {
        value.remove_prefix(1);
    }
    if (!has_data_ && line.data() != line_.data()) {
        pending_ = value;
        has_data_ = true;
        return;
    }
    keep_data();
    if (data_.size() + 1 + value.size() > kMaxEventBytes) {
        failed_ = true;
        return;
    }
    if (has_data_) {
        data_.push_back('\n');
    }
    data_.append(value);
    has_data_ = in_buffer_ = true;
}

void EventStreamParser::keep_data() {
    if (has_data_ && !in_buffer_) {
        data_.assign(pending_);
        pending_ = {};
        in_buffer_ = true;
    }
}

}  // namespace fastfront
