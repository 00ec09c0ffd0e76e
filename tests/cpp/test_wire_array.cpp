// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "rows.hpp"
#include "wire.hpp"
#include "wire_array.hpp"

using namespace fastfront;

namespace {

WireArray read(const std::string& bytes, Errc expected, AuxFrames aux = {}) {
    MsgpackReader reader(wire::span(bytes));
    const WireArray array = read_wire_array(reader, aux);
    CHECK(reader.error() == expected);
    return array;
}

}  // namespace

TEST_CASE("an inline array of each type is read element by element") {
    const std::string bytes = rows::array_of<std::int32_t>("<i4", {2, 2}, {1, -1, 70000, 4});
    const auto ids = read(bytes, Errc::ok);
    CHECK(ids.dimensions == 2);
    CHECK(ids.shape[0] == 2);
    CHECK(ids.integer(1) == -1);
    CHECK(ids.integer(2) == 70000);
    CHECK(read(rows::array_of<std::int64_t>("int64", {1}, {std::int64_t{1} << 40}), Errc::ok).integer(0) ==
          std::int64_t{1} << 40);
    CHECK(read(rows::array_of<float>("float32", {1}, {-0.5F}), Errc::ok).real(0) == -0.5);
    CHECK(read(rows::array_of<double>("<f8", {1}, {-0.1}), Errc::ok).real(0) == -0.1);
}

TEST_CASE("an array may lie in an auxiliary frame") {
    const std::string frame("\1\0\0\0\2\0\0\0", 8);
    const std::vector<std::span<const std::uint8_t>> aux{wire::span(frame)};
    const std::string head = wire::array(3) + wire::text("<i4") + wire::array(1) + wire::number(2);
    CHECK(read(head + wire::number(1), Errc::ok, aux).integer(1) == 2);
    CHECK(read(head + wire::number(0), Errc::out_of_range, aux).empty());
    CHECK(read(head + wire::number(2), Errc::out_of_range, aux).empty());
    CHECK(read(head + wire::number(1), Errc::out_of_range).empty());
}

TEST_CASE("an array whose bytes are not what its shape says is refused") {
    const auto with_shape = [](const std::string& shape) {
        return wire::array(3) + wire::text("<i4") + shape + rows::extension(std::string(8, '\0'));
    };
    CHECK_FALSE(read(with_shape(wire::array(1) + wire::number(2)), Errc::ok).empty());
    CHECK(read(with_shape(wire::array(1) + wire::number(3)), Errc::truncated).empty());
    CHECK(read(with_shape(wire::array(1) + wire::number(1)), Errc::truncated).empty());
    CHECK(read(with_shape(wire::array(0)), Errc::wrong_type).empty());
    CHECK(read(with_shape(wire::array(1) + "\xff"), Errc::out_of_range).empty());
    const std::string huge = "\xcf" + wire::big_endian(std::uint64_t{1} << 47, 8);
    CHECK(read(with_shape(wire::array(3) + huge + huge + huge), Errc::out_of_range).empty());
    const std::string zero_after_huge = wire::array(3) + huge + wire::number(0) + huge;
    CHECK(read(with_shape(zero_after_huge), Errc::out_of_range).empty());
}

TEST_CASE("a type that there is not, or an extension of another kind, is refused") {
    CHECK(read(rows::array_of<std::int32_t>(">i4", {1}, {1}), Errc::wrong_type).empty());
    const std::string other = wire::array(3) + wire::text("<i4") + wire::array(1) + wire::number(1) +
                              std::string("\xc7\4\1", 3) + std::string(4, '\0');
    CHECK(read(other, Errc::wrong_type).empty());
    CHECK(read(wire::nils(1), Errc::wrong_type).empty());
}

TEST_CASE("no cut of an array is read beyond its end") {
    const std::string whole = rows::array_of<std::int32_t>("<i4", {2, 2}, {1, 2, 3, 4});
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        MsgpackReader reader(cut);
        CHECK(read_wire_array(reader, {}).empty());
        CHECK_FALSE(reader.ok());
    }
}
