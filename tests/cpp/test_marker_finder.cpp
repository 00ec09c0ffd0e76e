// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "parsers/marker_finder.hpp"

using fastfront::FoundMarker;
using fastfront::Marker;
using fastfront::MarkerFinder;

namespace {

constexpr Marker kMarkers[] = {{"```"}, {"```json"}, {"<call>"}};

bool finds(std::string_view text, std::size_t begin, std::size_t index) {
    const FoundMarker found = MarkerFinder(kMarkers).find(text);
    return found.begin == begin && found.index == index;
}

}  // namespace

TEST_CASE("the first marker is found") {
    CHECK(finds("a<call>```.", 1, 2));
    CHECK(finds("a < b <call>", 6, 2));
}

TEST_CASE("the longer of two markers counts, and is waited for") {
    CHECK(finds("```json", 0, 1));
    CHECK(finds("```js", 0, FoundMarker::kNone));
    CHECK(finds("```jx", 0, 0));
}

TEST_CASE("what may become a marker is told") { CHECK(finds("a<cal", 1, FoundMarker::kNone)); }

TEST_CASE("text without any ends the search") {
    CHECK(finds("a < b", 5, FoundMarker::kNone));
    CHECK(finds("", 0, FoundMarker::kNone));
}
