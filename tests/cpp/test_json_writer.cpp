// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <limits>

#include "json_writer.hpp"

namespace {

std::string escaped(std::string_view text) {
    std::string out;
    fastfront::append_json_string(out, text);
    return out;
}

}  // namespace

TEST_CASE("the two-character escapes are used where JSON has them") {
    CHECK(escaped("\b\f\n\r\t\"\\") == R"("\b\f\n\r\t\"\\")");
}

TEST_CASE("other control characters become lower-case \\u00xx") {
    CHECK(escaped(std::string_view("\0\x01\x1f", 3)) == R"("\u0000\u0001\u001f")");
}

TEST_CASE("everything else stays as it is") { CHECK(escaped("a/b\x7f é 中 😀") == "\"a/b\x7f é 中 😀\""); }

TEST_CASE("escapes at the ends and in a row lose nothing") {
    CHECK(escaped("\"\"x\n") == R"("\"\"x\n")");
    CHECK(escaped("") == R"("")");
}

TEST_CASE("integers are written to their limits") {
    std::string out;
    fastfront::append_json_int(out, std::numeric_limits<std::int64_t>::min());
    out.push_back(' ');
    fastfront::append_json_int(out, std::numeric_limits<std::uint64_t>::max());
    CHECK(out == "-9223372036854775808 18446744073709551615");
}
