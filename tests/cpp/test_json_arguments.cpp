// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <string>

#include "parsers/json_arguments.hpp"
#include "parsers/nested_tags.hpp"

using namespace fastfront;

namespace {

Tool tool() {
    Tool made{.name = "f", .parameters = {}};
    made.parameters.properties = {{"s", {json_type::kString, {}, {}}}, {"i", {json_type::kInteger, {}, {}}}};
    return made;
}

/// What goes out of the text, in pieces of `size` bytes; behind "|" what is behind the object.
std::string read(std::string_view text, const Tool* tool, std::size_t size) {
    JsonArguments arguments;
    Pieces pieces;
    std::string rest;
    arguments.begin(0, tool);
    for (std::size_t at = 0; at < text.size(); at += size) {
        const std::string_view part = text.substr(at, size);
        rest.append(part.substr(arguments.feed(part, pieces)));
    }
    arguments.end(pieces);
    std::string out;
    for (const OutputPiece& piece : pieces.all()) out.append(pieces.text(piece));
    return out + "|" + rest;
}

}  // namespace

TEST_CASE("arguments as the schema says stay as they are written") {
    const Tool made = tool();
    for (std::size_t size = 1; size < 9; ++size) {
        CHECK(read(R"( {"s":"a}\"","i" : 5 ,"x":{"y":[1,2]}} tail)", &made, size) ==
              R"({"s":"a}\"","i" : 5 ,"x":{"y":[1,2]}}| tail)");
        CHECK(read("", &made, size) == "{}|");
        CHECK(read("{}", &made, size) == "{}|");
        CHECK(read("no JSON \n", &made, size) == "no JSON|");
    }
}

TEST_CASE("values of another type are replaced") {
    const Tool made = tool();
    for (std::size_t size = 1; size < 9; ++size) {
        CHECK(read(R"({"s": 5, "i": "7", "x": "8"})", &made, size) == R"({"s": "5", "i": 7, "x": "8"}|)");
        CHECK(read(R"({"s": 5, "i": "7"})", nullptr, size) == R"({"s": 5, "i": "7"}|)");
        CHECK(read(R"({"s": {"a")", &made, size) == R"({"s": {"a"|)");
    }
}

TEST_CASE("nested elements become objects and lists") {
    const std::string m = "]<]minimax[>[";
    std::size_t rest = 0;
    const std::string body =
        "\n" + m + "<a>1" + m + "</a>" + m + "<a>2" + m + "</a>" + m + "<b>" + m + "<c>x" + m + "</c>" + m + "</b>";
    CHECK(read_nested_tags(body, nullptr, rest) == R"({"a": ["1", "2"], "b": {"c": "x"}})");
    CHECK(rest == body.size());
    CHECK(read_nested_tags(body + " junk", nullptr, rest) == R"({"a": ["1", "2"], "b": {"c": "x"}})");
    CHECK(rest == body.size() + 1);
    std::string deep;
    for (int i = 0; i < 100000; ++i) deep += m + "<a>";
    CHECK(read_nested_tags(deep, nullptr, rest) == "{}");
    CHECK(rest == 0);
}
