// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <string_view>

#include "driven_parser.hpp"
#include "parsers/response_template.hpp"
#include "parsers/template_parser.hpp"

using namespace fastfront;

namespace {

std::shared_ptr<const ResponseTemplate> compiled(std::string_view json) {
    std::string error;
    auto source = ResponseTemplate::compile(json, error);
    INFO(error);
    REQUIRE(source != nullptr);
    return source;
}

std::string refused(std::string_view json) {
    std::string error;
    CHECK(ResponseTemplate::compile(json, error) == nullptr);
    return error;
}

/// A template whose calls are the numbers in `[...]`.
std::shared_ptr<const ResponseTemplate> plain() {
    return compiled(R"({"fields": {"thinking": {"open": "<think>", "close": "</think>"}, "content": {},
        "tool_calls": {"open": "[", "close": "]", "content": "int",
                       "transform": {"function": {"name": "f", "arguments": "{content}"}}}}})");
}

}  // namespace

TEST_CASE("text goes out as soon as it can be no markup") {
    TemplateParser parser(plain(), "", true, true, nullptr);
    CHECK(pushed(parser, "Hi <") == "Hi ");
    CHECK(pushed(parser, "b> <thi") == "<b> ");
    CHECK(pushed(parser, "nk>Hm") == "[Hm]");
    CHECK(pushed(parser, "</think>") == "");
    CHECK(pushed(parser, "So.") == "So.");
    CHECK(finished(parser) == "");
}

TEST_CASE("what the prompt has opened goes on, and is not repeated") {
    TemplateParser parser(plain(), "<think>Hm", true, true, nullptr);
    CHECK(pushed(parser, ".</think>So") == "[.]So");
    TemplateParser half(plain(), "x <thi", true, true, nullptr);
    CHECK(pushed(half, "nk>Hm") == "[Hm]");
    TemplateParser none(plain(), "x <thi", true, true, nullptr);
    CHECK(pushed(none, "s") == "s");
}

TEST_CASE("an answer that never came is nothing") {
    TemplateParser parser(plain(), "x <thi", true, true, nullptr);
    CHECK(finished(parser) == "");
}

TEST_CASE("a region that is not as the template says is content") {
    TemplateParser parser(plain(), "", true, true, nullptr);
    CHECK(pushed(parser, "a[x]b") == "a[x]b");
    CHECK(pushed(parser, "[1") == "");
    TemplateParser unread(plain(), "", false, false, nullptr);
    CHECK(pushed(unread, "<think>a</think>[1]") == "a[1]");
}

TEST_CASE("boundaries without text end") {
    const auto source =
        compiled(R"({"fields": {"thinking": {"open_pattern": "a*", "close_pattern": "b*"}, "content": {}}})");
    TemplateParser parser(source, "", true, true, nullptr);
    std::string all = pushed(parser, "xyaz");
    all += finished(parser);
    CHECK(all.find('z') != std::string::npos);
}

TEST_CASE("templates that are none are refused with the reason") {
    CHECK(refused("{") == "it is no JSON");
    CHECK(refused("{}") == "no fields");
    CHECK(
        refused(R"x({"fields": {"content": {"open_pattern": "(?<=a)"}}})x").starts_with("the open_pattern '(?<=a)': "));
    CHECK(refused(R"({"fields": {"tool_calls": {"content": "yaml"}}})") == "there is no content parser yaml");
    CHECK(refused(R"({"fields": {"tool_calls": {"content": "xml-inline"}}})") == "xml-inline without a tag_pattern");
    CHECK(refused(R"({"fields": {"tool_calls": {"content": "kv-lines", "content_args": {"kv_sep": ""}}}})") ==
          "an empty separator");
    CHECK(refused(R"({"fields": {"tool_calls": {"content": "json", "content_args": {"string_delims": [["a"]]}}}})") ==
          "string_delims that are no pairs of texts");
}
