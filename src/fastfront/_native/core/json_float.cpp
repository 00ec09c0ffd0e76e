// SPDX-License-Identifier: Apache-2.0
#include "json_float.hpp"

#include <charconv>
#include <cmath>
#include <string_view>

#include "json_writer.hpp"

namespace fastfront {

namespace {

/// From this power of ten on, and below the other, both use an exponent.
constexpr int kLargeExponent = 16;

}  // namespace

void append_json_float(std::string& out, double value, FloatStyle style) {
    if (!std::isfinite(value)) {
        out.append("null");
        return;
    }
    if (std::signbit(value)) {
        out.push_back('-');
        value = -value;
    }
    if (value == 0.0) {
        out.append("0.0");
        return;
    }
    char buffer[32];
    const auto result = std::to_chars(buffer, buffer + sizeof buffer, value, std::chars_format::scientific);
    // "d.ddde±xx", or "de±xx": the digits without the point go to the front of the buffer.
    const std::string_view text(buffer, static_cast<std::size_t>(result.ptr - buffer));
    const std::size_t e = text.find('e');
    int exponent = 0;
    const char* number = buffer + e + 1 + (text[e + 1] == '+' ? 1 : 0);
    std::from_chars(number, result.ptr, exponent);
    std::size_t digits = 1;
    for (std::size_t i = 2; i < e; ++i) {
        buffer[digits++] = buffer[i];
    }
    if (exponent >= kLargeExponent || exponent < (style == FloatStyle::python ? -4 : -5)) {
        out.push_back(buffer[0]);
        if (digits > 1) {
            out.push_back('.');
            out.append(buffer + 1, digits - 1);
        }
        out.append(exponent < 0 ? "e-" : "e+");
        const int size = exponent < 0 ? -exponent : exponent;
        if (style == FloatStyle::python && size < 10) {
            out.push_back('0');
        }
        append_json_int(out, size);
    } else if (exponent < 0) {
        out.append("0.").append(static_cast<std::size_t>(-exponent - 1), '0').append(buffer, digits);
    } else {
        const auto before = static_cast<std::size_t>(exponent) + 1;
        out.append(buffer, std::min(before, digits));
        if (digits > before) {
            out.push_back('.');
            out.append(buffer + before, digits - before);
        } else {
            out.append(before - digits, '0').append(".0");
        }
    }
}

}  // namespace fastfront
