// SPDX-License-Identifier: Apache-2.0
#include "json_number.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <system_error>

namespace fastfront {

namespace {

/// Whether a number out of a double's range is too large rather than too small.
bool is_huge(std::string_view number) noexcept {
    const std::size_t mark = number.find_first_of("eE");
    const std::string_view mantissa = number.substr(0, mark);
    double exponent = 0;  // a double: the text may have more digits than any integer
    if (mark != std::string_view::npos) {
        const bool is_negative = number[mark + 1] == '-';
        for (const char c : number.substr(mark + 1)) {
            if (c >= '0' && c <= '9') exponent = exponent * 10 + (c - '0');
        }
        exponent = is_negative ? -exponent : exponent;
    }
    const std::size_t dot = mantissa.find('.');
    const std::size_t first = mantissa.find_first_of("123456789");
    if (first == std::string_view::npos) return false;
    const auto point = static_cast<double>(dot == std::string_view::npos ? mantissa.size() : dot);
    return exponent + point - static_cast<double>(first) > 0;
}

/// repr(float): the shortest digits that read back, with an exponent outside of 1e-4 ... 1e16.
void append_repr(std::string& out, double value) {
    if (std::isinf(value)) {
        out.append(value < 0 ? "-Infinity" : "Infinity");
        return;
    }
    char buffer[40];
    const auto result = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
    std::string_view text(buffer, static_cast<std::size_t>(result.ptr - buffer));
    if (text.front() == '-') {
        out.push_back('-');
        text.remove_prefix(1);
    }
    const std::size_t mark = text.find('e');
    int exponent = 0;
    const std::size_t digits_of_exponent = mark + (text[mark + 1] == '+' ? 2 : 1);
    std::from_chars(text.data() + digits_of_exponent, text.data() + text.size(), exponent);
    std::string digits(1, text.front());
    if (mark > 2) digits.append(text.substr(2, mark - 2));
    if (exponent < -4 || exponent >= 16) {
        out.push_back(digits.front());
        if (digits.size() > 1) out.append(".").append(digits, 1);
        out.append(exponent < 0 ? "e-" : "e+");
        const int size = std::abs(exponent);
        if (size < 10) out.push_back('0');
        out.append(std::to_string(size));
    } else if (exponent < 0) {
        out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
    } else {
        const auto whole = static_cast<std::size_t>(exponent) + 1;
        if (digits.size() < whole) digits.append(whole - digits.size(), '0');
        out.append(digits, 0, whole).push_back('.');
        out.append(digits.size() > whole ? std::string_view(digits).substr(whole) : "0");
    }
}

}  // namespace

void append_python_number(std::string& out, std::string_view number) {
    if (number.find_first_of(".eE") == std::string_view::npos) {
        out.append(number == "-0" ? "0" : number);
        return;
    }
    double value = 0;
    const auto result = std::from_chars(number.data(), number.data() + number.size(), value);
    if (result.ec == std::errc::result_out_of_range) {
        value = is_huge(number) ? HUGE_VAL : 0.0;
        if (number.front() == '-') value = -value;
    }
    append_repr(out, value);
}

}  // namespace fastfront
