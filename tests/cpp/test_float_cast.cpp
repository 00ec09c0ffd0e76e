// SPDX-License-Identifier: Apache-2.0
// The numbers are PyTorch's: tests/native/golden_floats.json has many more of them.
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "float_cast.hpp"

using namespace fastfront;

namespace {

template <typename Value>
std::vector<std::uint8_t> bytes_of(std::initializer_list<Value> values) {
    std::vector<std::uint8_t> bytes(values.size() * sizeof(Value));
    std::memcpy(bytes.data(), std::data(values), bytes.size());
    return bytes;
}

template <typename Value>
std::vector<Value> cast_row(const std::vector<std::uint8_t>& storage, FloatType type, FloatType to) {
    const std::size_t count = storage.size() / width(type);
    const FloatMatrix matrix{storage, type, 0, 1, count, count, 1};
    std::vector<std::uint8_t> out(count * sizeof(Value));
    REQUIRE(cast_floats(matrix, to, out) == Errc::ok);
    std::vector<Value> values(count);
    std::memcpy(values.data(), out.data(), out.size());
    return values;
}

}  // namespace

TEST_CASE("types have PyTorch's names and widths") {
    CHECK(width(float_type("bfloat16").value()) == 2);
    CHECK(width(float_type("float8_e5m2").value()) == 1);
    CHECK_FALSE(float_type("int64").has_value());
    CHECK_FALSE(float_type("").has_value());
}

TEST_CASE("float32 to float16 rounds to even, and past the largest to infinity") {
    const auto from = bytes_of<float>({1.0F, -2.0F, 65504.0F, 65519.0F, 65520.0F, 1e-8F, 5.9604645e-8F, 6.1035156e-5F,
                                       2049.0F, 2051.0F, -0.0F, 2.9802322e-8F, 2.9802326e-8F});
    const std::vector<std::uint16_t> expected{0x3C00, 0xC000, 0x7BFF, 0x7BFF, 0x7C00, 0x0000, 0x0001,
                                              0x0400, 0x6800, 0x6802, 0x8000, 0x0000, 0x0001};
    CHECK(cast_row<std::uint16_t>(from, FloatType::float32, FloatType::float16) == expected);
}

TEST_CASE("float32 to bfloat16 rounds to even") {
    const auto from = bytes_of<std::uint32_t>({0x3F800000, 0x3F808000, 0x3F818000, 0x3F808001, 0x7F7FFFFF, 0xFF800000});
    const std::vector<std::uint16_t> expected{0x3F80, 0x3F80, 0x3F82, 0x3F81, 0x7F80, 0xFF80};
    CHECK(cast_row<std::uint16_t>(from, FloatType::float32, FloatType::bfloat16) == expected);
}

TEST_CASE("what is no number stays none") {
    const auto from = bytes_of<float>({std::numeric_limits<float>::quiet_NaN()});
    CHECK(cast_row<std::uint16_t>(from, FloatType::float32, FloatType::float16).front() == 0x7E00);
    CHECK(cast_row<std::uint16_t>(from, FloatType::float32, FloatType::bfloat16).front() == 0x7FC0);
    const auto bytes = bytes_of<std::uint8_t>({0x7F, 0xFF});
    CHECK(std::isnan(cast_row<float>(bytes, FloatType::float8_e4m3fn, FloatType::float32).front()));
}

TEST_CASE("float16 and float64 become float32") {
    const auto halves = bytes_of<std::uint16_t>({0x3C00, 0x0001, 0x83FF, 0x7C00, 0x7BFF});
    const std::vector<float> expected{1.0F, 5.9604645e-8F, -6.0975552e-5F, INFINITY, 65504.0F};
    CHECK(cast_row<float>(halves, FloatType::float16, FloatType::float32) == expected);
    const auto doubles = bytes_of<double>({1.0 / 3, 1e300, -1e-300});
    CHECK(cast_row<float>(doubles, FloatType::float64, FloatType::float32) ==
          std::vector<float>{1.0F / 3, INFINITY, -0.0F});
}

TEST_CASE("eight-bit floats") {
    const auto bytes = bytes_of<std::uint8_t>({0x01, 0x38, 0x7E, 0xB8});
    CHECK(cast_row<float>(bytes, FloatType::float8_e4m3fn, FloatType::float32) ==
          std::vector<float>{0.001953125F, 1.0F, 448.0F, -1.0F});
    CHECK(cast_row<float>(bytes, FloatType::float8_e4m3fnuz, FloatType::float32) ==
          std::vector<float>{0.0009765625F, 0.5F, 224.0F, -0.5F});
    CHECK(cast_row<float>(bytes, FloatType::float8_e5m2fnuz, FloatType::float32) ==
          std::vector<float>{7.62939453125e-06F, 0.25F, 49152.0F, -0.25F});
    const auto ends = bytes_of<std::uint8_t>({0x7B, 0x7C, 0xFC});
    CHECK(cast_row<float>(ends, FloatType::float8_e5m2, FloatType::float32) ==
          std::vector<float>{57344.0F, INFINITY, -INFINITY});
}

TEST_CASE("strides are followed, and the same type keeps its bits") {
    const auto storage = bytes_of<std::uint16_t>({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
    std::vector<std::uint8_t> out(8);
    // Of a 4 x 3 matrix: columns 1 and 2 of rows 1 and 2, transposed.
    const FloatMatrix matrix{storage, FloatType::float16, 4, 2, 2, 1, 3};
    REQUIRE(cast_floats(matrix, FloatType::float16, out) == Errc::ok);
    CHECK(out == bytes_of<std::uint16_t>({4, 7, 5, 8}));
    const FloatMatrix repeated{storage, FloatType::float16, 2, 2, 2, 0, 1};
    REQUIRE(cast_floats(repeated, FloatType::float16, out) == Errc::ok);
    CHECK(out == bytes_of<std::uint16_t>({2, 3, 2, 3}));
}

TEST_CASE("what lies outside of the storage is not read") {
    const std::vector<std::uint8_t> storage(24);
    std::vector<std::uint8_t> out(24);
    constexpr std::size_t kHuge = std::numeric_limits<std::size_t>::max();
    const auto code = [&](FloatMatrix matrix) {
        matrix.storage = storage;
        return cast_floats(matrix, FloatType::float32, out);
    };
    CHECK(code({{}, FloatType::float32, 0, 2, 3, 3, 1}) == Errc::ok);
    CHECK(code({{}, FloatType::float32, 1, 2, 3, 3, 1}) == Errc::out_of_range);
    CHECK(code({{}, FloatType::float32, 0, 2, 3, 4, 1}) == Errc::out_of_range);
    CHECK(code({{}, FloatType::float32, 0, 2, 3, 3, 2}) == Errc::out_of_range);
    CHECK(code({{}, FloatType::float32, kHuge, 2, 3, 3, 1}) == Errc::out_of_range);
    CHECK(code({{}, FloatType::float32, 0, 2, 3, kHuge, 1}) == Errc::out_of_range);
    CHECK(code({{}, FloatType::float32, 0, kHuge, kHuge, 0, 0}) == Errc::out_of_range);
    CHECK(code({{}, FloatType::float64, 0, 2, 3, 3, 1}) == Errc::out_of_range);
    CHECK(code({{}, FloatType::float32, 0, 1, 3, 3, 1}) == Errc::out_of_range);  // `out` is for more
    const FloatMatrix matrix{storage, FloatType::float32, 0, 2, 3, 3, 1};
    CHECK(cast_floats(matrix, FloatType::float64, out) == Errc::wrong_type);
    std::vector<std::uint8_t> nothing;
    CHECK(cast_floats({storage, FloatType::float32, kHuge, 0, 3, 3, 1}, FloatType::float32, nothing) == Errc::ok);
}
