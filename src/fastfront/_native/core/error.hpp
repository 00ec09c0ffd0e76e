// SPDX-License-Identifier: Apache-2.0
// The core's result codes. Nothing here throws: a code travels back to the one place that can act on it
// (the pump drops a bad message and counts it; the Cython layer turns a code into one exception type).
#pragma once

#include <cstdint>
#include <string_view>

namespace fastfront {

enum class Errc : std::uint8_t {
    ok,            ///< no error
    truncated,     ///< the message ends inside a value
    wrong_type,    ///< a value of another type than the layout says
    out_of_range,  ///< a number that does not fit where it belongs
    system,        ///< a system call failed; errno says why
};

/// One lower-case sentence without a full stop, for logs and exceptions.
[[nodiscard]] constexpr std::string_view message(Errc code) noexcept {
    switch (code) {
        case Errc::ok: return "no error";
        case Errc::truncated: return "the message ends inside a value";
        case Errc::wrong_type: return "a value has another type than the wire layout says";
        case Errc::out_of_range: return "a number does not fit where it belongs";
        case Errc::system: return "a system call failed";
    }
    return "unknown error";
}

}  // namespace fastfront
