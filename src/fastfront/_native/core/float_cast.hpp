// SPDX-License-Identifier: Apache-2.0
// A matrix of floats, as a file's storage holds it, into the type that a model computes in: what PyTorch's
// `tensor.to(dtype)` gives (to the nearest, ties to even), laid out row by row, little-endian. Where the matrix lies is
// foreign: it is checked before anything is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "error.hpp"

namespace fastfront {

enum class FloatType : std::uint8_t {
    float16,
    bfloat16,
    float32,
    float64,
    float8_e4m3fn,
    float8_e4m3fnuz,
    float8_e5m2,
    float8_e5m2fnuz,
};

/// The type that PyTorch calls so ("bfloat16"), none for what is no float known here.
[[nodiscard]] std::optional<FloatType> float_type(std::string_view name) noexcept;
/// Bytes of one.
[[nodiscard]] std::size_t width(FloatType type) noexcept;

/// Strides and offset count elements.
struct FloatMatrix {
    std::span<const std::uint8_t> storage;
    FloatType type = FloatType::float32;
    std::size_t offset = 0;
    std::size_t rows = 0;
    std::size_t columns = 0;
    std::size_t row_stride = 0;
    std::size_t column_stride = 0;
};

/// Whether every element lies in the storage.
[[nodiscard]] bool is_within(const FloatMatrix& matrix) noexcept;

/// Fill `out`, of exactly rows × columns elements of `to`, one of float16, bfloat16 and float32. What has that type
/// already keeps its bits. out_of_range: the matrix does not lie in its storage, or `out` has another size.
[[nodiscard]] Errc cast_floats(const FloatMatrix& matrix, FloatType to, std::span<std::uint8_t> out) noexcept;

}  // namespace fastfront
