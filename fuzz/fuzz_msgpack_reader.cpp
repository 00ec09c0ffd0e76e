// SPDX-License-Identifier: Apache-2.0
// Invariant: skip() steps over exactly the values that a slow recursive walk finds, and fails exactly where it fails.
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <span>
#include <vector>

#include "msgpack_reader.hpp"

namespace {

using Bytes = std::span<const std::uint8_t>;

/// The end of the value that begins at `at`, by the specification's table; nothing if it is not all there.
std::optional<std::size_t> end_of(Bytes bytes, std::size_t at, int depth) {
    const auto number = [&](std::size_t from, std::size_t width) -> std::optional<std::uint64_t> {
        if (from + width > bytes.size()) {
            return std::nullopt;
        }
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < width; ++i) {
            value = value * 256 + bytes[from + i];
        }
        return value;
    };
    const auto fixed = [&](std::uint64_t size) -> std::optional<std::size_t> {
        return size <= bytes.size() - at ? std::optional(at + static_cast<std::size_t>(size)) : std::nullopt;
    };
    const auto values = [&](std::size_t from, std::uint64_t count) -> std::optional<std::size_t> {
        std::optional<std::size_t> cursor = from;
        for (; count > 0 && cursor; --count) {
            cursor = end_of(bytes, *cursor, depth + 1);
        }
        return cursor;
    };
    if (at >= bytes.size() || depth > 2000) {
        return std::nullopt;
    }
    const std::uint8_t lead = bytes[at];
    if (lead <= 0x7f || lead >= 0xe0) return at + 1;
    if (lead <= 0x8f) return values(at + 1, 2u * (lead & 15u));
    if (lead <= 0x9f) return values(at + 1, lead & 15u);
    if (lead <= 0xbf) return fixed(1u + (lead & 31u));
    static constexpr std::uint64_t kScalar[] = {1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 5,  9, 2,
                                                3, 5, 9, 2, 3, 5, 9, 3, 4, 6, 10, 18};
    if (lead <= 0xd8 && kScalar[lead - 0xc0] != 0) return fixed(kScalar[lead - 0xc0]);
    std::size_t width = 0;
    std::uint64_t extra = 0;
    switch (lead) {
        case 0xc7: extra = 1; [[fallthrough]];
        case 0xc4:
        case 0xd9: width = 1; break;
        case 0xc8: extra = 1; [[fallthrough]];
        case 0xc5:
        case 0xda:
        case 0xdc:
        case 0xde: width = 2; break;
        case 0xc9: extra = 1; [[fallthrough]];
        case 0xc6:
        case 0xdb:
        case 0xdd:
        case 0xdf: width = 4; break;
        default: return std::nullopt;
    }
    const auto count = number(at + 1, width);
    if (!count) return std::nullopt;
    if (lead == 0xdc || lead == 0xdd) return values(at + 1 + width, *count);
    if (lead == 0xde || lead == 0xdf) return values(at + 1 + width, *count * 2);
    return fixed(1 + width + extra + *count);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // The slow walk is exponential in nothing but recursive in depth: a short copy of exact size keeps it honest, and
    // lets a sanitizer see a read behind the end.
    const std::vector<std::uint8_t> copy(data, data + (size < 1000 ? size : 1000));
    const Bytes bytes(copy);
    fastfront::MsgpackReader reader(bytes);
    for (std::size_t at = 0; at < bytes.size();) {
        const auto expected = end_of(bytes, at, 0);
        reader.skip();
        if (reader.ok() != expected.has_value() || (expected && reader.position() != *expected)) {
            std::abort();
        }
        if (!expected) {
            break;
        }
        at = *expected;
    }
    return 0;
}
