// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>
#include <vector>

#include "msgpack_reader.hpp"

using fastfront::Errc;
using fastfront::MsgpackReader;
using Bytes = std::vector<std::uint8_t>;

TEST_CASE("integers of every width and sign are read") {
    struct Case {
        Bytes bytes;
        std::int64_t value;
    };
    const Case cases[] = {
        {{0x00}, 0},
        {{0x7f}, 127},
        {{0xff}, -1},
        {{0xe0}, -32},
        {{0xcc, 0xff}, 255},
        {{0xcd, 0x01, 0x00}, 256},
        {{0xce, 0xff, 0xff, 0xff, 0xff}, 4294967295},
        {{0xcf, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, std::numeric_limits<std::int64_t>::max()},
        {{0xd0, 0x80}, -128},
        {{0xd1, 0x80, 0x00}, -32768},
        {{0xd2, 0x80, 0x00, 0x00, 0x00}, -2147483648LL},
        {{0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0}, std::numeric_limits<std::int64_t>::min()},
    };
    for (const Case& c : cases) {
        MsgpackReader reader(c.bytes);
        CHECK(reader.read_int() == c.value);
        CHECK(reader.ok());
        CHECK(reader.at_end());
    }
}

TEST_CASE("an unsigned integer above int64 is out of range") {
    const Bytes bytes{0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    MsgpackReader reader(bytes);
    CHECK(reader.read_int() == 0);
    CHECK(reader.error() == Errc::out_of_range);
}

TEST_CASE("token ids take the fast path and the slow one alike") {
    const Bytes bytes{0x05, 0xcc, 0xc8, 0xcd, 0x12, 0x34, 0xce, 0x00, 0x02, 0x51, 0x2d};
    MsgpackReader reader(bytes);
    CHECK(reader.read_token_id() == 5);
    CHECK(reader.read_token_id() == 200);
    CHECK(reader.read_token_id() == 0x1234);
    CHECK(reader.read_token_id() == 151853);
    CHECK(reader.at_end());
}

TEST_CASE("a negative token id is out of range") {
    const Bytes bytes{0xff};
    MsgpackReader reader(bytes);
    CHECK(reader.read_token_id() == 0);
    CHECK(reader.error() == Errc::out_of_range);
}

TEST_CASE("a value that ends too early is an error at every cut") {
    const Bytes whole{0x94, 0xcd, 0x01, 0x02, 0xa3, 'a', 'b', 'c', 0xcb, 0, 0, 0, 0, 0, 0, 0, 0, 0x81, 0xa1, 'k', 0xc0};
    for (std::size_t size = 0; size <= whole.size(); ++size) {
        const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        MsgpackReader skipping(cut);
        skipping.skip();
        CHECK(skipping.ok() == (size == whole.size()));

        MsgpackReader reading(cut);
        reading.read_array();
        reading.read_token_id();
        reading.read_string();
        reading.read_double();
        reading.read_map();
        reading.read_string();
        CHECK((reading.try_nil() && reading.ok()) == (size == whole.size()));
    }
}

TEST_CASE("errors stick and later reads change nothing") {
    const Bytes bytes{0xa1, 'x', 0x01};
    MsgpackReader reader(bytes);
    reader.read_int();
    CHECK(reader.error() == Errc::wrong_type);
    CHECK(reader.read_string().empty());
    CHECK(reader.read_token_id() == 0);
    CHECK_FALSE(reader.try_nil());
    CHECK(reader.error() == Errc::wrong_type);
    CHECK(reader.position() == 0);
}

TEST_CASE("an array that claims more elements than there are bytes is refused at once") {
    const Bytes bytes{0xdd, 0xff, 0xff, 0xff, 0xff};
    MsgpackReader reader(bytes);
    CHECK(reader.read_array() == 0);
    CHECK(reader.error() == Errc::truncated);
    MsgpackReader skipping(bytes);
    skipping.skip();
    CHECK(skipping.error() == Errc::truncated);
}

TEST_CASE("deep nesting is skipped without recursion") {
    Bytes bytes(1'000'000, 0x91);
    bytes.push_back(0xc0);
    MsgpackReader reader(bytes);
    reader.skip();
    CHECK(reader.ok());
    CHECK(reader.at_end());
}

TEST_CASE("every type is skipped") {
    const Bytes bytes{0xc4, 1, 9,    0xc7, 2,    3, 1,   2,    0xd4, 1, 2,    0xd8, 1,    0,    0, 0,
                      0,    0, 0,    0,    0,    0, 0,   0,    0,    0, 0,    0,    0,    0xca, 0, 0,
                      0,    0, 0xc2, 0xc3, 0xd9, 1, 'a', 0xde, 0,    1, 0x01, 0x02, 0xdc, 0,    1, 0x07};
    MsgpackReader reader(bytes);
    for (int i = 0; i < 10; ++i) {
        reader.skip();
    }
    CHECK(reader.ok());
    CHECK(reader.at_end());
}

TEST_CASE("the byte that msgpack never uses is an error") {
    const Bytes bytes{0xc1};
    MsgpackReader reader(bytes);
    reader.skip();
    CHECK(reader.error() == Errc::wrong_type);
}
