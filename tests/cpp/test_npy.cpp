// SPDX-License-Identifier: Apache-2.0
// The expected texts are vLLM's numpy2base64 (numpy 2) of the same arrays.
#include <doctest/doctest.h>

#include "npy.hpp"
#include "rows.hpp"

using namespace fastfront;

namespace {

struct Array {
    std::string bytes;
    WireArray array;

    explicit Array(std::string made) : bytes(std::move(made)) {
        MsgpackReader reader(wire::span(bytes));
        array = read_wire_array(reader, {});
        REQUIRE(reader.ok());
    }
};

}  // namespace

TEST_CASE("chunks become one .npy file in base64") {
    const Array first(rows::array_of<std::uint8_t>("|u1", {2, 1, 2}, {1, 2, 3, 4}));
    const Array second(rows::array_of<std::uint8_t>("|u1", {2, 1, 2}, {5, 6, 7, 8}));
    const Array other(rows::array_of<std::int32_t>("<i4", {1, 1, 2}, {5, 6}));
    NpyChunks chunks;
    CHECK(chunks.empty());
    chunks.push(first.array, 2);
    chunks.push(other.array, 1);  // of another type: left out
    chunks.push(second.array, 1);
    std::string out;
    chunks.write(out);
    CHECK(out ==
          "k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDMsIDEsID"
          "IpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoBAgMEBQY=");
}
