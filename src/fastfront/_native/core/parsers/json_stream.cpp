// SPDX-License-Identifier: Apache-2.0
#include "json_stream.hpp"

#include <cmath>

#include "../json_writer.hpp"
#include "py_number.hpp"

namespace fastfront {

namespace {

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// A hexadecimal digit's value; -1: it is none.
constexpr int hex_value(char c) noexcept {
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

constexpr bool is_high_surrogate(std::uint32_t unit) noexcept { return unit >= 0xd800 && unit < 0xdc00; }
constexpr bool is_low_surrogate(std::uint32_t unit) noexcept { return unit >= 0xdc00 && unit < 0xe000; }

void append_utf8(std::string& out, std::uint32_t code) {
    const auto byte = [&out](std::uint32_t value) { out.push_back(static_cast<char>(value)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xc0 | code >> 6);
        byte(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        byte(0xe0 | code >> 12);
        byte(0x80 | (code >> 6 & 0x3f));
        byte(0x80 | (code & 0x3f));
    } else {
        byte(0xf0 | code >> 18);
        byte(0x80 | (code >> 12 & 0x3f));
        byte(0x80 | (code >> 6 & 0x3f));
        byte(0x80 | (code & 0x3f));
    }
}

/// The character that a backslash and `c` stand for; 0: none.
constexpr char escaped_char(char c) noexcept {
    switch (c) {
        case '"': return '"';
        case '\\': return '\\';
        case '/': return '/';
        case 'b': return '\b';
        case 'f': return '\f';
        case 'n': return '\n';
        case 'r': return '\r';
        case 't': return '\t';
        default: return '\0';
    }
}

/// Append json.dumps(json.loads(number)): integers as they are ("-0" is 0), others as repr(float(number)).
void append_number(std::string& out, std::string_view number) {
    if (number.find_first_of(".eE") == std::string_view::npos) {
        out.append(number == "-0" ? "0" : number);
        return;
    }
    const double value = py_float(number).value_or(0.0);
    if (std::isinf(value)) {
        out.append(value < 0 ? "-Infinity" : "Infinity");
    } else {
        out.append(py_repr(value));
    }
}

}  // namespace

void append_json_decoded(std::string& out, std::string_view quoted) {
    for (std::size_t i = 1; i + 1 < quoted.size(); ++i) {
        if (quoted[i] != '\\') {
            out.push_back(quoted[i]);
        } else if (const char plain = escaped_char(quoted[++i]); plain != '\0') {
            out.push_back(plain);
        } else if (quoted[i] == 'u' && i + 4 < quoted.size()) {
            std::uint32_t unit = 0;
            for (int k = 0; k < 4; ++k) unit = unit << 4 | static_cast<std::uint32_t>(hex_value(quoted[++i]));
            // No text has an unpaired surrogate.
            append_utf8(out, unit >= 0xd800 && unit < 0xe000 ? 0xfffd : unit);
        }
    }
}

void JsonStream::begin(Options options) {
    options_ = options;
    step_ = Step::value;
    surrogate_ = 0;
    open_.clear();
    pending_.clear();
}

std::size_t JsonStream::push(std::string_view text, std::string& out) {
    std::size_t read = 0;
    while (read < text.size() && step_ != Step::done && step_ != Step::failed) {
        if (step_ == Step::string && surrogate_ == 0) {
            read += take_string(text.substr(read), out);
        } else if (take(text[read], out)) {
            ++read;
        }
    }
    if (options_.verbatim) out.append(text.substr(0, read));
    return read;
}

void JsonStream::finish(std::string& out) {
    if (step_ == Step::number && depth() == 0) take_number(' ', out);
}

/// Take one byte. False: it is not part of the value, which is done or failed, or goes on with the same byte.
bool JsonStream::take(char c, std::string& out) {
    switch (step_) {
        case Step::string:  // behind a high surrogate
            if (c != '\\') {
                flush_surrogate(out);
                pending_.clear();
                return false;
            }
            pending_.push_back(c);
            step_ = Step::escape;
            return true;
        case Step::escape: return take_escape(c, out);
        case Step::unicode: return take_unicode(c, out);
        case Step::number: return take_number(c, out);
        case Step::literal: return take_literal(c, out);
        case Step::done:
        case Step::failed: return false;
        default: break;
    }
    if (is_json_space(c) && !(step_ == Step::value && depth() == 0)) return true;
    switch (step_) {
        case Step::value_or_end:
            if (c == ']') return close(c, out);
            [[fallthrough]];
        case Step::value: return take_value(c, out);
        case Step::key_or_end:
            if (c == '}') return close(c, out);
            [[fallthrough]];
        case Step::key:
            if (c != '"') return fail();
            is_key_ = true;
            step_ = Step::string;
            write(out, "\"");
            return true;
        case Step::colon:
            if (c != ':') return fail();
            step_ = Step::value;
            write(out, ": ");
            return true;
        default:  // after
            if (c != ',') return close(c, out);
            step_ = open_.back() == '{' ? Step::key : Step::value;
            write(out, ", ");
            return true;
    }
}

bool JsonStream::take_value(char c, std::string& out) {
    switch (c) {
        case '{':
        case '[':
            if (depth() == kMaxDepth) return fail();
            open(c, out);
            return true;
        case '"':
            is_key_ = false;
            step_ = Step::string;
            write(out, "\"");
            return true;
        case 't': literal_ = "true"; break;
        case 'f': literal_ = "false"; break;
        case 'n': literal_ = "null"; break;
        case 'N': literal_ = "NaN"; break;
        case 'I': literal_ = "Infinity"; break;
        default:
            if (c != '-' && !is_digit(c)) return fail();
            number_ = c == '-' ? Number::minus : c == '0' ? Number::zero : Number::integer;
            step_ = Step::number;
            pending_.assign(1, c);
            return true;
    }
    step_ = Step::literal;
    pending_.assign(1, c);
    return true;
}

/// Take what stands in a string as it is, up to a byte that does not. Returns how much was read.
std::size_t JsonStream::take_string(std::string_view text, std::string& out) {
    std::size_t end = 0;
    while (end < text.size() && text[end] != '"' && text[end] != '\\' &&
           static_cast<unsigned char>(text[end]) >= 0x20) {
        ++end;
    }
    write(out, text.substr(0, end));
    if (end == text.size()) return end;
    const char c = text[end];
    if (c == '"') {
        write(out, "\"");
        if (is_key_) {
            step_ = Step::colon;
        } else {
            end_value();
        }
    } else if (c == '\\') {
        pending_.assign(1, c);
        step_ = Step::escape;
    } else if (options_.lenient) {
        if (!options_.verbatim) append_json_escaped(out, text.substr(end, 1));
    } else {
        fail();
        return end;
    }
    return end + 1;
}

bool JsonStream::take_escape(char c, std::string& out) {
    if (c == 'u') {
        pending_.push_back(c);
        unit_ = digits_ = 0;
        step_ = Step::unicode;
        return true;
    }
    const char plain = escaped_char(c);
    if (plain == '\0') return fail();
    flush_surrogate(out);
    if (!options_.verbatim) append_json_escaped(out, {&plain, 1});
    pending_.clear();
    step_ = Step::string;
    return true;
}

bool JsonStream::take_unicode(char c, std::string& out) {
    const int value = hex_value(c);
    if (value < 0) return fail();
    pending_.push_back(c);
    unit_ = unit_ << 4 | static_cast<std::uint32_t>(value);
    if (++digits_ == 4) {
        step_ = Step::string;
        end_unit(unit_, out);
    }
    return true;
}

void JsonStream::end_unit(std::uint32_t unit, std::string& out) {
    if (surrogate_ != 0 && is_low_surrogate(unit)) {
        std::string text;
        append_utf8(text, 0x10000 + ((surrogate_ - 0xd800) << 10) + (unit - 0xdc00));
        write(out, text);
        surrogate_ = 0;
        pending_.clear();
        return;
    }
    flush_surrogate(out);
    if (is_high_surrogate(unit)) {
        surrogate_ = unit;
        if (pending_.size() > 6) pending_.erase(0, 6);  // the one before it has been written
        return;
    }
    pending_.clear();
    if (is_low_surrogate(unit)) {
        surrogate_ = unit;
        flush_surrogate(out);
        return;
    }
    std::string text;
    append_utf8(text, unit);
    if (!options_.verbatim) append_json_escaped(out, text);
}

/// An unpaired surrogate is no text: it stays the escape that it was.
void JsonStream::flush_surrogate(std::string& out) {
    if (surrogate_ == 0) return;
    constexpr char kHex[] = "0123456789abcdef";
    const char text[] = {'\\',
                         'u',
                         kHex[surrogate_ >> 12],
                         kHex[surrogate_ >> 8 & 15],
                         kHex[surrogate_ >> 4 & 15],
                         kHex[surrogate_ & 15]};
    write(out, {text, sizeof text});
    surrogate_ = 0;
}

bool JsonStream::take_number(char c, std::string& out) {
    const bool digit = is_digit(c);
    const bool mark = c == 'e' || c == 'E';
    bool goes_on = true;
    bool complete = true;
    switch (number_) {
        case Number::minus:
            complete = false;
            if (c == 'I') {
                literal_ = "-Infinity";
                step_ = Step::literal;
                pending_.push_back(c);
                return true;
            }
            number_ = c == '0' ? Number::zero : Number::integer;
            goes_on = digit;
            break;
        case Number::zero:
        case Number::integer:
            goes_on = (digit && number_ == Number::integer) || c == '.' || mark;
            if (c == '.') number_ = Number::point;
            if (mark) number_ = Number::mark;
            break;
        case Number::point:
            complete = false;
            goes_on = digit;
            number_ = Number::fraction;
            break;
        case Number::fraction:
            goes_on = digit || mark;
            if (mark) number_ = Number::mark;
            break;
        case Number::mark:
            complete = false;
            goes_on = digit || c == '+' || c == '-';
            number_ = digit ? Number::exponent : Number::sign;
            break;
        case Number::sign:
            complete = false;
            goes_on = digit;
            number_ = Number::exponent;
            break;
        case Number::exponent: goes_on = digit; break;
    }
    if (goes_on) {
        if (pending_.size() == kMaxDigits) return fail();
        pending_.push_back(c);
        return true;
    }
    if (!complete) return fail();
    if (!options_.verbatim) append_number(out, pending_);
    pending_.clear();
    end_value();
    return false;
}

bool JsonStream::take_literal(char c, std::string& out) {
    if (c != literal_[pending_.size()]) return fail();
    pending_.push_back(c);
    if (pending_.size() == literal_.size()) {
        write(out, literal_);
        pending_.clear();
        end_value();
    }
    return true;
}

void JsonStream::open(char c, std::string& out) {
    open_.push_back(c);
    step_ = c == '{' ? Step::key_or_end : Step::value_or_end;
    write(out, {&c, 1});
}

bool JsonStream::close(char c, std::string& out) {
    if (c != (open_.back() == '{' ? '}' : ']')) return fail();
    open_.pop_back();
    write(out, {&c, 1});
    end_value();
    return true;
}

}  // namespace fastfront
