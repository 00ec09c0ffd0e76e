// SPDX-License-Identifier: Apache-2.0
#include "py_calls.hpp"

namespace fastfront {

using What = MarkerScanner::What;

PyCalls::PyCalls(const PyFormat& format)
    : format_(format),
      gate_(format.content),
      call_(format.lenient),
      state_(format.at_start ? State::start : State::text) {
    scanner_.add(format.open);
    scanner_.add(format.close);
}

void PyCalls::push(std::string_view text, std::int64_t token, Pieces& out) {
    if (token != kNoToken && state_ == State::call && text == format_.close) {
        // The token ends the calls whatever is open: a string that never ends takes no more than these.
        call_.finish(out);
        reject(out);
    }
    std::string joined;
    if (!carry_.empty()) {
        joined.swap(carry_);
        text = joined.append(text);
    }
    while (!text.empty()) text.remove_prefix(step(text, out));
}

void PyCalls::finish(Pieces& out) {
    switch (state_) {
        case State::call:
            call_.finish(out);
            reject(out);
            break;
        case State::start: gate_.text(held_, out); [[fallthrough]];
        case State::text: gate_.text(carry_, out); break;
        case State::rest: gate_.raw(carry_, out); break;
        case State::echo:
            held_.append(carry_);
            end_echo(out);
            break;
        default:
            held_.append(carry_);
            if (!is_announced_) reject(out);
    }
    carry_.clear();
    gate_.finish(out);
}

/// Take the beginning of `text`, which is not empty; returns how much that was.
std::size_t PyCalls::step(std::string_view text, Pieces& out) {
    switch (state_) {
        case State::start: return at_start(text, out);
        case State::text: return in_text(text, out);
        case State::rest: return in_rest(text, out);
        case State::echo: return in_echo(text, out);
        default: break;
    }
    const std::size_t read = state_ == State::call ? in_call(text, out) : in_list(text, out);
    if (format_.echoes && state_ != State::echo) {
        for (const char c : text.substr(0, read - carry_.size())) {
            if (!is_py_space(c)) block_.push_back(c);
        }
    }
    return read;
}

/// At the beginning of an answer.
std::size_t PyCalls::at_start(std::string_view text, Pieces& out) {
    if (text.front() == '[') {
        is_first_ = true;
        state_ = State::element;
        return hold(text.substr(0, 1));
    }
    if (!format_.open.empty() && held_.empty()) {
        if (text.starts_with(format_.open)) return hold(format_.open);
        if (format_.open.starts_with(text)) return wait(text);
    }
    gate_.text(held_, out);
    held_.clear();
    state_ = State::text;
    return 0;
}

/// The markers that count outside of calls.
MarkerScanner::Set PyCalls::sought() const noexcept {
    const MarkerScanner::Set close = opened_ && (format_.at_start || format_.echoes) ? kClose : 0;
    return format_.at_start ? close : close | kOpen;
}

std::size_t PyCalls::in_text(std::string_view text, Pieces& out) {
    const MarkerScanner::Found found = scanner_.find(text, 0, sought(), false);
    gate_.text(text.substr(0, found.begin), out);
    if (found.what == What::nothing) return text.size();
    if (found.what == What::maybe) return found.begin + wait(text.substr(found.begin));
    if (found.index == 0 && !format_.at_start) {
        held_ = format_.open;
        is_announced_ = has_arguments_ = false;
        block_.clear();
        state_ = State::open;
        is_first_ = new_line_ = true;
    }
    return found.begin + found.size;
}

/// Around calls, behind what opens them.
std::size_t PyCalls::in_list(std::string_view text, Pieces& out) {
    const char c = text.front();
    if (is_py_space(c) && !(format_.strict && format_.at_start && is_first_)) {
        new_line_ = new_line_ || c == '\n' || c == '\r';
        return hold(text.substr(0, 1));
    }
    if (state_ == State::closing || (format_.lines && !is_first_)) {
        if (text.starts_with(format_.close)) {
            end_calls();
            return format_.close.size();
        }
        if (format_.close.starts_with(text)) return wait(text);
    }
    switch (state_) {
        case State::open:
            if (!format_.lines) {
                if (c != '[') break;
                state_ = State::element;
                return hold(text.substr(0, 1));
            }
            state_ = State::element;
            return 0;
        case State::element:
            if (c == ']' && !format_.lines && !is_first_) {
                held_.push_back(c);
                end_list();
                return 1;
            }
            begin_call();
            return 0;
        case State::between:
            if (c == ',') {
                state_ = State::element;
                return hold(text.substr(0, 1));
            }
            if (c == ']' && !format_.lines) {
                held_.push_back(c);
                end_list();
                return 1;
            }
            if (format_.lines && new_line_) {
                begin_call();
                return 0;
            }
            break;
        default: break;
    }
    reject(out);
    return 0;
}

void PyCalls::begin_call() {
    call_.begin(calls_, format_.strict && !has_arguments_);
    state_ = State::call;
}

std::size_t PyCalls::in_call(std::string_view text, Pieces& out) {
    const bool was_announced = call_.is_announced();
    const std::size_t read = call_.push(text, out);
    if (call_.is_announced() && !was_announced) {
        gate_.call();
        held_.clear();
        is_announced_ = true;
        ++calls_;
    }
    has_arguments_ = has_arguments_ || call_.has_arguments();
    if (call_.state() == PyCall::State::done) {
        state_ = State::between;
        is_first_ = new_line_ = false;
    } else if (call_.state() == PyCall::State::failed) {
        reject(out);
    }
    return read;
}

/// The list is complete.
void PyCalls::end_list() {
    held_.clear();
    state_ = State::closing;
    if (!format_.at_start) return;
    gate_.call();
    opened_ = !format_.close.empty();
    state_ = State::text;
}

void PyCalls::end_calls() {
    gate_.call();
    held_.clear();
    opened_ = true;
    state_ = format_.echoes ? State::echo : State::text;
    echoed_ = 0;
}

/// What came is no call, or no list of them: it is text, and so is what follows up to what closes the calls.
void PyCalls::reject(Pieces& out) {
    gate_.raw(held_, out);
    if (state_ == State::call) gate_.raw(call_.held(), out);
    held_.clear();
    state_ = State::rest;
}

std::size_t PyCalls::in_rest(std::string_view text, Pieces& out) {
    const MarkerScanner::Found found = scanner_.find(text, 0, format_.at_start ? 0 : kClose, false);
    const std::size_t end = found.begin + found.size;
    gate_.raw(text.substr(0, end), out);
    if (found.what == What::maybe) return found.begin + wait(text.substr(found.begin));
    if (found.what == What::marker) state_ = State::text;
    return end;
}

/// Behind the calls: they may come again, with what closes them.
std::size_t PyCalls::in_echo(std::string_view text, Pieces& out) {
    const char c = text.front();
    if (is_py_space(c) && held_.size() < block_.size() + ContentGate::kMaxSpaces) return hold(text.substr(0, 1));
    if (echoed_ == block_.size()) {
        if (text.starts_with(format_.close)) {
            held_.clear();
            echoed_ = 0;
            return format_.close.size();
        }
        if (format_.close.starts_with(text)) return wait(text);
    } else if (block_[echoed_] == c) {
        ++echoed_;
        return hold(text.substr(0, 1));
    }
    end_echo(out);
    return 0;
}

void PyCalls::end_echo(Pieces& out) {
    state_ = State::text;
    gate_.text(held_, out);
    held_.clear();
}

}  // namespace fastfront
