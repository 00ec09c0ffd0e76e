// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "parsers/marker_scanner.hpp"

using fastfront::MarkerScanner;
using What = MarkerScanner::What;

namespace {

MarkerScanner scanner() {
    MarkerScanner made;
    made.add("<a>");
    made.add("<a>b");
    made.add("[x]");
    return made;
}

}  // namespace

TEST_CASE("the leftmost marker is found") {
    const auto found = scanner().find("1 [x] <a>c", 0, 7, false);
    CHECK(found.what == What::marker);
    CHECK(found.begin == 2);
    CHECK(found.size == 3);
    CHECK(found.index == 2);
}

TEST_CASE("of two at one place the longest is found") {
    CHECK(scanner().find("<a>b", 0, 7, false).index == 1);
    CHECK(scanner().find("<a>c", 0, 7, false).index == 0);
}

TEST_CASE("what may become a longer marker is waited for, unless nothing follows") {
    CHECK(scanner().find("1<a>", 0, 7, false).what == What::maybe);
    CHECK(scanner().find("1<a>", 0, 7, true).what == What::marker);
    CHECK(scanner().find("1<a", 0, 7, false).begin == 1);
    CHECK(scanner().find("1<a", 0, 7, true).what == What::nothing);
}

TEST_CASE("only active markers count") {
    CHECK(scanner().find("<a>b [x]", 0, 4, false).index == 2);
    CHECK(scanner().find("<a>b", 0, 0, false).what == What::nothing);
    CHECK(scanner().find("<", 0, 4, false).what == What::nothing);
}

TEST_CASE("a beginning that breaks off hides no marker behind it") {
    const auto found = scanner().find("<<a<a>-", 0, 7, false);
    CHECK(found.what == What::marker);
    CHECK(found.begin == 3);
}
