// SPDX-License-Identifier: Apache-2.0
// Builds engine messages for the tests, byte by byte, after the wire layout. Knows nothing of the decoder.
#pragma once

#include <bit>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wire {

inline std::string big_endian(std::uint64_t value, int width) {
    std::string out;
    for (int shift = 8 * (width - 1); shift >= 0; shift -= 8) {
        out.push_back(static_cast<char>((value >> shift) & 0xff));
    }
    return out;
}

inline std::string number(std::uint64_t value) {
    return value < 128 ? std::string(1, static_cast<char>(value)) : "\xce" + big_endian(value, 4);
}
inline std::string real(double value) { return "\xcb" + big_endian(std::bit_cast<std::uint64_t>(value), 8); }
inline std::string array(std::size_t size) { return "\xdc" + big_endian(size, 2); }
inline std::string map(std::size_t size) { return "\xde" + big_endian(size, 2); }
inline std::string nils(std::size_t count) { return std::string(count, '\xc0'); }
inline std::string text(std::string_view value) { return "\xd9" + big_endian(value.size(), 1) + std::string(value); }
inline std::string token_reason(std::uint64_t id) { return number(id); }

inline std::string id_text(std::uint64_t id) {
    std::string out;
    for (int shift = 60; shift >= 0; shift -= 4) {
        out.push_back("0123456789abcdef"[(id >> shift) & 15]);
    }
    return out;
}

/// One EngineCoreOutput. `finish`: one byte, the finish reason's number; "" while running.
inline std::string output(std::uint64_t id, std::initializer_list<std::uint32_t> tokens, std::string_view finish = {},
                          std::string stop_reason = nils(1)) {
    std::string out = array(finish.data() == nullptr ? 2 : 7) + text(id_text(id)) + array(tokens.size());
    for (const std::uint32_t token : tokens) {
        out += number(token);
    }
    if (finish.data() != nullptr) {
        out += nils(3) + (finish.empty() ? std::string(1, '\0') : std::string(finish)) + stop_reason;
    }
    return out;
}

/// One EngineCoreOutputs message of engine 0.
inline std::string message(const std::vector<std::string>& outputs, double timestamp = 1.0) {
    std::string out = array(4) + number(0) + array(outputs.size());
    for (const std::string& each : outputs) {
        out += each;
    }
    return out + nils(1) + real(timestamp);
}

inline std::span<const std::uint8_t> span(const std::string& bytes) {
    return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

}  // namespace wire
