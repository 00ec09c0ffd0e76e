// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "parsers/py_text.hpp"

using namespace fastfront;

namespace {

std::string added(TrailingSpace& space, std::string_view text) {
    std::string out;
    space.add(text, [&out](std::string_view known) { out += known; });
    return out;
}

}  // namespace

TEST_CASE("white space is what Python strips") {
    CHECK(trailing_space("a \t\n\x1C") == 4);
    CHECK(trailing_space("a\xE3\x80\x80\xC2\xA0") == 5);
    CHECK(trailing_space("a\xE2\x80\x8B") == 0);  // a zero-width space is none
    CHECK(leading_space(" \xE2\x80\x83x ") == 4);
    CHECK(leading_space("") == 0);
}

TEST_CASE("white space waits for text behind it") {
    TrailingSpace space;
    CHECK(added(space, "a \n") == "a");
    CHECK(added(space, " ") == "");
    CHECK(space.held() == " \n ");
    CHECK(added(space, "b") == " \n b");
    CHECK(space.held().empty());
}

TEST_CASE("of a long run only the end waits, whole characters of it") {
    TrailingSpace space;
    std::string run;
    for (std::size_t i = 0; i < TrailingSpace::kMost; ++i) run += "\xE3\x80\x80";
    const std::string out = added(space, run);
    CHECK(out.size() % 3 == 0);
    CHECK(out.size() + space.held().size() == run.size());
    CHECK(space.held().size() <= TrailingSpace::kMost);
}
