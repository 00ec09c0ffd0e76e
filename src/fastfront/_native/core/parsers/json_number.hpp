// SPDX-License-Identifier: Apache-2.0
// JSON numbers as Python writes them back: json.dumps(json.loads(text)). Knows no strings, no structure.
#pragma once

#include <string>
#include <string_view>

namespace fastfront {

/// Append a JSON number (RFC 8259) as Python would: integers as they are ("-0" is 0), others as repr(float(text)),
/// which is Infinity beyond the range.
void append_python_number(std::string& out, std::string_view number);

}  // namespace fastfront
