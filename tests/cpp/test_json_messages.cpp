// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <cstddef>
#include <random>
#include <string>
#include <string_view>

#include "json_messages.hpp"

using fastfront::find_messages;
using fastfront::find_next_object;
using fastfront::find_object_end;
using fastfront::kNowhere;

namespace {

/// The slow obvious version of find_object_end: a character at a time.
std::size_t reference_end(std::string_view json, std::size_t at) {
    if (at >= json.size() || json[at] != '{') {
        return kNowhere;
    }
    int depth = 0;
    bool in_string = false;
    for (; at < json.size(); ++at) {
        const char c = json[at];
        if (in_string) {
            if (c == '\\') {
                ++at;
            } else if (c == '"') {
                in_string = false;
            }
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{') {
            ++depth;
        } else if (c == '}' && --depth == 0) {
            return at + 1;
        }
    }
    return kNowhere;
}

}  // namespace

TEST_CASE("the messages' place is that of their first object") {
    CHECK(find_messages(R"({"messages": [{"role")", 100) == 14);
    CHECK(find_messages("{\"n\":1 , \"messages\" :\n[\t{}", 100) == 24);
    CHECK(find_messages(R"({"user": "messages", "messages":[{}]})", 100) == 33);
}

TEST_CASE("what does not look like messages is nowhere") {
    for (const std::string_view json :
         {"", "{}", R"({"messages)", R"({"messages")", R"({"messages":)", R"({"messages":[)", R"({"messages":[]})",
          R"({"messages":["{"]})", R"({"messages":"[{"})", R"({"Messages":[{}]})"}) {
        CHECK(find_messages(json, 100) == kNowhere);
    }
}

TEST_CASE("messages that begin behind the limit are nowhere") {
    const std::string_view json = R"({"messages":[{}]})";
    CHECK(find_messages(json, 14) == 13);
    CHECK(find_messages(json, 13) == kNowhere);
}

TEST_CASE("an object ends with its own brace") {
    CHECK(find_object_end("{}", 0) == 2);
    CHECK(find_object_end("x{\"a\":{\"b\":1}},", 1) == 14);
    CHECK(find_object_end(R"({"a":"}\"}\\"} )", 0) == 14);
    CHECK(find_object_end("[]", 0) == kNowhere);
    CHECK(find_object_end("{}", 2) == kNowhere);
}

TEST_CASE("the next object is behind one comma") {
    CHECK(find_next_object("{},{}", 2) == 3);
    CHECK(find_next_object("{} ,\n {}", 2) == 6);
    for (const std::string_view json : {"{}", "{}]", "{},", "{},,{}", "{}, 1", "{} {}"}) {
        CHECK(find_next_object(json, 2) == kNowhere);
    }
}

TEST_CASE("random texts of few characters, against one character at a time") {
    std::mt19937 random(11);
    for (int round = 0; round < 20000; ++round) {
        std::string json = "{";
        for (std::size_t n = random() % 200; n > 0; --n) {
            // Mostly letters, so that the block-wise search is seen at work.
            json.push_back(random() % 8 != 0 ? 'x' : "{}\"\"\\"[random() % 5]);
        }
        CHECK(find_object_end(json, 0) == reference_end(json, 0));
    }
}
