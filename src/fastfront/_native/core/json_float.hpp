// SPDX-License-Identifier: Apache-2.0
// Appends floats to JSON as vLLM's server prints them: shortest digits that read back as the same double, in one of two
// layouts. Whole bodies go through json.dumps (Python's repr), stream chunks through pydantic's model_dump_json.
#pragma once

#include <cstdint>
#include <string>

namespace fastfront {

enum class FloatStyle : std::uint8_t {
    python,   ///< 1e-05, -1.5e-07, 0.0001, 1e+16
    pydantic  ///< 0.00001, -1.5e-7, 0.0001, 1e+16
};

/// Append `value`; what JSON has no number for is `null`.
void append_json_float(std::string& out, double value, FloatStyle style);

}  // namespace fastfront
