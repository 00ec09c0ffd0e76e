// SPDX-License-Identifier: Apache-2.0
#include "msgpack_reader.hpp"

#include <bit>
#include <limits>

namespace fastfront {

namespace {

/// What follows a leading byte: `width` bytes of length or value, then (for strings, binaries, extensions) a body.
struct Shape {
    std::uint8_t width;  // bytes of the big-endian number after the leading byte
    enum Kind : std::uint8_t { scalar, body, array, map, ext, invalid } kind;
};

constexpr Shape shape_of(std::uint8_t lead) noexcept {
    switch (lead) {
        case 0xc0:
        case 0xc2:
        case 0xc3: return {0, Shape::scalar};
        case 0xc4:
        case 0xd9: return {1, Shape::body};
        case 0xc5:
        case 0xda: return {2, Shape::body};
        case 0xc6:
        case 0xdb: return {4, Shape::body};
        case 0xc7: return {1, Shape::ext};
        case 0xc8: return {2, Shape::ext};
        case 0xc9: return {4, Shape::ext};
        case 0xcc:
        case 0xd0: return {1, Shape::scalar};
        case 0xcd:
        case 0xd1: return {2, Shape::scalar};
        case 0xca:
        case 0xce:
        case 0xd2: return {4, Shape::scalar};
        case 0xcb:
        case 0xcf:
        case 0xd3: return {8, Shape::scalar};
        case 0xd4: return {2, Shape::scalar};  // fixext: type byte and 1, 2, 4, 8, 16 bytes
        case 0xd5: return {3, Shape::scalar};
        case 0xd6: return {5, Shape::scalar};
        case 0xd7: return {9, Shape::scalar};
        case 0xd8: return {17, Shape::scalar};
        case 0xdc: return {2, Shape::array};
        case 0xdd: return {4, Shape::array};
        case 0xde: return {2, Shape::map};
        case 0xdf: return {4, Shape::map};
        default: return {0, Shape::invalid};
    }
}

}  // namespace

std::uint64_t MsgpackReader::take_be(std::size_t width) noexcept {
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) {
        value = (value << 8) | *cursor_++;
    }
    return value;
}

bool MsgpackReader::next_is_array() const noexcept {
    return ok() && cursor_ != end_ && ((*cursor_ & 0xf0) == 0x90 || *cursor_ == 0xdc || *cursor_ == 0xdd);
}

bool MsgpackReader::next_is_string() const noexcept {
    return ok() && cursor_ != end_ && ((*cursor_ & 0xe0) == 0xa0 || (*cursor_ >= 0xd9 && *cursor_ <= 0xdb));
}

std::uint32_t MsgpackReader::read_count(std::uint8_t fix_base, std::uint8_t fix_mask, std::uint8_t code16,
                                        std::uint8_t code32, std::size_t bytes_each) noexcept {
    if (!have(1)) {
        return 0;
    }
    const std::uint8_t lead = *cursor_;
    std::uint64_t count = 0;
    if ((lead & fix_mask) == fix_base) {
        ++cursor_;
        count = lead & static_cast<std::uint8_t>(~fix_mask);
    } else if (lead == code16 || lead == code32) {
        const std::size_t width = lead == code16 ? 2 : 4;
        if (!have(1 + width)) {
            return 0;
        }
        ++cursor_;
        count = take_be(width);
    } else {
        fail(Errc::wrong_type);
        return 0;
    }
    if (count * bytes_each > static_cast<std::uint64_t>(end_ - cursor_)) {
        fail(Errc::truncated);
        return 0;
    }
    return static_cast<std::uint32_t>(count);
}

std::uint32_t MsgpackReader::read_array() noexcept { return read_count(0x90, 0xf0, 0xdc, 0xdd, 1); }

std::uint32_t MsgpackReader::read_map() noexcept { return read_count(0x80, 0xf0, 0xde, 0xdf, 2); }

std::int64_t MsgpackReader::read_int() noexcept {
    if (!have(1)) {
        return 0;
    }
    const std::uint8_t lead = *cursor_;
    if (lead < 0x80 || lead >= 0xe0) {
        ++cursor_;
        return static_cast<std::int8_t>(lead);
    }
    if (lead < 0xcc || lead > 0xd3) {
        fail(Errc::wrong_type);
        return 0;
    }
    const std::size_t width = std::size_t{1} << ((lead - 0xcc) & 3);
    if (!have(1 + width)) {
        return 0;
    }
    ++cursor_;
    const std::uint64_t raw = take_be(width);
    switch (lead) {
        case 0xd0: return static_cast<std::int8_t>(raw);
        case 0xd1: return static_cast<std::int16_t>(raw);
        case 0xd2: return static_cast<std::int32_t>(raw);
        case 0xd3: return static_cast<std::int64_t>(raw);
        default: break;
    }
    if (raw > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        fail(Errc::out_of_range);
        return 0;
    }
    return static_cast<std::int64_t>(raw);
}

std::uint64_t MsgpackReader::read_uint64() noexcept {
    if (have(1) && *cursor_ == 0xcf) {
        if (!have(9)) {
            return 0;
        }
        ++cursor_;
        return take_be(8);
    }
    const std::int64_t value = read_int();
    if (value < 0) {
        fail(Errc::out_of_range);
        return 0;
    }
    return static_cast<std::uint64_t>(value);
}

std::uint32_t MsgpackReader::read_small_token_id() noexcept {
    const std::int64_t value = read_int();
    if (value < 0 || value > std::numeric_limits<std::uint32_t>::max()) {
        fail(Errc::out_of_range);
        return 0;
    }
    return static_cast<std::uint32_t>(value);
}

double MsgpackReader::read_double() noexcept {
    if (!have(1)) {
        return 0.0;
    }
    const std::uint8_t lead = *cursor_;
    if (lead == 0xcb || lead == 0xca) {
        const std::size_t width = lead == 0xcb ? 8 : 4;
        if (!have(1 + width)) {
            return 0.0;
        }
        ++cursor_;
        const std::uint64_t raw = take_be(width);
        return lead == 0xcb ? std::bit_cast<double>(raw)
                            : static_cast<double>(std::bit_cast<float>(static_cast<std::uint32_t>(raw)));
    }
    return static_cast<double>(read_int());
}

std::string_view MsgpackReader::read_string() noexcept {
    if (!have(1)) {
        return {};
    }
    const std::uint8_t lead = *cursor_;
    std::uint64_t size = 0;
    if ((lead & 0xe0) == 0xa0) {
        ++cursor_;
        size = lead & 0x1f;
    } else if (lead >= 0xd9 && lead <= 0xdb) {
        const std::size_t width = std::size_t{1} << (lead - 0xd9);
        if (!have(1 + width)) {
            return {};
        }
        ++cursor_;
        size = take_be(width);
    } else {
        fail(Errc::wrong_type);
        return {};
    }
    if (!have(size)) {
        return {};
    }
    const auto* text = reinterpret_cast<const char*>(cursor_);
    cursor_ += size;
    return {text, size};
}

std::span<const std::uint8_t> MsgpackReader::read_extension(std::int8_t& type) noexcept {
    if (!have(1)) {
        return {};
    }
    const std::uint8_t lead = *cursor_;
    std::uint64_t size = 0;
    if (lead >= 0xd4 && lead <= 0xd8) {
        ++cursor_;
        size = std::uint64_t{1} << (lead - 0xd4);
    } else if (lead >= 0xc7 && lead <= 0xc9) {
        const std::size_t width = std::size_t{1} << (lead - 0xc7);
        if (!have(1 + width)) {
            return {};
        }
        ++cursor_;
        size = take_be(width);
    } else {
        fail(Errc::wrong_type);
        return {};
    }
    if (!have(1 + size)) {
        return {};
    }
    type = static_cast<std::int8_t>(*cursor_++);
    const std::span<const std::uint8_t> bytes(cursor_, size);
    cursor_ += size;
    return bytes;
}

void MsgpackReader::skip() noexcept {
    // A counter of values still to pass instead of a stack: nesting costs nothing and cannot overflow, because every
    // pending value needs at least one byte that is really there.
    std::uint64_t pending = 1;
    while (pending > 0) {
        if (!have(1)) {
            return;
        }
        --pending;
        const std::uint8_t lead = *cursor_;
        if (lead < 0x80 || lead >= 0xe0) {
            ++cursor_;
        } else if ((lead & 0xf0) == 0x90) {
            ++cursor_;
            pending += lead & 0x0f;
        } else if ((lead & 0xf0) == 0x80) {
            ++cursor_;
            pending += std::uint64_t{2} * (lead & 0x0f);
        } else if ((lead & 0xe0) == 0xa0) {
            if (!have(1 + std::size_t{lead} - 0xa0)) {
                return;
            }
            cursor_ += 1 + (lead & 0x1f);
        } else {
            const Shape shape = shape_of(lead);
            if (shape.kind == Shape::invalid) {
                return fail(Errc::wrong_type);
            }
            if (!have(std::size_t{1} + shape.width)) {
                return;
            }
            ++cursor_;
            if (shape.kind == Shape::scalar) {
                cursor_ += shape.width;
                continue;
            }
            const std::uint64_t number = take_be(shape.width);
            if (shape.kind == Shape::array) {
                pending += number;
            } else if (shape.kind == Shape::map) {
                pending += 2 * number;
            } else {
                const std::uint64_t size = number + (shape.kind == Shape::ext ? 1 : 0);
                if (!have(size)) {
                    return;
                }
                cursor_ += size;
            }
        }
        if (pending > static_cast<std::uint64_t>(end_ - cursor_)) {
            return fail(Errc::truncated);
        }
    }
}

}  // namespace fastfront
