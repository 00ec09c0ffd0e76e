// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "msgpack_json.hpp"
#include "wire.hpp"

using namespace fastfront;

namespace {

std::string json(const std::string& msgpack) {
    std::string out = "before ";
    if (!append_msgpack_as_json(out, wire::span(msgpack))) {
        return out + "refused";
    }
    return out.substr(7);
}

}  // namespace

TEST_CASE("values are printed as json.dumps prints them") {
    CHECK(json(wire::map(2) + wire::text("a\"b") + wire::array(3) + wire::number(1) + "\xff" + wire::nils(1) +
               wire::text("é") + wire::real(1e-5)) == R"({"a\"b":[1,-1,null],"é":1e-05})");
    CHECK(json("\xc3") == "true");
    CHECK(json("\xc2") == "false");
    CHECK(json("\xcf" + wire::big_endian(~std::uint64_t{0}, 8)) == "18446744073709551615");
    CHECK(json("\x81" + wire::number(5) + wire::real(2)) == R"({"5":2.0})");
    CHECK(json("\x80") == "{}");
    CHECK(json(std::string("\xc4\1x", 3)) == "null");  // bytes are no JSON
}

TEST_CASE("text that is no UTF-8 becomes text") {
    CHECK(json("\xa2"
               "a\xff") == "\"a\xEF\xBF\xBD\"");
}

TEST_CASE("what is no value, ends early or goes on is refused, and nothing is appended") {
    CHECK(json("") == "before refused");
    CHECK(json("\x92\x01") == "before refused");
    CHECK(json("\x01\x02") == "before refused");
    CHECK(json("\x81\x90\x01") == "before refused");  // a list is no key
    CHECK(json(std::string(64, '\x91') + "\x01") != "before refused");
    CHECK(json(std::string(100'000, '\x91') + "\x01") == "before refused");
}
