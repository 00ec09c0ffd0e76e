// SPDX-License-Identifier: Apache-2.0
#include "py_number.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <system_error>

#include "py_text.hpp"

namespace fastfront {

namespace {

constexpr std::size_t kMaxIntDigits = 4300;  // sys.get_int_max_str_digits(): int() refuses longer ones

constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The digits from `at` on without their underscores, which may only stand between two digits.
std::optional<std::string> take_digits(std::string_view text, std::size_t& at) {
    std::string digits;
    while (at < text.size()) {
        if (is_digit(text[at])) {
            digits.push_back(text[at]);
        } else if (text[at] != '_' || digits.empty() || text[at - 1] == '_') {
            break;
        }
        ++at;
    }
    if (!digits.empty() && text[at - 1] == '_') return std::nullopt;
    return digits;
}

bool take_sign(std::string_view text, std::size_t& at) noexcept {
    if (at >= text.size() || (text[at] != '-' && text[at] != '+')) return false;
    return text[at++] == '-';
}

/// What from_chars makes of digits that it calls out of range: nothing of small ones, infinity of large ones.
double out_of_range(std::string_view mantissa, long exponent) noexcept {
    const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
    const std::size_t first = mantissa.find_first_of("123456789");
    if (first == std::string_view::npos) return 0.0;
    const long position = first < point ? static_cast<long>(point - first) : -static_cast<long>(first - point - 1);
    return position + exponent > 0 ? std::numeric_limits<double>::infinity() : 0.0;
}

}  // namespace

std::optional<std::string> py_int(std::string_view text) {
    text = py_strip(text);
    std::size_t at = 0;
    const bool negative = take_sign(text, at);
    const auto digits = take_digits(text, at);
    if (!digits || digits->empty() || at != text.size() || digits->size() > kMaxIntDigits) return std::nullopt;
    const std::size_t first = std::min(digits->find_first_not_of('0'), digits->size() - 1);
    std::string number = digits->substr(first);
    if (negative && number != "0") number.insert(number.begin(), '-');
    return number;
}

std::optional<double> py_float(std::string_view text) {
    text = py_strip(text);
    std::size_t at = 0;
    const bool negative = take_sign(text, at);
    const std::string word = py_lower_ascii(text.substr(at));
    if (word == "inf" || word == "infinity") {
        return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
    }
    if (word == "nan") return std::numeric_limits<double>::quiet_NaN();

    auto whole = take_digits(text, at);
    if (!whole) return std::nullopt;
    std::string mantissa = *whole;
    if (at < text.size() && text[at] == '.') {
        ++at;
        const auto fraction = take_digits(text, at);
        if (!fraction) return std::nullopt;
        mantissa.append(".").append(*fraction);
    }
    if (mantissa.find_first_of("0123456789") == std::string::npos) return std::nullopt;
    std::string number = mantissa;
    long exponent = 0;
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        ++at;
        const bool below = take_sign(text, at);
        const auto digits = take_digits(text, at);
        if (!digits || digits->empty()) return std::nullopt;
        number.append(below ? "e-" : "e").append(*digits);
        exponent = std::min<long>(std::strtol(digits->c_str(), nullptr, 10), 1L << 40) * (below ? -1 : 1);
    }
    if (at != text.size()) return std::nullopt;
    double value = 0.0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
    if (error == std::errc::result_out_of_range) {
        value = out_of_range(mantissa, exponent);
    } else if (error != std::errc{}) {
        return std::nullopt;
    }
    return negative ? -value : value;
}

std::string py_repr(double value) {
    char buffer[64];
    const auto written = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
    const std::string_view text(buffer, static_cast<std::size_t>(written.ptr - buffer));
    const std::size_t e = text.find('e');
    const int exponent = std::atoi(std::string(text.substr(e + 1)).c_str());
    std::string digits;
    for (const char c : text.substr(0, e)) {
        if (is_digit(c)) digits.push_back(c);
    }
    std::string out = text.front() == '-' ? "-" : "";
    if (exponent < -4 || exponent >= 16) {  // float_repr_style 'r'
        out.push_back(digits[0]);
        if (digits.size() > 1) out.append(".").append(digits, 1);
        out.append(exponent < 0 ? "e-" : "e+");
        const std::string power = std::to_string(std::abs(exponent));
        return out.append(power.size() < 2 ? "0" : "").append(power);
    }
    if (exponent < 0) {
        return out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(digits);
    }
    const auto whole = static_cast<std::size_t>(exponent) + 1;
    if (digits.size() <= whole) return out.append(digits).append(whole - digits.size(), '0').append(".0");
    return out.append(digits, 0, whole).append(".").append(digits, whole);
}

std::string py_truncated(double value) {
    char buffer[400];  // the largest double has 309 digits
    const auto written = std::to_chars(buffer, buffer + sizeof buffer, std::trunc(value), std::chars_format::fixed, 0);
    const std::string_view text(buffer, static_cast<std::size_t>(written.ptr - buffer));
    return std::string(text == "-0" ? text.substr(1) : text);
}

std::string py_int_or_repr(double value) { return std::trunc(value) == value ? py_truncated(value) : py_repr(value); }

}  // namespace fastfront
