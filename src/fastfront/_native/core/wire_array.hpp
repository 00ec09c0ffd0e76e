// SPDX-License-Identifier: Apache-2.0
// An array or tensor of a message, as vLLM's MsgpackEncoder writes it (vllm/v1/serial_utils.py): dtype, shape, and the
// elements' bytes: inline (extension type 3) or in an auxiliary frame, referred to by its number. Checked once, when it
// is read: whoever asks for an element within the shape reads within the message. Knows nothing of what it means.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "msgpack_reader.hpp"

namespace fastfront {

/// The frames of a message behind the first: auxiliary frame 1 is element 0.
using AuxFrames = std::span<const std::span<const std::uint8_t>>;

struct WireArray {
    enum class Type : std::uint8_t { other, int32, int64, float32, float64 };
    static constexpr std::size_t kMaxDimensions = 8;

    std::string_view dtype;  // as the sender names it: "<i4" for an array, "int32" for a tensor
    Type type = Type::other;
    std::array<std::size_t, kMaxDimensions> shape{};
    std::size_t dimensions = 0;
    std::size_t item_bytes = 0;
    std::span<const std::uint8_t> bytes;  // little-endian, row by row

    [[nodiscard]] bool empty() const noexcept { return dimensions == 0; }
    /// Element number `index` of a type of integers; as -1 whatever is of another.
    [[nodiscard]] std::int64_t integer(std::size_t index) const noexcept {
        if (type == Type::int32) {
            return load<std::int32_t>(index);
        }
        return type == Type::int64 ? load<std::int64_t>(index) : -1;
    }
    /// Element number `index` of a type of floats.
    [[nodiscard]] double real(std::size_t index) const noexcept {
        if (type == Type::float32) {
            return static_cast<double>(load<float>(index));
        }
        return type == Type::float64 ? load<double>(index) : 0.0;
    }

  private:
    template <typename Value>
    [[nodiscard]] Value load(std::size_t index) const noexcept {
        Value value;
        std::memcpy(&value, bytes.data() + index * sizeof value, sizeof value);
        return value;
    }
};

/// One with bytes of its own, to outlive the message.
class OwnedWireArray {
  public:
    explicit OwnedWireArray(const WireArray& array)
        : bytes_(array.bytes.begin(), array.bytes.end()), dtype_(array.dtype), array_(array) {
        array_.bytes = bytes_;
        array_.dtype = dtype_;
    }
    OwnedWireArray(const OwnedWireArray&) = delete;
    OwnedWireArray& operator=(const OwnedWireArray&) = delete;

    /// Valid as long as this is.
    [[nodiscard]] const WireArray& array() const noexcept { return array_; }

  private:
    std::vector<std::uint8_t> bytes_;
    std::string dtype_;
    WireArray array_;
};

/// Read one; an error of the reader if it is none, or if its bytes are not as many as its shape says.
[[nodiscard]] WireArray read_wire_array(MsgpackReader& reader, AuxFrames aux) noexcept;

}  // namespace fastfront
