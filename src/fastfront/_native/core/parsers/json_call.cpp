// SPDX-License-Identifier: Apache-2.0
#include "json_call.hpp"

#include <algorithm>

namespace fastfront {

namespace {

/// Whether the JSON string `quoted` is `text`, which needs no escapes.
bool is_quoted(std::string_view quoted, std::string_view text) noexcept {
    return !text.empty() && quoted.size() == text.size() + 2 && quoted.substr(1, text.size()) == text;
}

}  // namespace

void JsonCall::begin(std::uint32_t call) {
    step_ = Step::open;
    in_key_ = announced_ = streaming_ = has_name_ = has_arguments_ = false;
    first_ = '\0';
    call_ = call;
    name_.clear();
    id_.clear();
    buffer_.clear();
    raw_.clear();
}

std::size_t JsonCall::push(std::string_view text, Pieces& out) {
    std::size_t read = 0;
    while (read < text.size() && step_ != Step::done && step_ != Step::failed) {
        std::string_view rest = text.substr(read);
        if (rules_.bare && !announced_) {
            if (raw_.size() >= kMaxBare) {
                fail();
                break;
            }
            rest = rest.substr(0, kMaxBare - raw_.size());
        }
        const bool was_announced = announced_;
        const bool was_streaming = streaming_;
        const std::size_t used = step(rest, out);
        if (announced_ && !was_announced) {
            raw_.clear();
        } else if (!was_streaming) {
            raw_.append(rest.substr(0, used));
        }
        read += used;
    }
    if (step_ == Step::done) raw_.clear();
    return read;
}

void JsonCall::finish(Pieces& out) {
    if (streaming_) out.add_arguments(call_, arguments_.pending());
}

std::size_t JsonCall::step(std::string_view text, Pieces& out) {
    if (in_key_) return read_key(text);
    if (step_ == Step::in_value) return read_value(text, out);
    const char c = text.front();
    if (is_json_space(c)) return 1;
    switch (step_) {
        case Step::open:
            if (c != '{') break;
            step_ = Step::key_or_end;
            return 1;
        case Step::key_or_end:
        case Step::key:
            if (c == '}' && step_ == Step::key_or_end) {
                close(out);
                return 1;
            }
            if (c != '"') break;
            in_key_ = true;
            scratch_.clear();
            value_.begin({.lenient = rules_.lenient});
            return 0;
        case Step::colon:
            if (c != ':') break;
            step_ = Step::value;
            return 1;
        case Step::value:
            if (!begin_value(c, out)) break;
            step_ = Step::in_value;
            return 0;
        case Step::after:
            if (c == '}') {
                close(out);
                return 1;
            }
            if (c != ',') break;
            step_ = Step::key;
            return 1;
        default: break;
    }
    fail();
    return 0;
}

std::size_t JsonCall::read_key(std::string_view text) {
    const std::size_t used = value_.push(text, scratch_);
    if (value_.state() == JsonStream::State::failed) fail();
    if (value_.state() == JsonStream::State::done) {
        in_key_ = false;
        end_key();
    }
    return used;
}

void JsonCall::end_key() {
    step_ = Step::colon;
    member_ = Member::other;
    if (rules_.keyed) {
        if (has_name_) return;
        append_json_decoded(name_, scratch_);
        has_name_ = true;
        member_ = Member::arguments;
    } else if (is_quoted(scratch_, rules_.name)) {
        member_ = Member::name;
    } else if (is_quoted(scratch_, rules_.arguments) || is_quoted(scratch_, rules_.also)) {
        // A stream cannot take back what it wrote: the first that comes counts.
        if (!has_arguments_) member_ = Member::arguments;
    } else if (is_quoted(scratch_, rules_.id)) {
        member_ = Member::id;
    }
}

/// Make ready for a value that begins with `c`. False: no such value makes a call.
bool JsonCall::begin_value(char c, Pieces& out) {
    scratch_.clear();
    if (member_ == Member::name && c != '"') return false;
    if (member_ == Member::other && rules_.bare && (c == '{' || c == '[')) return false;
    if (member_ == Member::arguments) {
        if (c != '{' && rules_.objects_only && (c != '"' || !rules_.strings_are_text) &&
            (c != 'n' || rules_.null.empty())) {
            return false;
        }
        first_ = c;
        has_arguments_ = true;
        arguments_.begin({.verbatim = rules_.verbatim && c == '{', .lenient = rules_.lenient});
        if (c == '{' && has_name_) announce(out);
        return true;
    }
    value_.begin({.lenient = rules_.lenient});
    return true;
}

std::size_t JsonCall::read_value(std::string_view text, Pieces& out) {
    JsonStream& stream = member_ == Member::arguments ? arguments_ : value_;
    std::string& target = member_ != Member::arguments ? scratch_ : buffer_;
    if (member_ == Member::other) scratch_.clear();
    const std::size_t used = stream.push(text, target);
    if (streaming_) {
        out.add_arguments(call_, buffer_);
        buffer_.clear();
    }
    if (stream.state() == JsonStream::State::failed) fail();
    if (stream.state() == JsonStream::State::done) {
        step_ = Step::after;
        end_value(out);
    }
    return used;
}

void JsonCall::end_value(Pieces& out) {
    streaming_ = false;
    if (member_ == Member::id && scratch_.front() == '"') {
        id_.clear();
        append_json_decoded(id_, scratch_);
    } else if (member_ == Member::name && !announced_) {
        name_.clear();
        append_json_decoded(name_, scratch_);
        has_name_ = true;
        if (first_ == '{') {
            announce(out);
            streaming_ = false;
        }
    }
}

/// The object is complete: what has not gone out can now, if it is a call.
void JsonCall::close(Pieces& out) {
    if (announced_) {
        step_ = Step::done;
    } else if (has_name_ && settle_arguments()) {
        announce(out);
        streaming_ = false;
        step_ = Step::done;
    } else {
        fail();
    }
}

/// Arguments that are no object. False: they make no call.
bool JsonCall::settle_arguments() {
    if (!has_arguments_) {
        buffer_ = rules_.missing;
    } else if (first_ == 'n') {
        buffer_ = rules_.null;
    } else if (first_ == '"' && rules_.strings_are_text) {
        std::string text;
        append_json_decoded(text, buffer_);
        buffer_ = std::move(text);
        return true;
    }
    return !buffer_.empty();
}

void JsonCall::announce(Pieces& out) {
    announced_ = streaming_ = true;
    out.begin_call(call_, name_, id_);
    out.add_arguments(call_, buffer_);
    buffer_.clear();
}

}  // namespace fastfront
