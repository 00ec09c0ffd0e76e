// SPDX-License-Identifier: Apache-2.0
#include "py_call.hpp"

#include "py_argument.hpp"

namespace fastfront {

namespace {

/// What literals are made of, besides brackets, words and strings.
constexpr std::string_view kMarks = ".+-:";

constexpr bool is_letter(char c) noexcept { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

constexpr char opener_of(char c) noexcept { return c == ')' ? '(' : c == ']' ? '[' : '{'; }

}  // namespace

void PyCall::begin(std::uint32_t call, bool strict) {
    step_ = Step::name;
    strict_ = strict;
    announced_ = has_arguments_ = has_members_ = in_string_ = in_nested_ = false;
    call_ = call;
    name_.clear();
    function_.clear();
    raw_.clear();
}

std::size_t PyCall::push(std::string_view text, Pieces& out) {
    std::size_t read = 0;
    while (read < text.size() && step_ != Step::done && step_ != Step::failed) {
        const std::string_view rest = text.substr(read);
        if (step_ == Step::string) {
            read += string_.push(rest, decoded_);
            put(out);
            if (string_.state() == PyString::State::failed) fail();
            if (string_.state() == PyString::State::done) {
                in_string_ = false;
                step_ = Step::joined;
            }
        } else if (in_nested_) {
            const std::size_t used = string_.push(rest, decoded_);
            decoded_.clear();
            raw_.append(rest.substr(0, used));
            read += used;
            if (string_.state() == PyString::State::failed) fail();
            in_nested_ = string_.state() == PyString::State::more;
        } else if (take(rest.front(), out)) {
            ++read;
        }
    }
    return read;
}

void PyCall::finish(Pieces& out) {
    if (in_string_ && string_.may_be_complete()) {
        in_string_ = false;
        step_ = Step::joined;
    }
    if (step_ == Step::joined) end_string(out);
}

/// Take one byte outside of strings. False: it is to be looked at once more, or not part of the call.
bool PyCall::take(char c, Pieces& out) {
    switch (step_) {
        case Step::name: return take_name(c);
        case Step::open:
            if (c != '(' && !is_py_space(c)) return fail();
            if (c == '(') step_ = Step::argument_or_end;
            raw_.push_back(c);
            return true;
        case Step::argument_or_end:
            if (c == ')') {
                close(out);
                return true;
            }
            if (!is_py_space(c)) {
                if (!is_py_word(c) || (strict_ && !is_letter(c))) return fail();
                begin_ = raw_.size();
                name_.clear();
                step_ = Step::argument;
                return false;
            }
            if (strict_) return fail();
            raw_.push_back(c);
            return true;
        case Step::argument:
        case Step::equals: return take_argument(c, out);
        case Step::value:
            if (is_py_space(c)) {
                raw_.push_back(c);
                return true;
            }
            value_ = raw_.size();
            open_.clear();
            step_ = Step::buffered;
            return false;
        case Step::buffered: return take_buffered(c, out);
        case Step::joined: return take_joined(c, out);
        default: return take_after(c, out);
    }
}

bool PyCall::take_name(char c) {
    if (is_py_word(c) || c == '.') {
        if (name_.size() == kMaxName || (strict_ && (c == '.' || (name_.empty() && !is_letter(c))))) return fail();
        name_.push_back(c);
        raw_.push_back(c);
        return true;
    }
    if (c != '(' && (strict_ || !is_py_space(c))) return fail();
    std::string_view rest = name_;
    for (std::size_t dot = 0; dot != std::string_view::npos; rest = rest.substr(dot + 1)) {
        dot = rest.find('.');
        const std::string_view part = rest.substr(0, dot);
        if (part.empty() || !is_py_name(part, false)) return fail();
        if (dot == std::string_view::npos) break;
    }
    function_ = name_;
    step_ = Step::open;
    return false;
}

bool PyCall::take_argument(char c, Pieces& out) {
    if (c == '=') {
        if (!is_py_name(name_, lenient_)) return fail();
        raw_.push_back(c);
        if (!announced_) {
            announce(out);
            raw_.erase(0, begin_);
            begin_ = 0;
        }
        has_arguments_ = true;
        strict_ = false;
        step_ = Step::value;
        return true;
    }
    if (is_py_word(c) && step_ == Step::argument) {
        if (name_.size() == kMaxName) return fail();
        name_.push_back(c);
    } else if (is_py_space(c) && !strict_) {
        step_ = Step::equals;
    } else {
        return fail();
    }
    raw_.push_back(c);
    return true;
}

/// In a value that waits for its end, outside of the strings in it.
bool PyCall::take_buffered(char c, Pieces& out) {
    switch (c) {
        case '\'':
        case '"': {
            const std::string_view prefix = last_word();
            if (!PyString::is_prefix(prefix)) return fail();
            if (open_.empty()) {
                if (value_ + prefix.size() != raw_.size()) return fail();
                return begin_string(prefix, out);
            }
            string_.begin(prefix, lenient_);
            in_nested_ = true;
            return false;
        }
        case '(':
        case '[':
        case '{':
            if (open_.size() == kMaxPyDepth) return fail();
            open_.push_back(c);
            break;
        case ')':
        case ']':
        case '}':
            if (open_.empty()) {
                if (c != ')' || !end_buffered(out)) return fail();
                return false;
            }
            if (open_.back() != opener_of(c)) return fail();
            open_.pop_back();
            break;
        case ',':
            if (!open_.empty()) break;
            if (!end_buffered(out)) return fail();
            return false;
        default:
            if (!is_py_word(c) && !is_py_space(c) && kMarks.find(c) == std::string_view::npos) return fail();
            if (open_.empty() && raw_.size() - value_ == kMaxPyWord) return fail();
    }
    raw_.push_back(c);
    return true;
}

bool PyCall::end_buffered(Pieces& out) {
    const auto value = py_argument(std::string_view(raw_).substr(value_), lenient_);
    if (!value) return false;
    begin_member();
    py_dump(*value, json_);
    out.add_arguments(call_, json_);
    json_.clear();
    raw_.clear();
    step_ = Step::after;
    return true;
}

bool PyCall::begin_string(std::string_view prefix, Pieces& out) {
    string_.begin(prefix, lenient_);
    if (step_ == Step::buffered) {
        begin_member();
        json_.push_back('"');
        put(out);
    }
    raw_.clear();
    in_string_ = true;
    step_ = Step::string;
    return false;
}

/// Behind a string: strings side by side are one.
bool PyCall::take_joined(char c, Pieces& out) {
    if (c == '\'' || c == '"') {
        const std::string_view prefix = last_word();
        if (PyString::is_prefix(prefix)) return begin_string(prefix, out);
    } else if (is_py_space(c) ? last_word().empty() : PyString::is_prefix({&c, 1}) && last_word().size() < 2) {
        raw_.push_back(c);
        return true;
    }
    const bool is_end = last_word().empty();
    end_string(out);
    if (!is_end) return fail();
    raw_.clear();
    return false;
}

void PyCall::end_string(Pieces& out) {
    out.add_arguments(call_, "\"");
    step_ = Step::after;
}

bool PyCall::take_after(char c, Pieces& out) {
    if (c == ')') {
        close(out);
    } else if (c == ',') {
        raw_.clear();
        step_ = Step::argument_or_end;
    } else if (is_py_space(c)) {
        raw_.push_back(c);
    } else {
        return fail();
    }
    return true;
}

void PyCall::close(Pieces& out) {
    if (!announced_) announce(out);
    out.add_arguments(call_, has_members_ ? "}" : "{}");
    raw_.clear();
    step_ = Step::done;
}

void PyCall::announce(Pieces& out) {
    announced_ = true;
    out.begin_call(call_, function_);
}

void PyCall::begin_member() {
    json_.append(has_members_ ? ", \"" : "{\"");
    py_dump_text(name_, json_);
    json_.append("\": ");
    has_members_ = true;
}

void PyCall::put(Pieces& out) {
    py_dump_text(decoded_, json_);
    out.add_arguments(call_, json_);
    decoded_.clear();
    json_.clear();
}

/// The word that raw_ ends with.
std::string_view PyCall::last_word() const noexcept {
    std::size_t begin = raw_.size();
    while (begin > 0 && raw_.size() - begin < 3 && is_py_word(raw_[begin - 1])) --begin;
    return std::string_view(raw_).substr(begin);
}

}  // namespace fastfront
