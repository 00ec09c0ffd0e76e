// SPDX-License-Identifier: Apache-2.0
#include "json_calls.hpp"

#include <algorithm>

namespace fastfront {

JsonCalls::JsonCalls(const JsonFormat& format)
    : format_(format),
      gate_(format.content),
      object_(format.call),
      header_(format.header),
      at_start_(format.list_at_start) {
    for (const Marker& marker : format.markers) {
        all_ = all_ << 1 | 1;
        scanner_.add(marker.text);
    }
}

void JsonCalls::push(std::string_view text, std::int64_t /*token*/, Pieces& out) {
    if (state_ == State::text && carry_.empty() && !at_start_ && !doubts_ &&
        scanner_.find(text, 0, all_, false).what == MarkerScanner::What::nothing) {
        gate_.text(text, out);
        return;
    }
    std::string joined;
    if (!carry_.empty()) {
        joined.swap(carry_);
        text = joined.append(text);
    }
    std::size_t read = 0;
    while (read < text.size()) {
        again_ = 0;
        read += step(text.substr(read), out);
        if (again_ == 0) continue;
        if (again_ <= read) {
            read -= again_;
        } else {  // what is read once more came before this text
            std::string once_more = held_.substr(held_.size() - again_);
            once_more.append(text.substr(read));
            joined = std::move(once_more);
            text = joined;
            read = 0;
        }
        held_.clear();
    }
}

void JsonCalls::finish(Pieces& out) {
    switch (state_) {
        case State::text: plain(carry_, out); break;
        case State::call:
            if (reader_->is_announced()) {
                reader_->finish(out);
                break;
            }
            reject(held_, out);
            reject(reader_->held(), out);
            break;
        default:
            if (!has_called_) reject(held_, out);
    }
    state_ = State::text;
    carry_.clear();
    gate_.finish(out);
}

/// Take the beginning of `text`, which is not empty; returns how much that was.
std::size_t JsonCalls::step(std::string_view text, Pieces& out) {
    switch (state_) {
        case State::text: return in_text(text, out);
        case State::open: return in_open(text, out);
        case State::call: return in_call(text, out);
        case State::close: return in_close(text.front(), out);
        default: return in_list(text.front(), out);
    }
}

std::size_t JsonCalls::in_text(std::string_view text, Pieces& out) {
    if (at_start_ && is_json_space(text.front())) {
        gate_.text(text.substr(0, 1), out);
        return 1;
    }
    const MarkerScanner::Found found = scanner_.find(text, 0, all_, false);
    if (at_start_ && text.front() == '[' && found.begin > 0) {
        at_start_ = has_called_ = doubts_ = false;
        held_.clear();
        marker_ = 1;
        begin_list('[');
        return 1;
    }
    at_start_ = at_start_ && found.begin == 0 && found.what == MarkerScanner::What::maybe;
    plain(text.substr(0, found.begin), out);
    if (found.what == MarkerScanner::What::nothing) return text.size();
    if (found.what == MarkerScanner::What::maybe) {
        carry_ = text.substr(found.begin);
        return text.size();
    }
    return found.begin + at_marker(format_.markers[found.index], text.substr(found.begin), out);
}

std::size_t JsonCalls::at_marker(const Marker& marker, std::string_view text, Pieces& out) {
    const std::string_view read = marker.text;
    switch (marker.role) {
        case marker_role::kOnce:
            if (is_once_over_) {
                plain(read, out);
            } else {
                is_once_over_ = true;
            }
            return read.size();
        case marker_role::kRestart:
            plain(read, out);
            at_start_ = format_.list_at_start;
            return read.size();
        case marker_role::kAround: gate_.markup(read); return read.size();
        case marker_role::kText: gate_.keep(); [[fallthrough]];
        case marker_role::kSilent: gate_.markup({}); return read.size();
        default: break;
    }
    doubts_ = has_called_ = is_list_ = false;
    held_.clear();
    marker_ = 0;
    is_bare_ = marker.role == marker_role::kBare;
    if (is_bare_) {
        if (text.front() == '{') {
            begin_call(object_);
            return 0;
        }
        marker_ = 1;
        begin_list('[');
        return 1;
    }
    held_ = read;
    marker_ = held_.size();
    state_ = State::open;
    if (format_.opened) {
        state_ = State::element;
        is_first_ = is_list_ = true;
    }
    return read.size();
}

std::size_t JsonCalls::in_open(std::string_view text, Pieces& out) {
    const char c = text.front();
    if (is_json_space(c)) {
        held_.push_back(c);
    } else if (c == '[' && format_.lists) {
        begin_list(c);
    } else if (c == '{' && format_.objects) {
        begin_call(object_);
        return 0;
    } else if (format_.headers) {
        begin_call(header_);
        return 0;
    } else {
        leave(out);
        return 0;
    }
    return 1;
}

void JsonCalls::begin_call(CallReader& reader) {
    reader_ = &reader;
    reader_->begin(calls_);
    state_ = State::call;
}

std::size_t JsonCalls::in_call(std::string_view text, Pieces& out) {
    const bool was_announced = reader_->is_announced();
    const std::size_t read = reader_->push(text, out);
    if (reader_->is_announced() && !was_announced) {
        gate_.call();
        held_.clear();
        has_called_ = true;
        ++calls_;
    }
    if (reader_->state() == CallReader::State::done) {
        is_first_ = false;
        if (is_list_) {
            state_ = State::between;
        } else {
            end_calls();
        }
    } else if (reader_->state() == CallReader::State::failed) {
        fail_call(out);
    }
    return read;
}

void JsonCalls::fail_call(Pieces& out) {
    if (reader_ == &header_ && !header_.is_announced()) {  // there may be a marker in what was taken for a name
        held_.append(header_.held());
        leave(out);
        return;
    }
    reject(held_, out);
    reject(reader_->held(), out);
    held_.clear();
    state_ = State::text;
}

/// In a list, around its calls.
std::size_t JsonCalls::in_list(char c, Pieces& out) {
    if (state_ == State::element && c == '{') {
        begin_call(object_);
        return 0;
    }
    if (c == ']' && (state_ == State::between || is_first_)) {
        held_.push_back(c);
        end_calls();
        return 1;
    }
    if (c == ',' && state_ == State::between) {
        state_ = State::element;
        is_first_ = false;
    } else if (!is_json_space(c)) {
        leave(out);
        return 0;
    }
    held_.push_back(c);
    return 1;
}

void JsonCalls::end_calls() {
    end_ = 0;
    state_ = format_.ends.empty() ? State::text : State::close;
    if (state_ == State::close) return;
    gate_.call();
    held_.clear();
}

std::size_t JsonCalls::in_close(char c, Pieces& out) {
    if (end_ == 0 && is_json_space(c)) {
        held_.push_back(c);
        return 1;
    }
    held_.push_back(c);
    ++end_;
    const std::string_view end = std::string_view(held_).substr(held_.size() - end_);
    for (const std::string_view expected : format_.ends) {
        if (expected == end) {
            gate_.call();
            held_.clear();
            state_ = State::text;
            return 1;
        }
    }
    if (std::ranges::none_of(format_.ends, [end](std::string_view text) { return text.starts_with(end); })) {
        held_.pop_back();
        leave(out);
        return 0;
    }
    return 1;
}

/// What came behind the marker or the call is not what has to be there.
void JsonCalls::leave(Pieces& out) {
    if (has_called_) {
        // Perhaps only what should end the calls is missing: what comes next tells.
        doubts_ = true;
        again_ = held_.size();
    } else {
        reject(std::string_view(held_).substr(0, marker_), out);
        again_ = held_.size() - marker_;
    }
    if (again_ == 0) held_.clear();
    state_ = State::text;
}

/// Text that was taken for a call. Bare braces stand in any text: as long as there is no call they say nothing.
void JsonCalls::reject(std::string_view text, Pieces& out) {
    if (is_bare_ && calls_ == 0) {
        gate_.text(text, out);
    } else {
        gate_.raw(text, out);
    }
}

void JsonCalls::plain(std::string_view text, Pieces& out) {
    if (doubts_) {
        std::size_t spaces = 0;
        while (spaces < text.size() && is_json_space(text[spaces])) ++spaces;
        gate_.text(text.substr(0, spaces), out);
        text.remove_prefix(spaces);
        if (text.empty()) return;
        gate_.keep();
        doubts_ = false;
    }
    gate_.text(text, out);
}

}  // namespace fastfront
