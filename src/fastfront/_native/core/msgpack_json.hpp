// SPDX-License-Identifier: Apache-2.0
// A MessagePack value as JSON, printed as Python's json.dumps prints what it decodes to (no spaces, text as it is).
// For members that travel through the frontend unread, such as kv_transfer_params.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace fastfront {

/// Append the one value in `msgpack`. What JSON cannot say (bytes, NaN) is null. False, and nothing is appended: it is
/// no value, or nested deeper than anyone needs.
[[nodiscard]] bool append_msgpack_as_json(std::string& out, std::span<const std::uint8_t> msgpack);

}  // namespace fastfront
