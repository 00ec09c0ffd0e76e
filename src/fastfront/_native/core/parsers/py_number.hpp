// SPDX-License-Identifier: Apache-2.0
// Numbers as Python reads and writes them: int(), float() and repr() of text that a model wrote. Knows no JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fastfront {

/// `str(int(text))`; none: int() refuses it. Digits of ASCII only.
[[nodiscard]] std::optional<std::string> py_int(std::string_view text);

/// `float(text)`; none: float() refuses it. May be infinite or not a number.
[[nodiscard]] std::optional<double> py_float(std::string_view text);

/// `repr(value)` of a finite float.
[[nodiscard]] std::string py_repr(double value);

/// `str(int(value))` of a finite float.
[[nodiscard]] std::string py_truncated(double value);

/// `str(int(value))` if nothing is behind its point, or else `repr(value)`, of a finite float.
[[nodiscard]] std::string py_int_or_repr(double value);

}  // namespace fastfront
