// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include "stop_matcher.hpp"

using fastfront::StopMatcher;

TEST_CASE("a stop string that ends in the new text is found") {
    const StopMatcher matcher({"END"});
    const auto match = matcher.find("some END", 5);
    REQUIRE(match);
    CHECK(match->begin == 5);
    CHECK(match->end == 8);
}

TEST_CASE("a stop string that begins in old text and ends in new text is found") {
    const StopMatcher matcher({"END"});
    const auto match = matcher.find("some END", 7);
    REQUIRE(match);
    CHECK(match->begin == 5);
}

TEST_CASE("a stop string that was complete before the new text is not found again") {
    const StopMatcher matcher({"END"});
    CHECK_FALSE(matcher.find("some END and", 8));
}

TEST_CASE("the stop string that completes first wins, whatever the list's order") {
    const StopMatcher matcher({"long one", "on"});
    const auto match = matcher.find("a long one", 0);
    REQUIRE(match);
    CHECK(matcher.stop(match->index) == "on");
}

TEST_CASE("of two that complete together the first in the list wins") {
    const StopMatcher matcher({"bc", "abc"});
    const auto match = matcher.find("abc", 0);
    REQUIRE(match);
    CHECK(match->index == 0);
}

TEST_CASE("hold-back counts characters, context counts bytes") {
    const StopMatcher matcher({"结束了", "ab"});
    CHECK(matcher.hold_back_chars() == 2);
    CHECK(matcher.context_bytes() == 8);
}

TEST_CASE("no text and no stop strings match nothing") {
    CHECK_FALSE(StopMatcher({"a"}).find("", 0));
    CHECK_FALSE(StopMatcher({"a"}).find("a", 1));
    CHECK_FALSE(StopMatcher().find("a", 0));
}
