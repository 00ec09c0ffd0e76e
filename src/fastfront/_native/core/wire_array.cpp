// SPDX-License-Identifier: Apache-2.0
#include "wire_array.hpp"

#include <bit>

namespace fastfront {

static_assert(std::endian::native == std::endian::little, "the arrays of the wire are little-endian");

namespace {

/// vLLM's CUSTOM_TYPE_RAW_VIEW.
constexpr std::int8_t kRawView = 3;

struct ItemType {
    std::string_view dtype;
    WireArray::Type type;
    std::size_t bytes;
};

constexpr ItemType kItemTypes[] = {
    {"<i4", WireArray::Type::int32, 4},     {"<f4", WireArray::Type::float32, 4},
    {"<i8", WireArray::Type::int64, 8},     {"<f8", WireArray::Type::float64, 8},
    {"int32", WireArray::Type::int32, 4},   {"float32", WireArray::Type::float32, 4},
    {"int64", WireArray::Type::int64, 8},   {"float64", WireArray::Type::float64, 8},
    {"|u1", WireArray::Type::other, 1},     {"|i1", WireArray::Type::other, 1},
    {"<u2", WireArray::Type::other, 2},     {"<i2", WireArray::Type::other, 2},
    {"<f2", WireArray::Type::other, 2},     {"|b1", WireArray::Type::other, 1},
    {"uint8", WireArray::Type::other, 1},   {"int16", WireArray::Type::other, 2},
    {"float16", WireArray::Type::other, 2}, {"bfloat16", WireArray::Type::other, 2},
};

}  // namespace

WireArray read_wire_array(MsgpackReader& reader, AuxFrames aux) noexcept {
    WireArray array;
    if (reader.read_array() != 3) {
        reader.refuse(Errc::wrong_type);
        return {};
    }
    array.dtype = reader.read_string();
    for (const ItemType& item : kItemTypes) {
        if (item.dtype == array.dtype) {
            array.type = item.type;
            array.item_bytes = item.bytes;
            break;
        }
    }
    const std::uint32_t dimensions = reader.read_array();
    if (array.item_bytes == 0 || dimensions == 0 || dimensions > WireArray::kMaxDimensions) {
        reader.refuse(Errc::wrong_type);
        return {};
    }
    array.dimensions = dimensions;
    // No product of the dimensions is trusted before the bytes were seen: more than 2^48 of anything is not there.
    constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 48;
    std::uint64_t size = array.item_bytes;
    for (std::uint32_t i = 0; i < dimensions; ++i) {
        const std::int64_t length = reader.read_int();
        if (length < 0 || static_cast<std::uint64_t>(length) > kMaxBytes ||
            (length != 0 && size > kMaxBytes / static_cast<std::uint64_t>(length))) {
            reader.refuse(Errc::out_of_range);
            return {};
        }
        array.shape[i] = static_cast<std::size_t>(length);
        size *= static_cast<std::uint64_t>(length);
    }
    if (reader.next_is_int()) {
        const std::int64_t frame = reader.read_int();
        if (frame < 1 || static_cast<std::uint64_t>(frame) > aux.size()) {
            reader.refuse(Errc::out_of_range);
            return {};
        }
        array.bytes = aux[static_cast<std::size_t>(frame - 1)];
    } else {
        std::int8_t type = 0;
        array.bytes = reader.read_extension(type);
        if (reader.ok() && type != kRawView) {
            reader.refuse(Errc::wrong_type);
        }
    }
    if (!reader.ok()) {
        return {};
    }
    if (array.bytes.size() != size) {
        reader.refuse(Errc::truncated);
        return {};
    }
    return array;
}

}  // namespace fastfront
