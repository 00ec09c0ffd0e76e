// SPDX-License-Identifier: Apache-2.0
#include "py_string.hpp"

#include "py_json.hpp"

namespace fastfront {

namespace {

/// What may follow a value in a call or a display.
constexpr std::string_view kFollowers = ",)]}:";

int hex_digit(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

bool PyString::is_prefix(std::string_view letters) noexcept {
    if (letters.size() > 2) return false;
    int raw = 0;
    int formatted = 0;
    int plain = 0;
    for (const char c : letters) {
        raw += c == 'r' || c == 'R' ? 1 : 0;
        formatted += c == 'f' || c == 'F' ? 1 : 0;
        plain += c == 'u' || c == 'U' ? 1 : 0;
    }
    if (raw + formatted + plain != static_cast<int>(letters.size())) return false;
    return raw <= 1 && formatted <= 1 && (plain == 0 || letters.size() == 1);
}

void PyString::begin(std::string_view prefix, bool lenient) noexcept {
    step_ = Step::open;
    raw_ = prefix.find_first_of("rR") != std::string_view::npos;
    formatted_ = prefix.find_first_of("fF") != std::string_view::npos;
    lenient_ = lenient;
    triple_ = false;
    pending_.clear();
}

std::size_t PyString::push(std::string_view text, std::string& out) {
    std::size_t read = 0;
    while (read < text.size() && step_ != Step::done && step_ != Step::failed) {
        if (step_ == Step::body) {
            std::size_t end = read;
            while (end < text.size() && text[end] != quote_ && text[end] != '\\' && text[end] != '{' &&
                   text[end] != '}' && text[end] != '\n' && text[end] != '\r' && text[end] != '\0') {
                ++end;
            }
            out.append(text.substr(read, end - read));
            read = end;
            if (read == text.size()) break;
        }
        if (take(text[read], out)) ++read;
    }
    return read;
}

/// Take one byte. False: it is to be looked at once more, or not part of the string.
bool PyString::take(char c, std::string& out) {
    switch (step_) {
        case Step::open:
            if (c != '\'' && c != '"') return fail();
            quote_ = c;
            step_ = Step::opened;
            return true;
        case Step::opened:
            step_ = c == quote_ ? Step::empty : Step::body;
            if (c == quote_) pending_.assign(1, c);
            return c == quote_;
        case Step::empty:
            if (c == quote_) {
                triple_ = true;
                pending_.clear();
                step_ = Step::body;
                return true;
            }
            close();
            return false;
        case Step::body: return take_body(c, out);
        case Step::escape: return take_escape(c, out);
        case Step::kept:
            step_ = Step::body;
            if (c != quote_ && c != '\\' && c != '\n') return false;
            out.push_back(c);
            return true;
        case Step::octal: return take_octal(c, out);
        case Step::hex: return take_hex(c, out);
        case Step::brace:
            if (c != pending_.front()) return fail();
            back_to_body(out);
            return true;
        case Step::carriage: step_ = Step::body; return c == '\n';
        default: return take_end(c, out);
    }
}

bool PyString::take_body(char c, std::string& out) {
    if (c == quote_) {
        if (triple_) {
            step_ = Step::quotes;
        } else {
            close();
        }
        if (step_ != Step::done) pending_.assign(1, c);
        return true;
    }
    switch (c) {
        case '\\':
            step_ = raw_ ? Step::kept : Step::escape;
            if (raw_) {
                out.push_back(c);
            } else {
                pending_.assign(1, c);
            }
            return true;
        case '{':
        case '}':
            if (formatted_) {
                step_ = Step::brace;
                pending_.assign(1, c);
                return true;
            }
            break;
        case '\r':
            if (triple_) {
                out.push_back('\n');
                step_ = Step::carriage;
                return true;
            }
            [[fallthrough]];
        case '\n':
            if (!triple_ && !lenient_) return fail();
            break;
        default:
            if (c == '\0' && !lenient_) return fail();
    }
    out.push_back(c);
    return true;
}

bool PyString::take_escape(char c, std::string& out) {
    constexpr std::string_view kFrom = "\\'\"abfnrtv";
    constexpr std::string_view kTo = "\\'\"\a\b\f\n\r\t\v";
    const std::size_t which = kFrom.find(c);
    if (which != std::string_view::npos) {
        out.push_back(kTo[which]);
    } else if (c >= '0' && c <= '7') {
        unit_ = 0;
        digits_ = 3;
        step_ = Step::octal;
        return false;
    } else if (c == 'x' || c == 'u' || c == 'U') {
        unit_ = 0;
        digits_ = c == 'x' ? 2 : c == 'u' ? 4 : 8;
        step_ = Step::hex;
        pending_.push_back(c);
        return true;
    } else if (c == 'N' || c == '\0') {  // the names of characters are not known here
        return fail();
    } else if (c == '\r') {
        step_ = Step::carriage;
        pending_.clear();
        return true;
    } else if (c != '\n') {  // a line that goes on has no text; an escape that is none stays as it is
        back_to_body(out);
        return false;
    }
    pending_.clear();
    step_ = Step::body;
    return true;
}

bool PyString::take_octal(char c, std::string& out) {
    const bool is_digit = c >= '0' && c <= '7';
    if (is_digit) {
        unit_ = unit_ * 8 + static_cast<std::uint32_t>(c - '0');
        pending_.push_back(c);
        --digits_;
    }
    if (is_digit && digits_ > 0) return true;
    append_code_point(out, unit_);
    pending_.clear();
    step_ = Step::body;
    return is_digit;
}

bool PyString::take_hex(char c, std::string& out) {
    const int digit = hex_digit(c);
    if (digit < 0) return fail();
    pending_.push_back(c);
    unit_ = unit_ << 4 | static_cast<std::uint32_t>(digit);
    if (--digits_ > 0) return true;
    if (unit_ > 0x10FFFF) {
        step_ = Step::failed;
        return true;
    }
    append_code_point(out, unit_);
    pending_.clear();
    step_ = Step::body;
    return true;
}

/// Behind a quote that may be the end.
bool PyString::take_end(char c, std::string& out) {
    if (step_ == Step::quotes) {
        if (c != quote_) return back_to_body(out);
        pending_.push_back(c);
        if (pending_.size() == 3) {
            pending_.clear();
            step_ = Step::done;
        }
        return true;
    }
    if (is_py_space(c)) {
        pending_.push_back(c);
        return true;
    }
    if (kFollowers.find(c) == std::string_view::npos) return back_to_body(out);
    pending_.clear();
    step_ = Step::done;
    return false;
}

void PyString::close() noexcept {
    if (lenient_) {
        step_ = Step::closing;
    } else {
        pending_.clear();
        step_ = Step::done;
    }
}

/// What is pending is text.
bool PyString::back_to_body(std::string& out) {
    out.append(pending_);
    pending_.clear();
    step_ = Step::body;
    return false;
}

}  // namespace fastfront
