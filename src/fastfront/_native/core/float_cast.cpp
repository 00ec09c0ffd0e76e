// SPDX-License-Identifier: Apache-2.0
#include "float_cast.hpp"

#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace fastfront {

namespace {

static_assert(std::endian::native == std::endian::little, "files and the wire are little-endian");

struct Name {
    std::string_view name;
    FloatType type;
    std::size_t width;
};

constexpr std::array<Name, 8> kNames{{
    {"float16", FloatType::float16, 2},
    {"bfloat16", FloatType::bfloat16, 2},
    {"float32", FloatType::float32, 4},
    {"float64", FloatType::float64, 8},
    {"float8_e4m3fn", FloatType::float8_e4m3fn, 1},
    {"float8_e4m3fnuz", FloatType::float8_e4m3fnuz, 1},
    {"float8_e5m2", FloatType::float8_e5m2, 1},
    {"float8_e5m2fnuz", FloatType::float8_e5m2fnuz, 1},
}};

template <typename Value>
Value load(const std::uint8_t* at) noexcept {
    Value value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

float from_half(std::uint16_t bits) noexcept {
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000) << 16;
    const std::uint32_t exponent = bits >> 10 & 0x1F;
    const std::uint32_t mantissa = bits & 0x3FF;
    if (exponent == 0) {
        const float value = std::ldexp(static_cast<float>(mantissa), -24);
        return sign != 0 ? -value : value;
    }
    const std::uint32_t wide = exponent == 0x1F ? 0xFF : exponent + 112;
    return std::bit_cast<float>(sign | wide << 23 | mantissa << 13);
}

/// What `shift` bits less leave of a number, rounded to the nearest, ties to even.
std::uint32_t rounded(std::uint32_t bits, std::uint32_t shift) noexcept {
    const std::uint32_t half = 1U << (shift - 1);
    const std::uint32_t odd = bits >> shift & 1;
    return (bits + half - 1 + odd) >> shift;
}

std::uint16_t to_half(float value) noexcept {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = bits >> 16 & 0x8000;
    const std::uint32_t magnitude = bits & 0x7FFFFFFF;
    std::uint32_t half = 0;
    if (magnitude > 0x7F800000) {
        half = 0x7E00;  // not a number
    } else if (magnitude >= 0x47800000) {
        half = 0x7C00;  // 65536 and more
    } else if (magnitude >= 0x38800000) {
        half = rounded(magnitude - 0x38000000, 13);  // a carry into the exponent is right, even into infinity
    } else if (magnitude >= 0x33000000) {
        const std::uint32_t mantissa = (magnitude & 0x7FFFFF) | 0x800000;
        half = rounded(mantissa, 126 - (magnitude >> 23));
    }
    return static_cast<std::uint16_t>(sign | half);
}

std::uint16_t to_bfloat(float value) noexcept {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7FFFFFFF) > 0x7F800000) {
        return 0x7FC0;
    }
    return static_cast<std::uint16_t>(rounded(bits, 16));
}

/// What the bytes of an eight-bit type stand for.
class Float8 {
  public:
    explicit Float8(FloatType type) noexcept {
        const bool fnuz = type == FloatType::float8_e4m3fnuz || type == FloatType::float8_e5m2fnuz;
        const int mantissa_bits = type == FloatType::float8_e4m3fn || type == FloatType::float8_e4m3fnuz ? 3 : 2;
        const int bias = (mantissa_bits == 3 ? 7 : 15) + (fnuz ? 1 : 0);
        for (int byte = 0; byte < 256; ++byte) {
            const int exponent = (byte & 0x7F) >> mantissa_bits;
            const int mantissa = byte & ((1 << mantissa_bits) - 1);
            const int significand = exponent == 0 ? mantissa : mantissa | 1 << mantissa_bits;
            const int power = (exponent == 0 ? 1 : exponent) - bias - mantissa_bits;
            float value = std::ldexp(static_cast<float>(significand), power);
            if (type == FloatType::float8_e5m2 && exponent == 0x1F) {
                value = mantissa == 0 ? std::numeric_limits<float>::infinity() : kNan;
            } else if (fnuz ? byte == 0x80 : type == FloatType::float8_e4m3fn && (byte & 0x7F) == 0x7F) {
                value = kNan;
            }
            values_[static_cast<std::size_t>(byte)] = byte >= 0x80 && !std::isnan(value) ? -value : value;
        }
    }
    float operator()(const std::uint8_t* at) const noexcept { return values_[*at]; }

  private:
    static constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
    std::array<float, 256> values_{};
};

template <typename Visit>
void each(const FloatMatrix& matrix, std::size_t bytes, Visit visit) noexcept {
    for (std::size_t row = 0; row < matrix.rows; ++row) {
        const std::uint8_t* at = matrix.storage.data() + (matrix.offset + row * matrix.row_stride) * bytes;
        for (std::size_t column = 0; column < matrix.columns; ++column) {
            visit(at + column * matrix.column_stride * bytes);
        }
    }
}

void copy(const FloatMatrix& matrix, std::uint8_t* out) noexcept {
    const std::size_t bytes = width(matrix.type);
    if (matrix.column_stride == 1) {
        for (std::size_t row = 0; row < matrix.rows; ++row) {
            const std::uint8_t* at = matrix.storage.data() + (matrix.offset + row * matrix.row_stride) * bytes;
            std::memcpy(out + row * matrix.columns * bytes, at, matrix.columns * bytes);
        }
        return;
    }
    each(matrix, bytes, [&out, bytes](const std::uint8_t* at) {
        std::memcpy(out, at, bytes);
        out += bytes;
    });
}

template <typename Read, typename Write>
void convert(const FloatMatrix& matrix, std::uint8_t* out, Read read, Write write) noexcept {
    each(matrix, width(matrix.type), [&out, &read, &write](const std::uint8_t* at) {
        const auto value = write(read(at));
        std::memcpy(out, &value, sizeof value);
        out += sizeof value;
    });
}

template <typename Read>
void convert_to(const FloatMatrix& matrix, FloatType to, std::uint8_t* out, Read read) noexcept {
    switch (to) {
        case FloatType::float16: return convert(matrix, out, read, to_half);
        case FloatType::bfloat16: return convert(matrix, out, read, to_bfloat);
        default: return convert(matrix, out, read, [](float value) { return value; });
    }
}

}  // namespace

std::optional<FloatType> float_type(std::string_view name) noexcept {
    for (const Name& known : kNames) {
        if (known.name == name) {
            return known.type;
        }
    }
    return std::nullopt;
}

std::size_t width(FloatType type) noexcept { return kNames[static_cast<std::size_t>(type)].width; }

bool is_within(const FloatMatrix& matrix) noexcept {
    if (matrix.rows == 0 || matrix.columns == 0) {
        return true;
    }
    std::size_t down = 0;
    std::size_t right = 0;
    std::size_t last = 0;
    return !__builtin_mul_overflow(matrix.rows - 1, matrix.row_stride, &down) &&
           !__builtin_mul_overflow(matrix.columns - 1, matrix.column_stride, &right) &&
           !__builtin_add_overflow(down, right, &last) && !__builtin_add_overflow(last, matrix.offset, &last) &&
           last < matrix.storage.size() / width(matrix.type);
}

Errc cast_floats(const FloatMatrix& matrix, FloatType to, std::span<std::uint8_t> out) noexcept {
    if (to != FloatType::float16 && to != FloatType::bfloat16 && to != FloatType::float32) {
        return Errc::wrong_type;
    }
    std::size_t bytes = 0;
    if (!is_within(matrix) || __builtin_mul_overflow(matrix.rows, matrix.columns, &bytes) ||
        __builtin_mul_overflow(bytes, width(to), &bytes) || bytes != out.size()) {
        return Errc::out_of_range;
    }
    if (bytes == 0) {
        return Errc::ok;
    }
    if (matrix.type == to) {
        copy(matrix, out.data());
        return Errc::ok;
    }
    switch (matrix.type) {
        case FloatType::float16:
            convert_to(matrix, to, out.data(),
                       [](const std::uint8_t* at) { return from_half(load<std::uint16_t>(at)); });
            break;
        case FloatType::bfloat16:
            convert_to(matrix, to, out.data(), [](const std::uint8_t* at) {
                return std::bit_cast<float>(static_cast<std::uint32_t>(load<std::uint16_t>(at)) << 16);
            });
            break;
        case FloatType::float32: convert_to(matrix, to, out.data(), load<float>); break;
        case FloatType::float64:
            convert_to(matrix, to, out.data(),
                       [](const std::uint8_t* at) { return static_cast<float>(load<double>(at)); });
            break;
        default: convert_to(matrix, to, out.data(), Float8(matrix.type)); break;
    }
    return Errc::ok;
}

}  // namespace fastfront
